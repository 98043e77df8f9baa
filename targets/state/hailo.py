"""A Hailo-8's temperature and throttling, by HailoRT's Python interface.

Written from the published sources of HailoRT 4.23 (branch ``hailo8``); it has not run
on a device. ``get_throttling_state`` tells whether the chip may protect itself by
throttling, not whether it does so: that is the level in its health information, -1
while it runs at full speed, and the zone of its current, 0 while that is safe.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...harness.device import quantities as q
from ...harness.device.reader import Channel, Reader, ReaderError


class Hailo(Reader):
    """One Hailo-8, the first of the machine or the one with an id."""

    def __init__(self, device_id: str | None) -> None:
        """Open the device for control; inference goes on beside it."""
        try:
            import hailo_platform
        except Exception as exc:  # it also refuses a library of another version
            raise ReaderError(f"hailo_platform cannot be imported: {exc!r}") from exc
        try:
            self._device = hailo_platform.Device(device_id)
        except Exception as exc:
            raise ReaderError(f"no Hailo device can be opened: {exc!r}") from exc
        self._control = self._device.control

    def channels(self) -> list[Channel]:
        """Return two temperatures, whether it may throttle, and whether it does."""
        return [
            {"name": "hailo sensor 0", "quantity": q.TEMPERATURE, "unit": "°C"},
            {"name": "hailo sensor 1", "quantity": q.TEMPERATURE, "unit": "°C"},
            {"name": "hailo", "quantity": q.PROTECTION, "unit": ""},
            {"name": "hailo temperature", "quantity": q.THROTTLE, "unit": ""},
            {"name": "hailo over-current", "quantity": q.THROTTLE, "unit": ""},
        ]

    def read(self) -> list[float | None]:
        """Return what the chip tells now."""
        chip = _asked(self._control.get_chip_temperature)
        may = _asked(self._control.get_throttling_state)
        health = _asked(getattr(self._control, "_get_health_information", None))
        level = _field(health, "current_temperature_throttling_level")
        return [
            _field(chip, "ts0_temperature"),
            _field(chip, "ts1_temperature"),
            None if may is None else float(bool(may)),
            None if level is None else level + 1,
            _field(health, "current_overcurrent_zone"),
        ]

    def close(self) -> None:
        """Let go of the device."""
        self._device.release()


def _asked(question: Callable[[], Any] | None) -> Any:
    """Return an answer, None where this firmware refuses the question."""
    try:
        return question() if question else None
    except Exception:
        return None


def _field(told: Any, name: str) -> float | None:
    value = getattr(told, name, None)
    return None if value is None else float(value)


def open_reader(options: dict[str, Any]) -> Reader:
    """Open a reader; ``device_id`` picks one of several devices."""
    return Hailo(options.get("device_id"))
