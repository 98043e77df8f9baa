"""The target ``hailo``: its doctor, its meters and readers, and sweeps of HEF files."""

import json
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from support.hefs import CORE, NMS, Chip, hef_bytes, python_with, write_hef

from tierbench.harness.cli import main
from tierbench.harness.errors import CaseError, DataError
from tierbench.harness.formats import inspect_model
from tierbench.harness.inputs import timed_inputs
from tierbench.harness.meter import Load
from tierbench.harness.model import Data
from tierbench.harness.monitor import Monitor
from tierbench.harness.values import Scenario, TensorSpec, Workload
from tierbench.models import defect
from tierbench.targets.hailo import Hailo

from .test_device import LIMITS, case_of

ONNX = Path(defect.__file__).parent / "defect.onnx"


def test_without_hailort_the_doctor_says_where_to_get_it() -> None:
    missing = Hailo().unavailable()
    assert missing is not None
    assert "hailo_platform is not installed" in missing.reason
    assert "docs/hailo.md" in missing.remedy


def test_the_device_is_identified(chip: Chip) -> None:
    target = Hailo(python=chip.python)
    assert target.unavailable() is None
    told = target.describe()
    assert told.device == chip.told["architecture"].upper()
    assert told.runtime_version == chip.told["version"]
    assert told.identity["firmware"] == f"{chip.told['version']} (release,app)"
    assert told.identity["product"] == "HAILO-8 AI ACC M.2 M KEY MODULE"
    assert told.identity["part_number"] is None


@pytest.mark.parametrize(
    ("devices", "wanted", "reason"),
    [
        ([], "", "finds no device; see that hailortcli scan"),
        (
            ["0000:01:00.0"],
            "0000:09:00.0",
            "no device '0000:09:00.0'; there are 0000:01",
        ),
    ],
)
def test_no_device_is_a_reason(chip: Chip, devices, wanted: str, reason: str) -> None:
    chip.set(devices=devices)
    missing = Hailo({"device_id": wanted}, chip.python).unavailable()
    assert missing is not None
    assert reason in missing.reason


def test_another_devices_id_is_used(chip: Chip, tmp_path: Path) -> None:
    target = Hailo({"device_id": "0000:02:00.0", "device_latency_s": 1}, chip.python)
    assert target.describe().identity["device_id"] == "0000:02:00.0"
    hef = write_hef(tmp_path / "a.hef", architecture=chip.told["architecture"])
    case = case_of(hef, target)
    with target.launch(case, target.ready(case, LIMITS), LIMITS) as worker:
        worker.open()
        ran = worker.bind({"net/in": np.zeros((1, 2, 2, 3), np.uint8)}).ran
    assert ran["hailortcli"]["hw_latency_ms"] == 1.25


def test_its_own_power_is_measured(chip: Chip) -> None:
    (meter,) = Hailo(python=chip.python).meters()
    (stated,) = meter.specifications()
    assert stated.scope == "module"
    meter.start()
    (found,) = meter.stop(Load(busy=(), idle=(), unix_ns=0))
    meter.close()
    assert set(found.series.values.tolist()) <= {2.5, 2.625}


def test_a_module_without_that_meter_says_so(chip: Chip) -> None:
    chip.set(monitor=False)
    (meter,) = Hailo(python=chip.python).meters()
    assert meter.specifications() == ()
    assert meter.missing() == "this Hailo module has no current monitor"
    meter.close()


def test_its_own_temperature_is_watched(chip: Chip) -> None:
    (reader,) = Hailo(python=chip.python).readers()
    asked = [(reader.module, reader.options)]
    with Monitor((reader.module,), asked, reader.python) as monitor:
        assert monitor.missing == {}
        monitor.start(10**9)
        values = [float(series.values[0]) for series in monitor.stop()]
    assert values == [51.5, 52.25, 1.0, 0.0, 0.0]


SWEEP = """
name = "edge"
profile = "smoke"

[[model]]
path = "net.hef"
data = "data.npz"

[[target]]
use = "hailo"
python = "{python}"
device_latency_s = 1

[workload]
batch = [1, 2]
"""


def write_data(folder: Path, values: np.ndarray) -> None:
    labels = np.argmax(
        [[x.reshape(-1)[k::4].sum() for k in range(4)] for x in values], 1
    )
    np.savez(folder / "data.npz", x=values, labels=labels)


def swept(folder: Path, chip: Chip, capsys) -> list[dict]:
    store = f"sqlite:///{folder / 'results.db'}"
    (folder / "sweep.toml").write_text(SWEEP.replace("{python}", chip.python))
    status = main(["run", str(folder / "sweep.toml"), "--store", store])
    assert status == 0, capsys.readouterr()
    capsys.readouterr()
    main(["results", "--store", store, "--json"])
    return json.loads(capsys.readouterr().out)


