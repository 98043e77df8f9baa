"""Seconds for one sample on a GPU: compute or weights, and what a call costs.

    seconds = (call / batch + max(compute, weights / batch)) x network
    compute = 2 x multiply-accumulates / (peak x efficiency x device)
    weights = parameters x bytes / bandwidth

With a small batch the efficiency is lower by ``small`` / batch in logarithms.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .devices import Speeds, speeds
from .rows import JETSON, OFFLINE, Row
from .work import PLAIN, SEPARABLE, Work

PRIORS: Mapping[str, tuple[float, float]] = {
    "efficiency": (float(np.log(0.4)), 0.3),
    "small": (-0.15, 0.25),
    "call nvidia": (float(np.log(250e-6)), 0.35),
    "call jetson": (float(np.log(450e-6)), 0.35),
}
"""Means and standard deviations in logarithms, before rows speak.

A call is some sixty kernels of four microseconds, and a Jetson's processor takes about
twice that; few networks are published, and only ResNet-50 is small enough to tell.
"""
DEVIATIONS: Mapping[str, float] = {"device": 0.25, "network": 0.25, "pair": 0.15}
"""Of effects before rows speak: a device, a network, how well one suits the other."""
PRECISIONS: Mapping[int, str] = {8: "int8", 16: "fp16"}
DEFAULT_BITS = 8
ENDLESS = float("inf")
"""The batch of a throughput with the best batching."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked for: a network's work on a device, with a batch.

    ``network`` is None for one that was not fitted. ``peak`` are operations a second.
    """

    device: str
    peak: float
    bandwidth: float | None
    jetson: bool
    work: Work
    batch: float
    network: str | None = None

    @property
    def members(self) -> Mapping[str, str]:
        """Return which member of each kind of effect it has."""
        return {
            "device": self.device,
            "network": str(self.network),
            "pair": f"{self.device} {self.network}",
        }


def asked_of(
    device: str, work: Work, scenario: str, batch: float | None, network: str | None
) -> Asked | str:
    """Return what is asked for, or why nothing can be said."""
    found = speeds(device)
    bits = work.bits or DEFAULT_BITS
    if bits not in PRECISIONS:
        return (
            f"it computes in {bits} bits; published were int8 and fp16: quantise it, "
            "or tell in --profile the weight_bits and activation_bits of what will run"
        )
    peak = _peak(found, bits, work, scenario)
    if peak is None:
        return f"how much {device} computes in {PRECISIONS[bits]} at most is not known"
    return Asked(
        device=device,
        peak=peak,
        bandwidth=found.bandwidth,
        jetson=device.startswith(JETSON),
        work=work,
        batch=batch or (ENDLESS if scenario == OFFLINE else 1.0),
        network=network,
    )


def _peak(found: Speeds, bits: int, work: Work, scenario: str) -> float | None:
    """Return the GPU's peak, and the DLAs' beside it for int8 convolutions offline."""
    peak = found.peak(PRECISIONS[bits])
    if peak is None or bits != DEFAULT_BITS or scenario != OFFLINE:
        return peak
    if work.kind in (PLAIN, SEPARABLE, None):
        return peak + found.peaks.get("dla_int8", 0.0)
    return peak


def log_seconds(told: Mapping[str, float], asked: Asked) -> float:
    """Return the logarithm of the seconds for one sample."""
    efficiency = told["efficiency"] + told.get(f"device {asked.device}", 0.0)
    efficiency += told["small"] / asked.batch
    compute = 2 * asked.work.macs / (asked.peak * np.exp(efficiency))
    call = np.exp(told["call jetson" if asked.jetson else "call nvidia"])
    weights = 0.0
    if asked.bandwidth is not None:
        held = asked.work.parameters * (asked.work.bits or DEFAULT_BITS) / 8
        weights = held / asked.bandwidth
    seconds = call / asked.batch + max(compute, weights / asked.batch)
    effects = [told.get(f"{k} {asked.members[k]}", 0.0) for k in ("network", "pair")]
    return float(np.log(seconds) + sum(effects))


def asked_of_row(row: Row) -> Asked:
    """Return what a published row is of.

    Raises:
        ValueError: nothing can be said of it.
    """
    found = asked_of(row.device, row.work, row.scenario, None, row.network)
    if isinstance(found, str):
        raise ValueError(f"{row.network} on {row.device}: {found}")
    return found
