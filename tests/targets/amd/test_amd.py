"""AMD's provider as far as it goes without an accelerator."""

import json
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from support.components import missing
from support.provider_options import MIGRAPHX
from support.vendor_stubs import compiled, need

from tierbench.harness.device.session import SessionError
from tierbench.models import defect
from tierbench.targets.amd import Amd
from tierbench.targets.host_onnxruntime import HostOnnxruntime

DEFECT = Path(defect.__file__).parent / "defect.onnx"
OWN = r"""
#include <string.h>
int amdsmi_init(unsigned long long flags) { return 0; }
int amdsmi_shut_down(void) { return 0; }
int amdsmi_get_socket_handles(unsigned *count, void **handles) {
    if (handles) handles[0] = (void *) 1;
    *count = 1;
    return 0;
}
int amdsmi_get_processor_handles(void *socket, unsigned *count, void **handles) {
    if (handles) handles[0] = (void *) 2;
    *count = 1;
    return 0;
}
int amdsmi_get_gpu_asic_info(void *gpu, char *info) {
    strcpy(info, "AMD Instinct MI300X"); /* its first field is the name */
    return 0;
}
int amdsmi_get_gpu_driver_info(void *gpu, char *info) {
    strcpy(info, "6.14.5"); /* its first field is the version's text */
    return 0;
}
int amdsmi_get_gpu_device_bdf(void *gpu, unsigned long long *bdf) {
    *bdf = 0x0500;
    return 0;
}
"""
ASK = """
import json, sys
from tierbench.targets.amd import gpu
try:
    told = gpu.identity(int(sys.argv[1]))
except gpu.SessionError as exc:
    told = {"refused": str(exc)}
print(json.dumps(told))
"""


@pytest.fixture
def rocm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a library with all of its functions in the place of ROCm's."""
    need("amdsmi", "amdsmi")
    spec = find_spec("amdsmi")
    assert spec is not None
    assert spec.origin is not None
    wrapper = (Path(spec.origin).parent / "amdsmi_wrapper.py").read_text()
    wanted = set(re.findall(r"_libraries\['libamd_smi.so'\]\.(\w+)", wrapper))
    own = set(re.findall(r"^int (\w+)\(", OWN, re.MULTILINE))
    assert own <= wanted
    rest = "".join(f"int {name}(void) {{ return 2; }}\n" for name in wanted - own)
    (tmp_path / "lib").mkdir()
    compiled(tmp_path / "lib", "libamd_smi.so", OWN + rest)
    monkeypatch.setenv("ROCM_HOME", str(tmp_path))


def identity(index: int) -> dict:
    command = [sys.executable, "-c", ASK, str(index)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def test_an_accelerator_is_identified(rocm: None) -> None:
    told = identity(0)
    assert told["device"] == "AMD Instinct MI300X"
    assert told["driver"] == "6.14.5"
    assert told["pci"] == "0000:05:00.0"
    assert told["serial"] is None, "what it does not tell is not known"


def test_an_accelerator_that_is_none_is_refused(rocm: None) -> None:
    assert identity(4)["refused"] == "amdsmi lists 1 GPUs, none is 4"


def test_without_rocm_it_says_so() -> None:
    need("amdsmi", "amdsmi")
    if Path("/opt/rocm").exists():
        pytest.skip("this machine has ROCm")
    assert "amdsmi cannot be imported" in identity(0)["refused"]
    found = Amd().unavailable()
    assert found is not None
    assert "/dev/kfd" in found.reason


@pytest.fixture
def half(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Return the device half, where there is an accelerator as far as it knows."""
    if found := HostOnnxruntime().unavailable():
        missing("host", found.reason)
    from tierbench.targets.amd import device

    monkeypatch.setattr(device.gpu, "identity", lambda *_: {"device": "MI300X"})
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return device


@pytest.mark.parametrize("precision", ["file", "fp16", "bf16"])
def test_every_option_is_one_of_the_wheels(half, precision: str) -> None:
    options = Amd({"precision": precision, "device": 3}).settings
    asked = half.provider_options(str(DEFECT), options, 1)
    assert asked.keys() <= MIGRAPHX
    assert asked["device_id"] == "3"
    assert asked["migraphx_fp16_enable"] == str(int(precision == "fp16"))
    assert asked["migraphx_bf16_enable"] == str(int(precision == "bf16"))


def test_a_program_is_found_only_by_all_that_it_depends_on(half) -> None:
    settings = ({}, {"precision": "fp16"}, {"device": 1}, {"exhaustive_tune": True})
    found = {half.programs(str(DEFECT), Amd(s).settings, 1) for s in settings}
    found.add(half.programs(str(DEFECT), Amd().settings, 2))
    assert len(found) == 5


def test_the_cpus_runtime_is_refused(half) -> None:
    with pytest.raises(SessionError, match=r"no MIGraphX.*onnxruntime-mig"):
        half.open_session(str(DEFECT), Amd().settings, 1)
    with pytest.raises(SessionError, match="is onnxruntime, not onnxruntime-migr"):
        half.identify(Amd().settings)


def test_meter_and_reader_are_of_the_same_accelerator() -> None:
    target = Amd({"device": 3}, "/usr/bin/python3")
    (reader,), (meter,) = target.readers(), target.meters()
    assert reader.options == meter.settings == {"index": 3}
    assert reader.python == meter.python == "/usr/bin/python3"
