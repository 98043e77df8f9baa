"""When a digital input of a Joulescope fell, from the stream of its samples.

A message holds samples of one bit, eight in a byte, the first in the lowest bit; its
``sample_id`` counts at the full ``sample_rate``, of which every ``decimate_factor``-th
is kept. Source: jetperch/joulescope_driver, ``pyjoulescope_driver/binding.pyx``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...harness.errors import MeterError

PADDING = 7
"""Bits of a message's last byte that may be no samples."""


class Pin:
    """The falls of one input; a message is read when the next tells its length."""

    def __init__(self) -> None:
        """Begin without a sample."""
        self._held: Mapping[str, Any] | None = None
        self._level = 0
        self._falls_s: list[float] = []
        self._lost = 0

    def take(self, told: Mapping[str, Any]) -> None:
        """Keep one message."""
        held, self._held = self._held, told
        if held is not None:
            count = int(told["sample_id"]) - int(held["sample_id"])
            self._read(held, count // int(held["decimate_factor"]))

    def falls_s(self) -> list[float]:
        """Return when the input fell, in seconds of the instrument's clock.

        Raises:
            MeterError: samples were lost, so that falls may have been missed, or none
                came.
        """
        if self._held is None:
            raise MeterError("the instrument sent no samples of its input")
        held, self._held = self._held, None
        self._read(held, 8 * len(held["data"]) - PADDING)
        if self._lost:
            raise MeterError(
                f"the instrument lost {self._lost} samples of its input: marks may be "
                "missing"
            )
        return self._falls_s

    def _read(self, told: Mapping[str, Any], count: int) -> None:
        bits = np.unpackbits(np.asarray(told["data"], np.uint8), bitorder="little")
        self._lost += max(0, count - len(bits)) if count >= 0 else 1
        bits = bits[: max(0, count)]
        levels = np.concatenate([np.array([self._level], np.uint8), bits])
        if len(bits):
            self._level = int(bits[-1])
        places = np.flatnonzero((levels[:-1] == 1) & (levels[1:] == 0))
        ids = int(told["sample_id"]) + places * int(told["decimate_factor"])
        self._falls_s += [float(one) / float(told["sample_rate"]) for one in ids]
