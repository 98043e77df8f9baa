"""The stand-in for HailoRT refuses what HailoRT's sources do not have."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from support.hefs import FOLDER, Chip, write_hef

NONE = "import hailo_platform as h"
OPEN = "device = h.VDevice(); model = device.create_infer_model(HEF)"
CONFIGURED = OPEN + "; configured = model.configure()"
REFUSED = (
    (OPEN, "h.VDevice(device_id='x')", "TypeError: .* 'device_id'"),
    (OPEN, "h.VDevice(None, ['x'])", "TypeError: .* positional"),
    (OPEN, "h.InferModel", "AttributeError: .*'InferModel'"),
    (OPEN, "device.create_model('x')", "AttributeError: .*'create_model'"),
    (OPEN, "device.create_infer_model(hef='x')", "TypeError: .* 'hef'"),
    (OPEN, "device.batch = 1", "AttributeError: .*'batch'"),
    (OPEN, "model.set_batch_size(size=1)", "TypeError: .* 'size'"),
    (OPEN, "model.inputs[0].set_format_type('UINT8')", "ValueError"),
    (OPEN, "model.inputs[0].format.kind", "AttributeError: .*'kind'"),
    (OPEN, "h.FormatType.INT8", "AttributeError: .*INT8"),
    (OPEN, "h.HailoPowerMode.LOW", "AttributeError: .*LOW"),
    (OPEN, "model.inputs[0].quant_infos[0].scale", "AttributeError: .*'scale'"),
    (CONFIGURED, "configured.create_bindings(inputs={})", "TypeError: .*'inputs'"),
    (CONFIGURED, "configured.create_bindings({'a': 1})", "HailoRTException: .*'a'"),
    (CONFIGURED, "configured.wait_for_async_ready(timeout=1)", "TypeError"),
    (CONFIGURED, "configured.run_async(configured.create_bindings())", "TypeError"),
    (CONFIGURED, "configured.run_async([], None, 3)", "TypeError"),
    (
        CONFIGURED,
        "configured.run_async([configured.create_bindings()])",
        "12 bytes",
    ),
    (
        CONFIGURED + "; b = configured.create_bindings({'net/in': np.zeros(12, 'u1')},"
        " {'net/out': np.zeros(4, 'u1')})",
        "configured.run_async([b, b])",
        "HailoRTException: a buffer that is under way",
    ),
    (CONFIGURED, "configured.get_queue_size()", "AttributeError"),
    (CONFIGURED, "configured.get_hw_latency_measurement()", "AttributeError"),
    (CONFIGURED, "model.set_batch_size(2)", "HailoRTException"),
    (CONFIGURED, "configured.run_async([]).wait()", "TypeError: .*'timeout_ms'"),
    (NONE, "h.Device(id='x')", "TypeError: .*'id'"),
    (
        NONE,
        "h.Device().control.power()",
        "AttributeError",
    ),
    (
        NONE,
        "h.Device().control.get_power_measurement(clear=True)",
        "TypeError: .*'clear'",
    ),
    (
        NONE,
        "h.Device().control.get_power_measurement()",
        "HailoRTException: .*not measuring",
    ),
    (
        NONE,
        "h.Device().control.identify().serial",
        "AttributeError: .*'serial'",
    ),
)
TRY = """
import json, sys
import numpy as np
import hailo_platform as h
HEF, tried = json.loads(sys.stdin.read())
for before, call in tried:
    names = {"h": h, "HEF": HEF, "np": np}
    exec(before, names)
    try:
        eval(compile(call, "call", "single"), names)
        said = "nothing"
    except Exception as exc:
        said = f"{type(exc).__name__}: {exc}"
    print(json.dumps(said))
    if "device" in names:
        names["device"].release()
"""


def run(chip: Chip, code: str) -> str:
    """Return the last line that a program prints or fails with."""
    done = subprocess.run([chip.python, "-c", code], capture_output=True, text=True)
    return (done.stderr or done.stdout).strip().split("\n")[-1]


@pytest.fixture
def hef(chip: Chip, tmp_path: Path) -> str:
    architecture = chip.told["architecture"]
    return str(write_hef(tmp_path / "net.hef", architecture=architecture))


def test_it_refuses_all_that_the_list_lacks(chip: Chip, hef: str) -> None:
    tried = [(before, call) for before, call, _ in REFUSED]
    done = subprocess.run(
        [chip.python, "-c", TRY],
        input=json.dumps([hef, tried]),
        capture_output=True,
        text=True,
        check=True,
    )
    told = [json.loads(line) for line in done.stdout.splitlines()]
    for (_, call, refusal), said in zip(REFUSED, told, strict=True):
        assert re.search(refusal, said), (call, said)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("VDevice.open", "chip.VDevice.open = lambda self: None"),
        ("AsyncInferJob.wait", "chip.AsyncInferJob.wait = lambda self, timeout: None"),
        ("Control.reset", "chip.Control.reset = property(lambda self: 1)"),
        ("InferModel.batch", "chip.InferModel.batch = chip.InferModel._batch"),
    ],
)
def test_a_name_that_the_list_lacks_stops_its_import(
    chip: Chip, name: str, code: str
) -> None:
    said = run(
        chip,
        f"from hailo_platform import chip, listed\n{code}\nlisted.check(chip)",
    )
    assert said.startswith("ImportError")
    assert name in said


def test_5_drops_what_4_had(chip: Chip) -> None:
    listed = FOLDER / f"hailort-{chip.told['version']}.json"
    told = json.loads(listed.read_text())
    assert len(told["commit"]) == 40
    is_old = told["version"].startswith("4")
    assert ("EthernetDevice" in told["exported"]) is is_old
    assert ("read_log" in told["classes"]["Device"]["methods"]) is is_old
    features = told["classes"]["SupportedFeatures"]["fields"]
    assert ("power_measurement" in features) is not is_old


@pytest.mark.parametrize(
    "arguments",
    [
        ["run2", "--measure-hw-latency", "set-net", "x.hef"],
        ["run2", "--time-to-run", "1", "x.hef"],
        ["run2", "--json", "x.txt", "set-net", "x.hef"],
        ["run2", "set-net", "x.hef", "--power-mode", "performance"],
        ["benchmark", "x.hef"],
    ],
)
def test_hailortcli_refuses_other_flags(chip: Chip, arguments: list[str]) -> None:
    program = chip.programs / "hailortcli"
    assert subprocess.run([program, *arguments], capture_output=True).returncode
