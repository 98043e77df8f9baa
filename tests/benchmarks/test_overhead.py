"""What the harness adds to what it measures: side by side, slice by slice."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tierbench.harness.pairing import compare_paired

ROUNDS = 60
WARM_UP_ROUNDS = 4
PROCESSES = 3


def chain(folder: Path, layers: int, width: int) -> Path:
    """Write a chain of dense layers: its time grows with layers times width squared."""
    from onnx import TensorProto, helper, numpy_helper, save

    weights = np.random.default_rng(0).normal(0, 0.05, (width, width))
    nodes, name = [], "input"
    for layer in range(layers):
        nodes.append(helper.make_node("MatMul", [name, "w"], [f"m{layer}"]))
        nodes.append(helper.make_node("Relu", [f"m{layer}"], [f"r{layer}"]))
        name = f"r{layer}"
    ends = [
        helper.make_tensor_value_info(end, TensorProto.FLOAT, [1, width])
        for end in ("input", name)
    ]
    stored = numpy_helper.from_array(weights.astype(np.float32), "w")
    graph = helper.make_graph(nodes, "chain", ends[:1], ends[1:], [stored])
    opset = [helper.make_opsetid("", 17)]
    path = folder / f"chain-{layers}-{width}.onnx"
    save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)
    return path


@pytest.mark.parametrize(
    ("layers", "width", "limit"), [(12, 256, 1.03), (26, 512, 1.01), (48, 512, 1.01)]
)
def test_harness_against_a_plain_loop(
    tmp_path: Path, layers: int, width: int, limit: float
) -> None:
    model = chain(tmp_path, layers, width)
    script = Path(__file__).parent / "side_by_side.py"
    medians: dict[str, list[float]] = {"plain": [], "harness": []}
    for seed in range(PROCESSES):
        command = [sys.executable, script, model, ROUNDS, seed]
        told = subprocess.run(
            list(map(str, command)), check=True, capture_output=True, text=True
        )
        for name, values in json.loads(told.stdout).items():
            medians[name] += values[WARM_UP_ROUNDS:]
    found = compare_paired(np.array(medians["plain"]), np.array(medians["harness"]))
    assert found.ratio is not None
    assert found.interval is not None
    print(
        f"\nharness / plain loop at {np.median(medians['plain']) / 1e3:.0f} us: "
        f"{found.ratio:.4f} [{found.interval.low:.4f}, {found.interval.high:.4f}], "
        f"limit {limit}"
    )
    assert found.ratio <= limit
