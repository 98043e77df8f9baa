"""An NVIDIA GPU's clocks, temperature, limits and reasons for lower clocks, by NVML.

Needs NVIDIA's own distribution ``nvidia-ml-py``; others of the module ``pynvml`` are
refused. Which reason has which bit is NVML's ``nvmlClocksEventReasons``; that the GPU
is idle, or that a person set its clocks, is no throttling.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...harness.device import quantities as q
from ...harness.device.reader import Channel, Reader, ReaderError
from ...harness.device.sysfs import difference

REASONS = (
    ("gpu power cap", 0x04),
    ("gpu hardware slowdown", 0x08),
    ("gpu software thermal slowdown", 0x20),
    ("gpu hardware thermal slowdown", 0x40),
    ("gpu power brake", 0x80),
)
IDLE = 0x01
CLOCK_SM, CLOCK_MEMORY = 1, 2  # nvmlClockType_t
SENSOR_GPU = 0  # NVML_TEMPERATURE_GPU
THRESHOLD_SLOWDOWN = 1  # NVML_TEMPERATURE_THRESHOLD_SLOWDOWN


class Nvml(Reader):
    """One GPU by its index or UUID; of a MIG device the GPU that it is a part of."""

    def __init__(self, index: int, uuid: str) -> None:
        """Start the library and find the GPU."""
        self._nvml = _official()
        try:
            self._nvml.nvmlInit()
            self._gpu = self._found(index, uuid)
        except self._nvml.NVMLError as exc:
            raise ReaderError(f"NVML tells of no GPU {uuid or index}: {exc}") from exc
        self._slowdown = self._ask(
            "nvmlDeviceGetTemperatureThreshold", THRESHOLD_SLOWDOWN
        )

    def channels(self) -> list[Channel]:
        """Return clocks, temperature, margin, limit, then the reasons."""
        found = [
            {"name": "gpu", "quantity": q.CLOCK, "unit": "Hz"},
            {"name": "gpu", "quantity": q.BUSY, "unit": ""},
            {"name": "gpu memory", "quantity": q.CLOCK, "unit": "Hz"},
            {"name": "gpu", "quantity": q.TEMPERATURE, "unit": "°C"},
            {"name": "gpu", "quantity": q.MARGIN, "unit": "K"},
            {"name": "gpu", "quantity": q.POWER_LIMIT, "unit": "W"},
        ]
        for name, _ in REASONS:
            found.append({"name": name, "quantity": q.THROTTLE, "unit": ""})
        return found

    def read(self) -> list[float | None]:
        """Return what the driver tells now."""
        celsius = self._celsius()
        reasons = self._reasons()
        return [
            _times(self._ask("nvmlDeviceGetClockInfo", CLOCK_SM), 1e6),
            None if reasons is None else float(not reasons & IDLE),
            _times(self._ask("nvmlDeviceGetClockInfo", CLOCK_MEMORY), 1e6),
            _times(celsius, 1.0),
            difference(self._slowdown, celsius),
            _times(self._ask("nvmlDeviceGetEnforcedPowerLimit"), 1e-3),
            *(None if reasons is None else float(bool(reasons & bit))
              for _, bit in REASONS),
        ]  # fmt: skip

    def close(self) -> None:
        """End the library."""
        self._nvml.nvmlShutdown()

    def _found(self, index: int, uuid: str) -> Any:
        if not uuid:
            return self._nvml.nvmlDeviceGetHandleByIndex(index)
        found = self._nvml.nvmlDeviceGetHandleByUUID(uuid)
        if uuid.startswith("MIG-"):
            return self._nvml.nvmlDeviceGetDeviceHandleFromMigDeviceHandle(found)
        return found

    def _celsius(self) -> int | None:
        found = self._ask("nvmlDeviceGetTemperature", SENSOR_GPU)
        if found is None:  # CUDA 14 is to end the old name
            found = self._ask("nvmlDeviceGetTemperatureV", SENSOR_GPU)
        return found

    def _reasons(self) -> int | None:
        found = self._ask("nvmlDeviceGetCurrentClocksEventReasons")
        if found is None:  # drivers before 535 know it by its old name
            found = self._ask("nvmlDeviceGetCurrentClocksThrottleReasons")
        return found

    def _ask(self, name: str, *arguments: int) -> int | None:
        """Return what a function of NVML tells, None where it refuses."""
        function: Callable[..., int] | None = getattr(self._nvml, name, None)
        if function is None:
            return None
        try:
            return function(self._gpu, *arguments)
        except self._nvml.NVMLError:
            return None


def _official() -> Any:
    """Return NVIDIA's module.

    Raises:
        ReaderError: it is missing, or the module is another one of its name.
    """
    try:
        import pynvml
    except ImportError as exc:
        raise ReaderError("nvidia-ml-py is not installed in this Python") from exc
    if not hasattr(pynvml, "_nvmlGetFunctionPointer"):
        raise ReaderError(
            "the module pynvml is not NVIDIA's; uninstall it, install nvidia-ml-py"
        )
    return pynvml


def _times(value: int | None, factor: float) -> float | None:
    return None if value is None else value * factor


def open_reader(options: dict[str, Any]) -> Reader:
    """Open a reader; ``index`` is the GPU's number, 0 unless told, or ``uuid``."""
    return Nvml(int(options.get("index", 0)), str(options.get("uuid", "")))
