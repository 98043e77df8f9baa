"""What the projection needs to know of a device: from the catalogue, or as quoted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ....harness.errors import NotFound
from ...catalogue.device import Device, device_names, find_device

SPARSE_SHARE = 0.5
"""Dense peak over the one with 2:4 sparsity, by the usual convention."""

QUOTED: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "hailo15h": {"int8": 20e12},
        "hailo15m": {"int8": 11e12},
        "hailo15l": {"int8": 7e12},
        "jetson-agx-orin": {"bandwidth": 204.8e9},
        "jetson-orin-nx": {"int8": 30e12, "dla_int8": 20e12, "bandwidth": 102.4e9},
    }
)
"""Dense operations and bytes a second that are commonly quoted; no source was found."""

TARGETS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "hailo": ("hailo",),
        "coral": ("coral",),
        "jetson": ("jetson",),
        "nvidia": ("nvidia", "nvidia-onnxruntime"),
        "amd": ("amd",),
    }
)
"""The targets whose devices a projector answers for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speeds:
    """A device's dense peaks by precision, its bandwidth and what is only quoted."""

    name: str
    peaks: Mapping[str, float]
    bandwidth: float | None
    quoted: tuple[str, ...]

    def peak(self, precision: str) -> float | None:
        """Return operations per second in a precision; fp16 has half of int8's."""
        if precision in self.peaks:
            return self.peaks[precision]
        if precision == "fp16" and "int8" in self.peaks:
            return self.peaks["int8"] / 2
        return None


def names_of(projector: str) -> tuple[str, ...]:
    """Return the devices that a projector answers for, sorted."""
    own = {
        name
        for name in device_names()
        if find_device(name).target in TARGETS[projector]
    }
    own |= {name for name in QUOTED if name.startswith(projector)}
    return tuple(sorted(own))


def speeds(name: str) -> Speeds:
    """Return what is known of a device by the name that `names_of` lists."""
    quoted = QUOTED.get(name, {})
    try:
        device = find_device(name)
    except NotFound:
        device = None
    peaks = {} if device is None else dict(_dense(device))
    used = [key for key in quoted if key != "bandwidth" and key not in peaks]
    peaks |= {key: quoted[key] for key in used}
    bandwidth = None if device is None else device.bandwidth_bytes_per_s
    if bandwidth is None and "bandwidth" in quoted:
        bandwidth = quoted["bandwidth"]
        used.append("bandwidth")
    return Speeds(name=name, peaks=peaks, bandwidth=bandwidth, quoted=tuple(used))


def _dense(device: Device) -> Mapping[str, float]:
    sparse = {k: v * SPARSE_SHARE for k, v in device.peak_sparse_ops_per_s.items()}
    return {**sparse, **device.peak_ops_per_s}
