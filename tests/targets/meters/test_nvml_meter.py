"""NVML's power and energy through NVIDIA's own module, over a stand-in for a driver."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.vendor_stubs import compiled, need

from tierbench.harness.energy import energy_of
from tierbench.harness.meter import Load, Recording
from tierbench.harness.readings import curve_of, update_ns
from tierbench.targets.meters import Nvml

# STUB_POWER holds: GPU's milliwatts, module's milliwatts (-1: not supported), the name.
STUB = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
typedef struct { unsigned fieldId, scopeId; long long timestamp, latency;
    int valueType, nvmlReturn; union { unsigned ui; unsigned long long ull; } value;
} Field;
static char name[64];
static long state(int place) {
    long gpu = -1, module = -1;
    FILE *file = fopen(getenv("STUB_POWER"), "r");
    if (!file) return -1;
    fscanf(file, "%ld %ld %63[^\n]", &gpu, &module, name);
    fclose(file);
    return place ? module : gpu;
}
static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}
int nvmlInitWithFlags(unsigned flags) { return 0; }
int nvmlShutdown(void) { return 0; }
int nvmlDeviceGetHandleByUUID(const char *uuid, void **device) {
    int whole = !strcmp(uuid, "GPU-1"), part = !strcmp(uuid, "MIG-1");
    *device = (void *) (long) (whole ? 1 : 2);
    return whole || part ? 0 : 6; /* NVML_ERROR_NOT_FOUND */
}
int nvmlDeviceGetDeviceHandleFromMigDeviceHandle(void *mig, void **device) {
    *device = (void *) 1;
    return mig == (void *) 2 ? 0 : 2;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device) {
    *device = (void *) 1;
    return index == 0 ? 0 : 2;
}
int nvmlDeviceGetName(void *device, char *out, unsigned length) {
    state(0);
    strncpy(out, name, length);
    return 0;
}
/* Renewed every 100 ms, as the steady power's share of what passed until then. */
int nvmlDeviceGetTotalEnergyConsumption(void *device, unsigned long long *out) {
    if (state(0) < 0) return 3;
    *out = (unsigned long long) (state(0) * 0.1 * (long long) (now() * 10));
    return 0;
}
int nvmlDeviceGetPowerUsage(void *device, unsigned *out) {
    if (getenv("STUB_OLD") == NULL) return 3;
    *out = (unsigned) state(0);
    return 0;
}
int nvmlDeviceGetFieldValues(void *device, int count, Field *fields) {
    if (getenv("STUB_OLD")) return 3;
    for (int i = 0; i < count; i++) {
        long found = fields[i].scopeId > 1 ? -1 : state(fields[i].scopeId);
        int known = fields[i].fieldId == 186 || fields[i].fieldId == 185;
        fields[i].nvmlReturn = known && found >= 0 ? 0 : 3;
        fields[i].valueType = 1; /* unsigned int */
        /* One milliwatt more in every other 50 ms: a reading that is renewed. */
        fields[i].value.ui = (unsigned) found + (long long) (now() * 20) % 2;
    }
    return 0;
}
"""


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    need("nvml", "pynvml")
    compiled(tmp_path, "libnvidia-ml.so.1", STUB)
    monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path))
    monkeypatch.setenv("STUB_POWER", str(tmp_path / "power"))
    (tmp_path / "power").write_text("350000 -1 NVIDIA H100 PCIe")
    return tmp_path / "power"


@pytest.fixture
def meter(request: Any):
    found = Nvml({"index": getattr(request, "param", 0)})
    yield found
    found.close()


def recorded(meter: Nvml, seconds: float) -> dict[str, Recording]:
    meter.specifications()
    meter.start()
    time.sleep(seconds)
    found = meter.stop(Load(busy=(), idle=(), unix_ns=0))
    return {one.specification.channel: one for one in found}


def test_the_counter_and_the_power_agree(driver: Path, meter: Nvml) -> None:
    found = recorded(meter, 3.0)
    assert list(found) == ["gpu", "gpu instant"]
    energies = []
    for recording in found.values():
        curve = curve_of(recording)
        middle = float(np.mean(curve.span_ns))
        window = [(middle - 1e9, middle + 1e9)]
        energies.append(energy_of(curve, window, recording.specification).energy_j)
    assert energies[0] == pytest.approx(700, rel=0.05)
    assert energies[1] == pytest.approx(700, rel=0.01)


def test_the_counters_update_period_is_found_by_measurement(
    driver: Path, meter: Nvml
) -> None:
    found = update_ns(recorded(meter, 2.5)["gpu"])
    assert found == pytest.approx(100e6, rel=0.15)


def test_what_is_known_of_the_sensor_is_told(driver: Path, meter: Nvml) -> None:
    counter, instant = meter.specifications()
    assert counter.sampled_fraction == instant.sampled_fraction == 0.25
    assert "2312.02741" in counter.note
    assert counter.gain == 0.05
    assert counter.scope == "module"


@pytest.mark.parametrize(
    ("name", "fraction"),
    [
        ("NVIDIA A100-SXM4-80GB", 0.25),
        ("NVIDIA A100X", 0.25),
        ("NVIDIA GH200 480GB", 0.25),
        ("NVIDIA RTX A1000 Laptop GPU", 1.0),
    ],
)
def test_only_what_was_measured_is_said_to_look_part_of_the_time(
    driver: Path, meter: Nvml, name: str, fraction: float
) -> None:
    driver.write_text(f"90000 250000 {name}")
    for one in meter.specifications():
        assert one.sampled_fraction == fraction
        assert one.note.startswith(f"GPU 0, {name};")


def test_another_gpu_and_a_superchips_module(driver: Path, meter: Nvml) -> None:
    driver.write_text("90000 250000 NVIDIA Something New")
    found = {one.channel: one for one in meter.specifications()}
    assert list(found) == ["gpu", "gpu instant", "module instant"]
    assert found["gpu"].sampled_fraction == 1.0
    assert found["module instant"].scope == "board"


def test_an_old_driver_tells_a_mean_over_a_second(
    driver: Path, meter: Nvml, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUB_OLD", "1")
    counter, usage = meter.specifications()
    assert (counter.channel, usage.channel) == ("gpu", "power usage")
    assert usage.memory_ns == 1_000_000_000


def test_a_gpu_that_tells_nothing_says_so(
    driver: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver.write_text("-1 -1 NVIDIA Silent")
    found = Nvml({"index": 0}, python=None)
    assert found.specifications() == ()
    assert "NVIDIA Silent tells neither power nor energy" in (found.missing() or "")


@pytest.mark.parametrize("uuid", ["GPU-1", "MIG-1"])
def test_a_gpu_is_found_by_its_uuid_or_that_of_a_part(driver: Path, uuid: str) -> None:
    found = Nvml({"uuid": uuid})
    counter, *_ = found.specifications()
    found.close()
    assert counter.note.startswith(f"GPU {uuid}, ")


@pytest.mark.parametrize("meter", [7], indirect=True)
def test_a_gpu_that_is_none_says_so(driver: Path, meter: Nvml) -> None:
    assert meter.specifications() == ()
    assert "NVML tells of no GPU 7" in (meter.missing() or "")


def test_the_unofficial_module_is_refused(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "pynvml.py").write_text("def nvmlInit(): pass\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    found = Nvml({"index": 21})
    assert found.specifications() == ()
    assert "is not NVIDIA's" in (found.missing() or "")
