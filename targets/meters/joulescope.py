"""A Joulescope (JS110, JS220, JS320) in the supply line, by ``pyjoulescope_driver``.

The instrument integrates by itself and sends a mean power for each of its periods.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import numpy as np

from ...harness.errors import MeterError
from ...harness.meter import Load, PowerMeter, Recording, Scope, Specification
from ...harness.option import Option
from ...harness.values import Series, Setting
from .pin import Pin

RATE_HZ = 50
SAMPLES_PER_S = 1_000_000
JS110_UPDATE_NS = 500_000_000
"""Its own statistics come twice a second, whatever is asked."""

INPUTS = ("none", "gpi0", "gpi1", "gpi2", "gpi3")

CLOCK_ERROR_NS = 10_000_000
"""How late statistics reach the host, beyond the earliest: USB and scheduling."""


class Joulescope(PowerMeter):
    """One instrument; what its supply line feeds is told by the sweep."""

    name = "joulescope"
    options = (
        Option(
            name="scope",
            kind=str,
            default=Scope.BOARD.value,
            help="what the supply line feeds",
            choices=tuple(scope.value for scope in Scope),
        ),
        Option(
            name="device", kind=str, default="", help="its path; empty: the only one"
        ),
        Option(
            name="marks",
            kind=str,
            default="none",
            help="the input that a pin of the board is on, which marks its work",
            choices=INPUTS,
        ),
    )
    required = ("scope",)

    def __init__(
        self, settings: Mapping[str, Setting] | None = None, python: str | None = None
    ) -> None:
        """Keep the options; the instrument is opened when it is asked."""
        super().__init__(settings, python)
        self._driver: Any = None
        self._path = ""
        self._told: list[tuple[int, float, float]] = []
        self._pin = Pin()

    def specifications(self) -> tuple[Specification, ...]:
        """Return the one channel; the first call opens the instrument.

        Raises:
            MeterError: there is none, or more than one.
        """
        if self._driver is None:
            self._open()
        return (
            Specification(
                meter=self.name,
                channel=self._path,
                scope=Scope(str(self.settings["scope"])),
                update_ns=self._update_ns,
                gain=0.01,
                source="assumed: above what its maker states for currents over 10 mA",
            ),
        )

    def start(self) -> None:
        """Let the instrument send its statistics."""
        self._told.clear()
        self._pin = Pin()
        try:
            if self._is_js110:
                self._driver.publish(f"{self._path}/s/i/range/select", "auto")
            else:
                self._driver.publish(f"{self._path}/s/i/range/mode", "auto")
                count = SAMPLES_PER_S // RATE_HZ
                self._driver.publish(f"{self._path}/s/stats/scnt", count)
                self._driver.publish(f"{self._path}/s/stats/ctrl", 1)
            self._driver.subscribe(self._topic, "pub", self._take)
            if self._input:
                self._driver.subscribe(f"{self._input}/!data", "pub", self._see)
                self._driver.publish(f"{self._input}/ctrl", 1)
        except Exception as exc:  # the driver raises what its library returned
            raise MeterError(f"{self._path!r} cannot be started: {exc!r}") from exc

    def stop(self, load: Load) -> tuple[Recording, ...]:
        """Return the powers; samples count the time, and the earliest sets the clock.

        Raises:
            MeterError: the instrument sent nothing.
        """
        try:
            if self._input:
                self._driver.publish(f"{self._input}/ctrl", 0)
                self._driver.unsubscribe(f"{self._input}/!data", self._see)
            self._driver.unsubscribe(self._topic, self._take)
        except Exception as exc:  # it was unplugged, say
            raise MeterError(f"{self._path!r} cannot be stopped: {exc!r}") from exc
        if len(self._told) < 2:
            raise MeterError(f"{self._path!r} sent nothing; is it connected?")
        arrived, ended_s, power_w = np.array(self._told, dtype=np.float64).T
        own_ns = (ended_s - ended_s[0]) * 1e9
        series = Series(
            quantity="power",
            unit="W",
            values=power_w,
            times=np.round(own_ns).astype(np.int64),
        )
        return (
            Recording(
                specification=self.specifications()[0],
                series=series,
                clock_offset_ns=int((arrived - own_ns).min()),
                clock_error_ns=CLOCK_ERROR_NS,
                clock="its samples counted, from the statistics that came earliest",
                falls_ns=self._falls_ns(ended_s[0]),
            ),
        )

    def close(self) -> None:
        """Let go of the instrument."""
        driver, self._driver = self._driver, None
        if driver is not None:
            with suppress(Exception):  # nothing can be done about it any more
                driver.finalize()

    def _open(self) -> None:
        try:
            from pyjoulescope_driver import Driver
        except ImportError as exc:
            raise MeterError(
                "pyjoulescope-driver is not installed; pip install "
                "'tierbench[joulescope]'"
            ) from exc
        try:
            self._driver = Driver()
            self._path = self._chosen(list(self._driver.device_paths()))
            self._driver.open(self._path)
        except MeterError:
            self.close()
            raise
        except Exception as exc:
            self.close()
            raise MeterError(f"no Joulescope can be opened: {exc!r}") from exc

    def _chosen(self, paths: list[str]) -> str:
        wanted = str(self.settings["device"])
        found = [path for path in paths if wanted in ("", path)]
        if len(found) != 1:
            listed = ", ".join(paths) or "none"
            raise MeterError(
                f"{len(found)} Joulescopes match device {wanted!r}; connected: {listed}"
            )
        return found[0]

    def _take(self, _: str, told: Mapping[str, Any]) -> None:
        """Keep one message of statistics, in the driver's thread."""
        now_ns = time.monotonic_ns()
        samples, rate = told["time"]["samples"], told["time"]["sample_freq"]
        power_w = told["signals"]["power"]["avg"]["value"]
        self._told.append((now_ns, samples["value"][1] / rate["value"], power_w))

    def _see(self, _: str, told: Mapping[str, Any]) -> None:
        """Keep one message of the input's samples, in the driver's thread."""
        self._pin.take(told)

    def _falls_ns(self, origin_s: float) -> tuple[int, ...] | None:
        if not self._input:
            return None
        return tuple(round(1e9 * (fall - origin_s)) for fall in self._pin.falls_s())

    @property
    def _input(self) -> str:
        """Return the topic of the input that marks come on, empty for none."""
        marks = str(self.settings["marks"])
        return "" if marks == "none" else f"{self._path}/s/gpi/{marks[-1]}"

    @property
    def _is_js110(self) -> bool:
        return "js110" in self._path

    @property
    def _update_ns(self) -> int:
        return JS110_UPDATE_NS if self._is_js110 else 1_000_000_000 // RATE_HZ

    @property
    def _topic(self) -> str:
        kind = "sstats" if self._is_js110 else "stats"
        return f"{self._path}/s/{kind}/value"
