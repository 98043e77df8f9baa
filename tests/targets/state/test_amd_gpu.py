"""AMD's own Python module over a library that stands for ROCm's."""

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from support.vendor_stubs import compiled, need

from tierbench.harness.monitor import Monitor

READER = "tierbench.targets.state.amd_gpu"
OWN = r"""
#include <stdio.h>
#include <stdlib.h>
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
int amdsmi_get_gpu_metrics_info(void *gpu, void *metrics) {
    FILE *file = fopen(getenv("STUB_STATE"), "rb");
    if (!file) return 2; /* AMDSMI_STATUS_NOT_SUPPORTED */
    fread(metrics, 1, 1 << 20, file);
    fclose(file);
    return 0;
}
"""
METRICS = """
import ctypes, sys
from amdsmi import amdsmi_wrapper
metrics = amdsmi_wrapper.amdsmi_gpu_metrics_t()
ctypes.memset(ctypes.byref(metrics), 0xFF, ctypes.sizeof(metrics))
for assignment in sys.argv[2:]:
    name, value = assignment.split("=")
    if name == "current_gfxclks":
        metrics.current_gfxclks[0], metrics.current_gfxclks[1] = int(value), 1
    else:
        setattr(metrics, name, int(value))
open(sys.argv[1], "wb").write(bytes(metrics))
"""


@pytest.fixture
def rocm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that stands for ROCm's, with all of the library's functions."""
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
    monkeypatch.setenv("STUB_STATE", str(tmp_path / "metrics"))
    return tmp_path


def tell(rocm: Path, **values: int) -> None:
    """Let the driver tell these metrics; all others are what it tells for unknown."""
    told = [f"{name}={value}" for name, value in values.items()]
    command = [sys.executable, "-c", METRICS, str(rocm / "metrics"), *told]
    subprocess.run(command, check=True)


def readings(options: dict[str, int] | None = None) -> dict[str, float]:
    with Monitor((READER,), [(READER, options or {})]) as monitor:
        assert monitor.missing == {}
        monitor.start(10**9)
        return {
            f"{channel.quantity}: {channel.name}": float(series.values[0])
            for channel, series in zip(monitor.channels, monitor.stop(), strict=True)
        }


def known(found: dict[str, float]) -> dict[str, float]:
    return {key: value for key, value in found.items() if value == value}


def test_an_accelerator_of_several_dies(rocm: Path) -> None:
    tell(
        rocm,
        current_gfxclks=2100,
        current_uclk=1300,
        temperature_hotspot=64,
        ppt_residency_acc=12,
        socket_thm_residency_acc=0,
    )
    assert known(readings()) == {
        "clock: gpu": 2.1e9,
        "clock: gpu memory": 1.3e9,
        "temperature: gpu": 64.0,
        "throttle_count: gpu power cap": 12.0,
        "throttle_count: gpu socket thermal": 0.0,
    }


@pytest.mark.parametrize(("status", "value"), [(0, 0.0), (4, 1.0)])
def test_an_older_gpu_tells_a_status(rocm: Path, status: int, value: float) -> None:
    tell(rocm, current_gfxclk=1700, indep_throttle_status=status)
    found = known(readings())
    assert found == {"clock: gpu": 1.7e9, "throttle: gpu throttle status": value}


def test_a_gpu_that_tells_nothing_is_not_known(rocm: Path) -> None:
    assert known(readings()) == {}


def test_a_gpu_that_is_none_says_so(rocm: Path) -> None:
    with Monitor((READER,), [(READER, {"index": 5})]) as monitor:
        assert "amdsmi tells of no GPU 5" in monitor.missing[READER]


def test_without_rocm_it_says_so() -> None:
    need("amdsmi", "amdsmi")
    if Path("/opt/rocm").exists():
        pytest.skip("this machine has ROCm")
    with Monitor((READER,), [(READER, {})]) as monitor:
        assert "amdsmi cannot be imported" in monitor.missing[READER]
