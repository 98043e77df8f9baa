"""NVML through NVIDIA's own Python module, over a library that stands for a driver."""

import time
from pathlib import Path

import pytest
from support.vendor_stubs import compiled, need

from tierbench.harness.monitor import Monitor

READER = "tierbench.targets.state.nvml"
STUB = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* The file named by the environment holds: sm_mhz celsius reasons limit_mw; a negative
   number makes its function fail with NVML_ERROR_NOT_SUPPORTED (3). */
static long long state(int place) {
    long long values[4] = {-1, -1, -1, -1};
    FILE *file = fopen(getenv("STUB_STATE"), "r");
    for (int i = 0; file && i < 4; i++) fscanf(file, "%lld", &values[i]);
    if (file) fclose(file);
    return values[place];
}
static int put(unsigned *out, long long value) {
    if (value < 0) return 3;
    *out = (unsigned) value;
    return 0;
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
    return index == 0 ? 0 : 2; /* NVML_ERROR_INVALID_ARGUMENT */
}
int nvmlDeviceGetClockInfo(void *device, unsigned type, unsigned *out) {
    if (device != (void *) 1) return 2;
    return put(out, type == 1 ? state(0) : type == 2 ? 2619 : -1);
}
int nvmlDeviceGetTemperature(void *device, unsigned sensor, unsigned *out) {
    return put(out, state(1));
}
int nvmlDeviceGetTemperatureV(void *device, unsigned *out) {
    return put(out + 2, state(1)); /* version, sensor, temperature */
}
int nvmlDeviceGetTemperatureThreshold(void *device, unsigned kind, unsigned *out) {
    return put(out, kind == 1 ? 95 : -1);
}
int nvmlDeviceGetEnforcedPowerLimit(void *device, unsigned *out) {
    return put(out, state(3));
}
int REASONS(void *device, unsigned long long *out) {
    if (state(2) < 0) return 3;
    *out = (unsigned long long) state(2);
    return 0;
}
"""
NAMES = (
    "nvmlDeviceGetCurrentClocksEventReasons",
    "nvmlDeviceGetCurrentClocksThrottleReasons",
)


OLD_NAME = "nvmlDeviceGetTemperature("


@pytest.fixture(params=NAMES)
def driver(request, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file that the driver's state is in; new and old names of reasons."""
    need("nvml", "pynvml")
    compiled(tmp_path, "libnvidia-ml.so.1", STUB.replace("REASONS", request.param))
    monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path))
    monkeypatch.setenv("STUB_STATE", str(tmp_path / "state"))
    (tmp_path / "state").write_text("1980 61 0 700000")
    return tmp_path / "state"


def told(monitor: Monitor) -> dict[str, list[float]]:
    monitor.start(10**9)
    return {
        f"{channel.quantity}: {channel.name}": series.values.tolist()
        for channel, series in zip(monitor.channels, monitor.stop(), strict=True)
    }


def test_a_gpu_that_works_freely(driver: Path) -> None:
    with Monitor((READER,), [(READER, {})]) as monitor:
        assert monitor.missing == {}
        found = told(monitor)
    assert {key: values[0] for key, values in found.items()} == {
        "clock: gpu": 1.98e9,
        "busy: gpu": 1.0,
        "clock: gpu memory": 2.619e9,
        "temperature: gpu": 61.0,
        "margin: gpu": 34.0,
        "power_limit: gpu": 700.0,
        "throttle: gpu power cap": 0.0,
        "throttle: gpu hardware slowdown": 0.0,
        "throttle: gpu software thermal slowdown": 0.0,
        "throttle: gpu hardware thermal slowdown": 0.0,
        "throttle: gpu power brake": 0.0,
    }


@pytest.mark.parametrize(
    ("mask", "names", "busy"),
    [
        (0x01, set(), 0.0),
        (0x12 | 0x100, set(), 1.0),
        (0x04, {"gpu power cap"}, 1.0),
        (0x48, {"gpu hardware slowdown", "gpu hardware thermal slowdown"}, 1.0),
        (0xA0, {"gpu software thermal slowdown", "gpu power brake"}, 1.0),
    ],
)
def test_reasons_are_told_by_their_names(driver: Path, mask: int, names, busy) -> None:
    driver.write_text(f"1980 61 {mask} 700000")
    with Monitor((READER,), [(READER, {})]) as monitor:
        found = told(monitor)
    set_ = {k.partition(": ")[2] for k, v in found.items() if "throttle" in k and v[0]}
    assert set_ == names
    assert found["busy: gpu"][0] == busy


def test_what_a_gpu_does_not_know_is_no_number(driver: Path) -> None:
    driver.write_text("-1 -1 -1 -1")
    with Monitor((READER,), [(READER, {})]) as monitor:
        found = told(monitor)
    known = {key for key, values in found.items() if values[0] == values[0]}
    assert known == {"clock: gpu memory"}


def test_a_driver_without_the_old_name_tells_the_temperature(tmp_path, driver) -> None:
    newer = STUB.replace(OLD_NAME, "gone(").replace("REASONS", NAMES[0])
    compiled(tmp_path, "libnvidia-ml.so.1", newer)
    with Monitor((READER,), [(READER, {})]) as monitor:
        assert told(monitor)["temperature: gpu"][0] == 61.0


def test_a_gpu_that_is_none_says_so(driver: Path) -> None:
    with Monitor((READER,), [(READER, {"index": 3})]) as monitor:
        assert "NVML tells of no GPU 3" in monitor.missing[READER]


def test_without_a_driver_it_says_so() -> None:
    need("nvml", "pynvml")
    if Path("/dev/nvidiactl").exists():
        pytest.skip("this machine has a driver")
    with Monitor((READER,), [(READER, {})]) as monitor:
        assert "NVML tells of no GPU 0" in monitor.missing[READER]


def test_another_module_of_the_name_is_refused(tmp_path, monkeypatch) -> None:
    (tmp_path / "pynvml.py").write_text("def nvmlInit(): pass\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with Monitor((READER,), [(READER, {})]) as monitor:
        assert "is not NVIDIA's" in monitor.missing[READER]


def test_changes_are_seen_while_it_watches(driver: Path) -> None:
    with Monitor((READER,), [(READER, {})]) as monitor:
        monitor.start(5_000_000)
        time.sleep(0.1)
        driver.write_text("1200 90 4 700000")
        time.sleep(0.1)
        clock, *_ = monitor.stop()
    assert clock.values[0] == 1.98e9
    assert clock.values[-1] == 1.2e9


@pytest.mark.parametrize("uuid", ["GPU-1", "MIG-1"])
def test_a_gpu_is_found_by_its_uuid_or_that_of_a_part(driver: Path, uuid: str) -> None:
    with Monitor((READER,), [(READER, {"uuid": uuid})]) as monitor:
        assert told(monitor)["clock: gpu"][0] == 1.98e9
    with Monitor((READER,), [(READER, {"uuid": "GPU-2"})]) as monitor:
        assert "NVML tells of no GPU GPU-2" in monitor.missing[READER]
