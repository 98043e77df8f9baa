"""An AMD accelerator's clocks, temperature and throttling, by AMD's ``amdsmi``.

The module comes with ROCm and must match it. One call, ``amdsmi_get_gpu_metrics_info``,
tells all; what a GPU does not know is "N/A" in it. The counters ``*_residency_acc``
grow while the GPU is held back for that reason.
"""

from __future__ import annotations

from typing import Any

from ...harness.device import quantities as q
from ...harness.device.reader import Channel, Reader, ReaderError

CLOCKS = (("gpu", "current_gfxclks", "current_gfxclk"),
          ("gpu memory", None, "current_uclk"))  # fmt: skip
COUNTERS = (
    ("gpu processor hot", "prochot_residency_acc"),
    ("gpu power cap", "ppt_residency_acc"),
    ("gpu socket thermal", "socket_thm_residency_acc"),
    ("gpu voltage regulator thermal", "vr_thm_residency_acc"),
    ("gpu memory thermal", "hbm_thm_residency_acc"),
)


class AmdGpu(Reader):
    """One GPU by its index among those that ``amdsmi`` lists."""

    def __init__(self, index: int) -> None:
        """Start the library and find the GPU."""
        try:
            import amdsmi
        except Exception as exc:  # without ROCm the module raises KeyError
            raise ReaderError(f"amdsmi cannot be imported: {exc!r}") from exc
        self._smi = amdsmi
        try:
            amdsmi.amdsmi_init()
            self._gpu = amdsmi.amdsmi_get_processor_handles()[index]
        except (amdsmi.AmdSmiException, IndexError) as exc:
            raise ReaderError(f"amdsmi tells of no GPU {index}: {exc}") from exc

    def channels(self) -> list[Channel]:
        """Return clocks and temperature, then throttling."""
        found = [{"name": n, "quantity": q.CLOCK, "unit": "Hz"} for n, _, _ in CLOCKS]
        found.append({"name": "gpu", "quantity": q.TEMPERATURE, "unit": "°C"})
        found.append(
            {"name": "gpu throttle status", "quantity": q.THROTTLE, "unit": ""}
        )
        for name, _ in COUNTERS:
            found.append({"name": name, "quantity": q.THROTTLE_COUNT, "unit": ""})
        return found

    def read(self) -> list[float | None]:
        """Return what the driver tells now."""
        try:
            told = self._smi.amdsmi_get_gpu_metrics_info(self._gpu)
        except self._smi.AmdSmiException:
            return [None] * len(self.channels())
        status = [
            _number(told.get(k)) for k in ("indep_throttle_status", "throttle_status")
        ]
        known = [value for value in status if value is not None]
        return [
            *(_clock(told, several, one) for _, several, one in CLOCKS),
            _number(told.get("temperature_hotspot")),
            known[0] if known else None,
            *(_number(told.get(key)) for _, key in COUNTERS),
        ]

    def close(self) -> None:
        """End the library."""
        self._smi.amdsmi_shut_down()


def _clock(told: dict[str, Any], several: str | None, one: str) -> float | None:
    """Return the highest of a GPU's clocks in Hz: its dies have one each."""
    clocks = told.get(several) if several else None
    listed = [_number(each) for each in clocks] if isinstance(clocks, list) else []
    known = [each for each in (*listed, _number(told.get(one))) if each]
    return max(known) * 1e6 if known else None


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None


def open_reader(options: dict[str, Any]) -> Reader:
    """Open a reader; ``index`` is the GPU's number, 0 unless told."""
    return AmdGpu(int(options.get("index", 0)))
