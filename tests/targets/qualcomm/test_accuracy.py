"""The reference models on the simulated processor: accurate, and without a time."""

from pathlib import Path

import numpy as np
import pytest
from support.components import missing

from tierbench.harness.outcomes import unpack_outcomes
from tierbench.harness.plan import make_plan
from tierbench.harness.progress import Silence
from tierbench.harness.results import rows
from tierbench.harness.run import run_plan
from tierbench.harness.store import Store
from tierbench.harness.sweep import parse_sweep
from tierbench.targets.qualcomm import QualcommSimulator

ONE_POINT = 0.01
SWEEP = """
name = "qnn"
profile = "smoke"
[[model]]
use = "{model}"
variants = ["int8"]
[[target]]
use = "host-onnxruntime"
[[target]]
use = "qualcomm-simulator"
soc = "{soc}"
cpu_fallback = {helped}
[workload]
batch = 40
"""


@pytest.fixture(autouse=True)
def _runtime() -> None:
    if found := QualcommSimulator().unavailable():
        missing("qnn", found.reason)


def measured(folder: Path, model: str, soc: str, helped: bool) -> tuple[dict, dict]:
    """Return the rows of the CPU and of the simulator, outcomes with them."""
    text = SWEEP.format(model=model, soc=soc, helped=str(helped).lower())
    plan = make_plan(parse_sweep(text, "qnn.toml", folder))
    with Store.open(f"sqlite:///{folder / 'results.db'}") as store:
        run = run_plan(plan, store, Silence()).run.id
        found = rows(store, run)
        for row in found:
            accuracy = store.result(row["result"]).accuracy
            assert accuracy is not None, row["reason"]
            row["outcomes"] = unpack_outcomes(accuracy.outcomes) > 0
    cpu, htp = sorted(found, key=lambda row: row["target"])
    return cpu, htp


@pytest.mark.parametrize(
    ("model", "soc", "helped"),
    [
        ("defect", "sm8550", False),
        ("defect", "qcs6490", True),
        ("bearing", "sm8550", False),
    ],
)
def test_int8_is_within_one_point_of_the_cpu(
    tmp_path: Path, model: str, soc: str, helped: bool
) -> None:
    """All samples of the split, the same ones: what differs is counted in pairs."""
    cpu, htp = measured(tmp_path, model, soc, helped)
    lost = int(np.sum(cpu["outcomes"] & ~htp["outcomes"]))
    gained = int(np.sum(htp["outcomes"] & ~cpu["outcomes"]))
    n = len(cpu["outcomes"])
    difference = (gained - lost) / n
    half = 1.96 * np.sqrt(((gained + lost) / n - difference**2) / n)
    print(
        f"\n{model} int8 on {soc}: {htp['accuracy']['value']:.4f}, on the CPU "
        f"{cpu['accuracy']['value']:.4f}; {lost} lost, {gained} gained of {n}: "
        f"{100 * difference:+.2f} points, 95 % within {100 * half:.2f}"
    )
    assert n == 1200
    assert abs(difference) <= ONE_POINT
    assert difference - half > -ONE_POINT, "a loss of a point cannot be ruled out"
    assert htp["evidence"] == "EMULATED"
    for key in ("latency_ms", "throughput_per_s", "device_latency_ms"):
        assert htp[key] is None
    share = htp["ran"]["accelerated_share"]
    assert share == 1.0 if not helped else 0.9 < share < 1.0
