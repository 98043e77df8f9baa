"""Seconds for one sample on an Edge TPU: a call, compute, and weights that do not fit.

    seconds = ((call + multiply-accumulates / rate) x network + streamed / link) x board

``streamed`` is what of the weights, a byte each, lies beyond the 8 MB on the chip and
comes over the link at every call.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .rows import Row
from .work import Work

ON_CHIP_BYTES = 8e6
"""For weights: 8 MB of 8 MiB; the rest holds the program and activations."""
PRIORS: Mapping[str, tuple[float, float]] = {
    "call": (float(np.log(1.5e-3)), 0.5),
    "rate": (float(np.log(0.8e12)), 0.5),
    "link": (float(np.log(350e6)), 0.5),
}
"""Means and standard deviations in logarithms, before rows speak: a round trip over
USB, 0.4 of the peak of 4e12 operations, and what is left of USB 3's 500 MB/s."""
DEVIATIONS: Mapping[str, float] = {"board": 0.2, "network": 0.3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked for; ``network`` is None for one that was not fitted."""

    device: str
    work: Work
    network: str | None = None

    @property
    def members(self) -> Mapping[str, str]:
        """Return which member of each kind of effect it has."""
        return {"board": self.device, "network": str(self.network)}

    @property
    def streamed_bytes(self) -> float:
        """Return the weights that do not fit onto the chip."""
        return max(self.work.parameters - ON_CHIP_BYTES, 0.0)


def log_seconds(told: Mapping[str, float], asked: Asked) -> float:
    """Return the logarithm of the seconds for one sample."""
    network = np.exp(told.get(f"network {asked.network}", 0.0))
    inside = np.exp(told["call"]) + asked.work.macs / np.exp(told["rate"])
    streamed = asked.streamed_bytes / np.exp(told["link"])
    board = told.get(f"board {asked.device}", 0.0)
    return float(np.log(inside * network + streamed) + board)


def asked_of_row(row: Row) -> Asked:
    """Return what a published row is of."""
    return Asked(device=row.device, work=row.work, network=row.network)
