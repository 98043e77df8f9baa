"""Energy and power of an AMD accelerator by AMD's ``amdsmi``.

The module comes with ROCm and must match it. The energy counter counts in steps of
``counter_resolution`` uJ; of the powers the first that is known counts, since which one
a GPU tells depends on its generation.
"""

from __future__ import annotations

from typing import Any

from ...harness.device.reader import Channel, Reader, ReaderError

POWERS = ("current_socket_power", "socket_power", "average_socket_power")
ASSUMED = "assumed: AMD states no accuracy"
ROUNDED_W = 0.5
"""Powers come in whole watts."""

UPDATE_NS = 100_000_000


class AmdGpu(Reader):
    """One GPU by its index among those that ``amdsmi`` lists."""

    def __init__(self, index: int) -> None:
        """Start the library, find the GPU and try what it tells."""
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
        tried = (("energy", self._energy_j), ("power", self._power_w))
        self._known = [(name, ask) for name, ask in tried if ask() is not None]
        if not self._known:
            raise ReaderError(f"GPU {index} tells neither power nor energy")

    def channels(self) -> list[Channel]:
        """Return the counter and the power, as far as the GPU tells them."""
        return [
            {"name": "gpu", "quantity": name, "unit": "J" if name == "energy" else "W"}
            for name, _ in self._known
        ]

    def read(self) -> list[float | None]:
        """Return what the driver tells now."""
        return [ask() for _, ask in self._known]

    def specifications(self) -> list[dict[str, Any] | None]:
        """Return the socket as a module."""
        return [
            {
                "meter": "amdsmi",
                "channel": "gpu",
                "scope": "module",
                "update_ns": UPDATE_NS,
                "gain": 0.05,
                "source": ASSUMED,
                "quantum_j": self._step_j if name == "energy" else 0.0,
                "offset_w": 0.0 if name == "energy" else ROUNDED_W,
                "memory_ns": UPDATE_NS,
            }
            for name, _ in self._known
        ]

    def close(self) -> None:
        """End the library."""
        self._smi.amdsmi_shut_down()

    def _energy_j(self) -> float | None:
        try:
            told = self._smi.amdsmi_get_energy_count(self._gpu)
        except self._smi.AmdSmiException:
            return None
        count = told.get("energy_accumulator", told.get("power"))
        self._step_j = float(told["counter_resolution"]) * 1e-6
        return float(count) * self._step_j if count else None

    def _power_w(self) -> float | None:
        try:
            told = self._smi.amdsmi_get_power_info(self._gpu)
        except self._smi.AmdSmiException:
            return None
        found = [told.get(key) for key in POWERS]
        known = [value for value in found if isinstance(value, (int, float)) and value]
        return float(known[0]) if known else None


def open_reader(options: dict[str, Any]) -> Reader:
    """Open a reader; ``index`` is the GPU's number, 0 unless told."""
    return AmdGpu(int(options.get("index", 0)))
