"""What the harness adds to what it measures: side by side, slice by slice."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from tierbench.harness.data import synthetic
from tierbench.harness.pairing import compare_paired
from tierbench.harness.values import BlockKind
from tierbench.harness.worker import Limits, Stretch, SubprocessWorker
from tierbench.targets.host_onnxruntime import HostOnnxruntime

ROUNDS = 80
PROCESSES = 3
SLICE = Stretch(
    kind=BlockKind.SLICE, calls_min=20, calls_max=10_000, duration_ns=50_000_000
)


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


class Plain:
    """The plain loop in a process of its own."""

    def __init__(self, model: Path) -> None:
        script = Path(__file__).parent / "plain_loop.py"
        self.child = subprocess.Popen(
            [sys.executable, script, model],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def median_ns(self) -> float:
        assert self.child.stdin is not None
        assert self.child.stdout is not None
        self.child.stdin.write("\n")
        self.child.stdin.flush()
        return float(np.median(json.loads(self.child.stdout.readline())))

    def close(self) -> None:
        with self.child as child:
            child.kill()


class Harness:
    """A worker of the harness."""

    def __init__(self, model: Path) -> None:
        target = HostOnnxruntime()
        self.worker = SubprocessWorker(
            modules=target.device_modules,
            artifact=model,
            options=target.settings,
            batch=1,
            limits=Limits(),
        )
        self.worker.bind(synthetic(self.worker.open().inputs, 1, 0))

    def median_ns(self) -> float:
        return float(np.median(self.worker.block(SLICE).latency_ns))

    def close(self) -> None:
        self.worker.close()


@pytest.mark.parametrize(
    ("layers", "width", "limit"), [(6, 160, 1.03), (12, 384, 1.01), (48, 512, 1.01)]
)
def test_harness_against_a_plain_loop(
    tmp_path: Path, layers: int, width: int, limit: float
) -> None:
    model = chain(tmp_path, layers, width)
    sides = {
        "plain": [Plain(model) for _ in range(PROCESSES)],
        "harness": [Harness(model) for _ in range(PROCESSES)],
    }
    medians: dict[str, list[float]] = {"plain": [], "harness": []}
    chance = random.Random(0)
    with ExitStack() as stack:
        for side in (*sides["plain"], *sides["harness"]):
            stack.callback(side.close)
        for turn in range(ROUNDS):
            for name in chance.sample(sorted(sides), 2):
                medians[name].append(sides[name][turn % PROCESSES].median_ns())
    found = compare_paired(
        np.array(medians["plain"][6:]), np.array(medians["harness"][6:])
    )
    assert found.ratio is not None
    assert found.interval is not None
    print(
        f"\nharness / plain loop at {np.median(medians['plain']) / 1e3:.0f} us: "
        f"{found.ratio:.4f} [{found.interval.low:.4f}, {found.interval.high:.4f}], "
        f"limit {limit}"
    )
    assert found.ratio <= limit