@pytest.mark.real
@pytest.mark.parametrize("chip", ["4.23.0"], indirect=True)
def test_a_sweep_of_a_hef(chip: Chip, tmp_path: Path, capsys) -> None:
    write_hef(tmp_path / "net.hef")
    random = np.random.default_rng(0)
    # Reals of the network's own grid, so that quantising them loses nothing.
    write_data(tmp_path, random.integers(0, 40, (24, 2, 2, 3)).astype(np.float32) * 0.5)
    one, two = sorted(swept(tmp_path, chip, capsys), key=lambda row: row["batch"])
    assert one["device_latency_ms"] == {"value": 1.25}
    assert "nothing of a batch of 2" in two["device_latency_ms_reason"]
    for row in (one, two):
        assert row["format"] == "hef"
        assert row["accuracy"]["value"] == 1.0
        assert row["device"] == "HAILO8"
        assert row["throttled"] == "clean"
        assert row["workers"] == 1
    # A millisecond a frame, and about 2.5 W.
    assert 1.0 < one["latency_ms"]["median"] < two["latency_ms"]["median"]
    assert 2.0 < one["power"]["mean_w"] < 3.0


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        (np.zeros((4, 3), np.float32), "one sample of 'net/in' has the shape (3,)"),
        (np.zeros((4, 2, 2, 3), np.int64), "is of 'int64'; the model takes 'uint8'"),
    ],
)
def test_data_are_matched_with_what_the_session_takes(array, reason: str) -> None:
    spec = TensorSpec(
        name="net/in", dtype="uint8", shape=(1, 2, 2, 3), scale=0.5, zero_point=10
    )
    data = Data(name="d", inputs={"x": array}, labels=None, metric=None, sha256="")
    variant = SimpleNamespace(profile=SimpleNamespace(inputs=()))
    case = SimpleNamespace(
        variant=variant,
        workload=Workload(scenario=Scenario.OFFLINE, batch=1, profile="smoke"),
    )
    planned = SimpleNamespace(case=case, data=SimpleNamespace(data=data))
    with pytest.raises(DataError, match=re.escape(reason)):
        timed_inputs(planned, (spec,))


def test_what_can_be_told_of_a_hef(tmp_path: Path) -> None:
    path = write_hef(tmp_path / "net.hef", operators=(CORE, NMS))
    profile = inspect_model(path)
    assert profile.format == "hef"
    assert profile.operators == {"hailo_core": 1, "nms": 1}
    assert (profile.inputs, profile.macs, profile.parameters) == ((), None, None)


def test_without_the_compiler_onnx_is_refused(chip: Chip) -> None:
    target = Hailo(python=chip.python)
    case = case_of(ONNX, target)
    reason = target.check(case.variant, case.workload)
    assert reason is not None
    assert "has no hailo_sdk_client; Hailo's Dataflow Compiler" in reason
    assert "developer zone" in reason
    remote = Hailo(python="ssh://pi@board/usr/bin/python3")
    reason = remote.check(case.variant, case.workload)
    assert reason is not None
    assert "on this machine" in reason


COMPILER = '''
class ClientRunner:
    """Its calls as the compiler's examples make them, and no other."""

    def __init__(self, hw_arch):
        self.done = [hw_arch]

    def translate_onnx_model(self, model, net_name):
        self.done.append(net_name)

    def load_model_script(self, model_script):
        self.done.append(model_script)

    def optimize(self, calib_data):
        assert calib_data.shape == (2, 8, 8, 3)

    def compile(self):
        assert self.done[-1] != "fail", "no such command"
        return bytes.fromhex("{hef}")
'''


def test_the_compiler_is_run_where_it_is(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    module = tmp_path / "client" / "hailo_sdk_client"
    module.mkdir(parents=True)
    text = COMPILER.replace("{hef}", hef_bytes().hex())
    (module / "__init__.py").write_text(text)
    python = python_with(tmp_path / "venv", module.parent)
    np.savez(tmp_path / "samples.npz", x=np.zeros((2, 8, 8, 3), np.float32))
    script = tmp_path / "net.alls"
    script.write_text("performance_param(compiler_optimization_level=2)")
    unset = Hailo(python=python)
    case = case_of(ONNX, unset)
    asked = "set calibration to a .npz"
    assert asked in (unset.check(case.variant, case.workload) or "")
    settings = {
        "calibration": str(tmp_path / "samples.npz"),
        "model_script": str(script),
    }
    target = Hailo(settings, python)
    assert target.check(case.variant, case.workload) is None
    made = target.prepare(case.variant)
    assert made.read_bytes() == hef_bytes()
    assert target.prepare(case.variant) == made
    script.write_text("fail")
    with pytest.raises(
        CaseError, match=r"Dataflow Compiler refuses .* no such command"
    ):
        target.prepare(case.variant)
    script.unlink()
    assert "is not a file" in (target.check(case.variant, case.workload) or "")
