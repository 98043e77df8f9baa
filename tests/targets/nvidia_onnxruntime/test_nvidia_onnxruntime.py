"""NVIDIA's providers as far as they go without a GPU: what they ask and refuse."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support.components import missing
from support.provider_options import CUDA, TENSORRT
from support.vendor_stubs import compiled, need

from tierbench.harness.device.session import SessionError
from tierbench.harness.formats import inspect_model
from tierbench.harness.values import Scenario, Variant, Workload
from tierbench.models import defect
from tierbench.targets.host_onnxruntime import HostOnnxruntime
from tierbench.targets.nvidia_onnxruntime import NvidiaOnnxruntime

DEFECT = Path(defect.__file__).parent / "defect.onnx"
LOAD = Workload(scenario=Scenario.SINGLE_STREAM, batch=1, profile="smoke")
STUB = r"""
#include <stdlib.h>
#include <string.h>
int nvmlInitWithFlags(unsigned flags) { return 0; }
int nvmlShutdown(void) { return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device) {
    *device = (void *) 1;
    return index == 0 ? 0 : 2; /* NVML_ERROR_INVALID_ARGUMENT */
}
int nvmlDeviceGetHandleByUUID(const char *uuid, void **device) {
    *device = (void *) 2;
    return strcmp(uuid, "MIG-part") ? 6 : 0; /* NVML_ERROR_NOT_FOUND */
}
int nvmlDeviceIsMigDeviceHandle(void *device, unsigned *is) {
    *is = device == (void *) 2;
    return 0;
}
int nvmlDeviceGetDeviceHandleFromMigDeviceHandle(void *part, void **device) {
    *device = (void *) 1;
    return 0;
}
int nvmlDeviceGetCudaComputeCapability(void *device, int *major, int *minor) {
    if (device != (void *) 1) return 2;
    *major = atoi(getenv("STUB_CAPABILITY"));
    *minor = 5;
    return 0;
}
int nvmlDeviceGetName(void *device, char *name, unsigned length) {
    strncpy(name, device == (void *) 2 ? "NVIDIA L4 MIG 1g" : "NVIDIA L4", length);
    return 0;
}
int nvmlDeviceGetUUID(void *device, char *uuid, unsigned length) {
    strncpy(uuid, "GPU-some", length);
    return 0;
}
int nvmlSystemGetDriverVersion(char *version, unsigned length) {
    strncpy(version, "580.95", length);
    return 0;
}
int nvmlDeviceGetEnforcedPowerLimit(void *device, unsigned *limit_mw) {
    *limit_mw = 72000;
    return 0;
}
"""
ASK = """
import json, sys
from tierbench.targets.nvidia_onnxruntime import gpu
try:
    told = gpu.identity(sys.argv[1], sys.argv[2] == "tf32")
except gpu.SessionError as exc:
    told = {"refused": str(exc)}
print(json.dumps(told))
"""


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Put a library in the place of NVIDIA's driver: one L4 with one MIG part."""
    need("nvml", "pynvml")
    compiled(tmp_path, "libnvidia-ml.so.1", STUB)
    monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path))
    monkeypatch.setenv("STUB_CAPABILITY", "8")
    return monkeypatch


def identity(device: str, rest: str = "") -> dict:
    command = [sys.executable, "-c", ASK, device, rest]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_a_gpu_and_a_part_of_it_are_identified(driver: pytest.MonkeyPatch) -> None:
    assert identity("0") == {
        "device": "NVIDIA L4",
        "uuid": "GPU-some",
        "driver": "580.95",
        "compute_capability": "8.5",
        "power_limit_w": "72",
    }
    assert identity("MIG-part", "tf32")["device"] == "NVIDIA L4 MIG 1g"


@pytest.mark.parametrize("device", ["7", "MIG-other", "GPU-none", ""])
def test_a_gpu_that_is_none_is_refused_by_its_name(
    driver: pytest.MonkeyPatch, device: str
) -> None:
    assert f"NVML tells of no GPU {device!r}" in identity(device)["refused"]


def test_tf32_is_refused_where_the_gpu_has_none(driver: pytest.MonkeyPatch) -> None:
    driver.setenv("STUB_CAPABILITY", "7")
    assert (
        "compute capability 7.5; TF32 came with 8.0" in identity("0", "tf32")["refused"]
    )
    assert identity("0")["compute_capability"] == "7.5"


def test_without_a_driver_it_says_so() -> None:
    need("nvml", "pynvml")
    if Path("/proc/driver/nvidia/version").exists():
        pytest.skip("this machine has NVIDIA's driver")
    assert "NVML does not start" in identity("0")["refused"]
    found = NvidiaOnnxruntime().unavailable()
    assert found is not None
    assert "/proc/driver/nvidia/version" in found.reason


