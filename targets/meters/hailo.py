"""Power of a Hailo module, averaged by the chip itself, through HailoRT.

Written from the published sources of HailoRT 4.23 (branch ``hailo8``) and 5.2; it has
not run on a device. The chip averages 16 samples of 1.1 ms, renewed every 35 ms;
modules without a current monitor are refused.
"""

from __future__ import annotations

from typing import Any

from ...harness.device.reader import Channel, Reader, ReaderError

SAMPLE_NS = 1_100_000
AVERAGED = 16
UPDATE_NS = 2 * SAMPLE_NS * AVERAGED
ASSUMED = "assumed: Hailo states no accuracy"


class Hailo(Reader):
    """One Hailo-8, the first of the machine or the one with an id."""

    def __init__(self, device_id: str | None) -> None:
        """Open the device for control and let it average its power."""
        try:
            import hailo_platform
        except Exception as exc:  # it also refuses a library of another version
            raise ReaderError(f"hailo_platform cannot be imported: {exc!r}") from exc
        try:
            self._device = hailo_platform.Device(device_id)
            self._control = self._device.control
            self._index = self._begin(hailo_platform)
        except ReaderError:
            raise
        except Exception as exc:
            raise ReaderError(f"no Hailo device tells its power: {exc!r}") from exc

    def _begin(self, api: Any) -> Any:
        features = self._control.get_extended_device_information().supported_features
        # HailoRT 5 tells apart what a module can measure.
        can = getattr(features, "power_measurement", features.current_monitoring)
        if not can:
            raise ReaderError("this Hailo module has no current monitor")
        index = api.MeasurementBufferIndex.MEASUREMENT_BUFFER_INDEX_0
        self._control.stop_power_measurement()
        self._control.set_power_measurement(
            index, api.DvmTypes.AUTO, api.PowerMeasurementTypes.POWER
        )
        self._control.start_power_measurement(
            api.AveragingFactor.AVERAGE_16, api.SamplingPeriod.PERIOD_1100us
        )
        return index

    def channels(self) -> list[Channel]:
        """Return the module's power."""
        return [{"name": "module", "quantity": "power", "unit": "W"}]

    def read(self) -> list[float | None]:
        """Return the mean since the last reading; None where nothing is new."""
        told = self._control.get_power_measurement(self._index, should_clear=True)
        if not told.total_number_of_samples:
            return [None]
        return [float(told.average_value)]

    def specifications(self) -> list[dict[str, Any] | None]:
        """Return the module's current monitor."""
        return [
            {
                "meter": "hailo",
                "channel": "module",
                "scope": "module",
                "update_ns": UPDATE_NS,
                "gain": 0.05,
                "source": ASSUMED,
            }
        ]

    def close(self) -> None:
        """End averaging and let go of the device."""
        try:
            self._control.stop_power_measurement()
        finally:
            self._device.release()


def open_reader(options: dict[str, Any]) -> Reader:
    """Open a reader; ``device_id`` picks one of several devices."""
    return Hailo(options.get("device_id") or None)
