"""Contexts compiled for a SoC: the board's calls, as far as the simulator has them.

They run in a process of their own: the provider keeps a SoC for as long as it lives.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support.components import missing
from support.shipped import Shipped

from tierbench.targets.qualcomm import Qualcomm, QualcommSimulator

CODE = """
import json, sys
import numpy as np
from tierbench.harness.device.wire import Tensor
from tierbench.targets.qualcomm import device, simulator
model, soc, fallback = sys.argv[1], sys.argv[2], sys.argv[3] == "True"
options = {"soc": soc, "performance_mode": "burst", "cpu_fallback": fallback}
try:
    device.open_context(model, options, 4, soc)
except device.SessionError as exc:
    before = str(exc)
device.compile_context(model, options, 4, soc)
path = device.context_path(model, options, 4, soc)
plain = simulator.open_session(model, options, 4)
context = device.open_context(model, options, 4, soc)
x = np.random.default_rng(3).random((4, 64, 64, 1), np.float32)
found = []
for one in (plain, context):
    one.bind([Tensor(one.inputs()[0]["name"], "float32", x.shape, x.tobytes())])
    one.infer()
    one.after_first_call()
    found.append(np.frombuffer(one.outputs()[0].data, np.float32))
same = bool((found[0] == found[1]).all())
told = context.ran()
told["path"], told["same"], told["before"] = path, same, before
print(json.dumps(told))
"""


@pytest.mark.parametrize(
    ("soc", "fallback"), [("qcs6490", True), ("sm8550", False), ("sm8650", False)]
)
def test_a_context_computes_what_the_model_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, soc: str, fallback: bool
) -> None:
    if found := QualcommSimulator().unavailable():
        missing("qnn", found.reason)
    model = Shipped("defect", tmp_path).built("int8", "onnx").path
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    command = [sys.executable, "-c", CODE, str(model), soc, str(fallback)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert "no context was compiled" in told["before"]
    assert told["same"]
    assert told["provider"] == "QNNExecutionProvider"
    assert told["operators"]["QNNExecutionProvider"]["Conv"] == 13, "not EPContext: 1"
    assert told["accelerated_share"] == pytest.approx(20 / 21 if fallback else 1.0)
    assert Path(told["path"]).stat().st_size > 100_000
    left = sorted(path.name for path in Path(told["path"]).parent.iterdir())
    assert len(left) == 2, left


def test_the_board_builds_before_it_opens() -> None:
    assert Qualcomm.builds
    assert not QualcommSimulator.builds