@pytest.fixture
def half(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Return the device half, on a machine that has a GPU as far as it can tell."""
    if found := HostOnnxruntime().unavailable():
        missing("host", found.reason)
    from tierbench.targets.nvidia_onnxruntime import device

    monkeypatch.setattr(device.gpu, "identity", lambda *_: {"device": "a GPU"})
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for name in ("CUDA_DEVICE_ORDER", "CUDA_VISIBLE_DEVICES", "NVIDIA_TF32_OVERRIDE"):
        monkeypatch.setenv(name, "was set")
    return device


@pytest.mark.parametrize("settings", [{}, {"tf32": True}])
def test_tf32_is_off_unless_it_is_asked_for(half, settings: dict) -> None:
    """Both ways: the provider's own option, and what the libraries beneath heed."""
    import os

    options = NvidiaOnnxruntime(settings).settings
    asked = half.provider_options(str(DEFECT), options, 1, False)
    half.gpu.restrict(options["device"], options["tf32"])
    wanted = bool(settings)
    assert asked["use_tf32"] == ("1" if wanted else "0")
    assert os.environ.get("NVIDIA_TF32_OVERRIDE") == (None if wanted else "0")


def test_a_process_sees_one_gpu_by_nvmls_order(half) -> None:
    import os

    half.gpu.restrict("MIG-part", False)
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "MIG-part"
    assert os.environ["CUDA_DEVICE_ORDER"] == "PCI_BUS_ID"


@pytest.mark.parametrize("quantised", [False, True])
@pytest.mark.parametrize("fp16", [False, True])
def test_every_option_is_one_of_the_wheels(half, fp16: bool, quantised: bool) -> None:
    cuda = NvidiaOnnxruntime().settings
    assert half.provider_options(str(DEFECT), cuda, 1, quantised).keys() <= CUDA
    rt = NvidiaOnnxruntime({"provider": "tensorrt", "fp16": fp16}).settings
    asked = half.provider_options(str(DEFECT), rt, 1, quantised)
    assert asked.keys() <= TENSORRT
    assert asked["trt_fp16_enable"] == str(int(fp16))
    assert asked["trt_int8_enable"] == str(int(quantised))


def test_an_engine_is_found_only_by_all_that_it_depends_on(
    half, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = NvidiaOnnxruntime({"provider": "tensorrt"}).settings
    other = NvidiaOnnxruntime({"provider": "tensorrt", "fp16": True}).settings
    found = {
        half.engines(str(DEFECT), options, 1),
        half.engines(str(DEFECT), options, 2),
        half.engines(str(DEFECT), other, 1),
    }
    monkeypatch.setattr(half.gpu, "identity", lambda *_: {"device": "another GPU"})
    found.add(half.engines(str(DEFECT), options, 1))
    assert len(found) == 4


def test_the_cpus_runtime_is_refused(half) -> None:
    with pytest.raises(SessionError, match=r"no CUDAExec.*onnxruntime-gpu"):
        half.open_session(str(DEFECT), NvidiaOnnxruntime().settings, 1)
    with pytest.raises(SessionError, match="is onnxruntime, not onnxruntime-gpu"):
        half.identify(NvidiaOnnxruntime().settings)


def test_a_library_that_does_not_load_is_named(half) -> None:
    with pytest.raises(SessionError, match=r"libonnxruntime_providers_cuda\.so"):
        half.load_library("cuda", "install it")


def variant() -> Variant:
    return Variant(
        model="defect",
        name="fp32",
        format="onnx",
        size_bytes=1,
        sha256="0" * 64,
        profile=inspect_model(DEFECT),
        weight_bits=32,
        activation_bits=32,
        path=DEFECT,
    )


def test_an_option_of_the_other_provider_is_refused() -> None:
    reason = NvidiaOnnxruntime({"fp16": True}).check(variant(), LOAD)
    assert reason is not None
    assert "use a variant in float16" in reason
    both = NvidiaOnnxruntime({"fp16": True, "provider": "tensorrt"})
    assert both.check(variant(), LOAD) is None


@pytest.mark.parametrize(
    ("device", "same"),
    [("3", {"index": 3, "uuid": ""}), ("MIG-part", {"index": 0, "uuid": "MIG-part"})],
)
def test_meter_and_reader_are_of_the_same_gpu(device: str, same: dict) -> None:
    target = NvidiaOnnxruntime({"device": device}, "/usr/bin/python3")
    (reader, *_), (meter,) = target.readers(), target.meters()
    assert reader.module == "tierbench.targets.state.nvml"
    assert meter.settings == same
    assert reader.options.items() <= same.items()
    assert reader.python == meter.python == "/usr/bin/python3"
