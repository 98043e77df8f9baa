"""amdsmi's power and energy through AMD's own module, over a stand-in for ROCm."""

import re
import time
from importlib.util import find_spec
from pathlib import Path

import pytest
from support.vendor_stubs import compiled, need

from tierbench.harness.meter import Load
from tierbench.harness.readings import curve_of
from tierbench.targets.meters import AmdGpu

# STUB_POWER holds: current, average and socket power in W (65535: not known), then the
# watts that the energy counter counts (-1: no counter).
OWN = r"""
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
static long state(int place) {
    long values[4] = {65535, 65535, 65535, -1};
    FILE *file = fopen(getenv("STUB_POWER"), "r");
    for (int i = 0; file && i < 4; i++) fscanf(file, "%ld", &values[i]);
    if (file) fclose(file);
    return values[place];
}
int amdsmi_init(uint64_t flags) { return 0; }
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
int amdsmi_get_energy_count(void *gpu, uint64_t *count, float *step, uint64_t *stamp) {
    struct timespec t;
    if (state(3) < 0) return 2; /* AMDSMI_STATUS_NOT_SUPPORTED */
    clock_gettime(CLOCK_MONOTONIC, &t);
    *step = 15.25f;
    *count = (uint64_t) (state(3) * (t.tv_sec + t.tv_nsec * 1e-9) / 15.25e-6);
    *stamp = 0;
    return 0;
}
int amdsmi_get_power_info(void *gpu, unsigned char *info) {
    memset(info, 0, POWER_INFO_SIZE);
    *(SOCKET_TYPE *) (info + SOCKET) = state(2);
    *(uint32_t *) (info + CURRENT) = state(0);
    *(uint32_t *) (info + AVERAGE) = state(1);
    return 0;
}
"""
LAYOUT = """
import ctypes
from amdsmi import amdsmi_wrapper
kind = amdsmi_wrapper.amdsmi_power_info_t
fields = dict(kind._fields_)
print(ctypes.sizeof(kind), kind.socket_power.offset,
      kind.current_socket_power.offset, kind.average_socket_power.offset,
      8 * ctypes.sizeof(fields["socket_power"]))
"""


@pytest.fixture
def rocm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file that the driver tells from.

    The module's own structure says where its fields lie: it is compiled for twice.
    """
    need("amdsmi", "amdsmi")
    spec = find_spec("amdsmi")
    assert spec is not None
    assert spec.origin is not None
    wrapper = (Path(spec.origin).parent / "amdsmi_wrapper.py").read_text()
    wanted = set(re.findall(r"_libraries\['libamd_smi.so'\]\.(\w+)", wrapper))
    own = set(re.findall(r"^int (\w+)\(", OWN, re.MULTILINE))
    assert own <= wanted
    refused = "int {}(void) {{ return 2; }}\n"
    (tmp_path / "lib").mkdir()
    every = "".join(map(refused.format, sorted(wanted)))
    compiled(tmp_path / "lib", "libamd_smi.so", every)
    monkeypatch.setenv("ROCM_HOME", str(tmp_path))
    monkeypatch.setenv("STUB_POWER", str(tmp_path / "power"))
    size, socket, current, average, bits = _layout()
    defines = (
        f"#define POWER_INFO_SIZE {size}\n#define SOCKET {socket}\n"
        f"#define CURRENT {current}\n#define AVERAGE {average}\n"
        f"#define SOCKET_TYPE uint{bits}_t\n"
    )
    rest = "".join(map(refused.format, sorted(wanted - own)))
    compiled(tmp_path / "lib", "libamd_smi.so", defines + OWN + rest)
    return tmp_path / "power"


def _layout() -> list[str]:
    import subprocess
    import sys

    command = [sys.executable, "-c", LAYOUT]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout.split()[-5:]


def test_the_counter_counts_in_its_own_steps(rocm: Path) -> None:
    rocm.write_text("500 65535 65535 500")
    meter = AmdGpu()
    counter, power = meter.specifications()
    assert counter.quantum_j == pytest.approx(15.25e-6)
    assert (counter.scope, power.scope) == ("module", "module")
    assert (counter.offset_w, power.offset_w) == (0.0, 0.5)
    assert power.quantum_j == 0.0
    meter.start()
    time.sleep(0.6)
    energy, instant = meter.stop(Load(busy=(), idle=(), unix_ns=0))
    meter.close()
    assert curve_of(energy).power_w.mean() == pytest.approx(500, rel=0.02)
    assert instant.series.values.tolist() == pytest.approx(
        [500.0] * len(instant.series.values)
    )


@pytest.mark.parametrize("told", ["65535 300 65535 -1", "65535 65535 300 -1"])
def test_older_gpus_tell_one_power_and_no_counter(rocm: Path, told: str) -> None:
    rocm.write_text(told)
    meter = AmdGpu()
    assert len(meter.specifications()) == 1
    meter.start()
    time.sleep(0.1)
    (instant,) = meter.stop(Load(busy=(), idle=(), unix_ns=0))
    meter.close()
    assert set(instant.series.values.tolist()) == {300.0}


def test_a_gpu_that_tells_nothing_says_so(rocm: Path) -> None:
    rocm.write_text("65535 65535 65535 -1")
    meter = AmdGpu({"index": 0}, python=None)
    assert meter.specifications() == ()
    assert "tells neither power nor energy" in (meter.missing() or "")
