"""Energy and power of an NVIDIA GPU by NVML.

Needs NVIDIA's own distribution ``nvidia-ml-py``; others of the module ``pynvml`` are
refused. The energy counter (Volta and newer) comes first, then the instant power, by
the fields 186 and 185 with their scopes: the GPU's card, or a superchip's module.
``nvmlDeviceGetPowerUsage``, which on most GPUs is an average over a second, is read
only where the fields are not known.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from ...harness.device.reader import Channel, Reader, ReaderError

AVERAGE, INSTANT = 185, 186  # NVML_FI_DEV_POWER_AVERAGE, NVML_FI_DEV_POWER_INSTANT
GPU, MODULE = 0, 1  # NVML_POWER_SCOPE_GPU, NVML_POWER_SCOPE_MODULE
VALUES = ("dVal", "uiVal", "ulVal", "ullVal", "sllVal", "siVal", "usVal")
"""The member of a field's value by ``nvmlValueType_t``."""

UPDATE_NS = 100_000_000
SECOND_NS = 1_000_000_000
SOURCE = "NVIDIA's documentation of NVML: within 5 % of the power drawn"
QUARTER = ("A100", "A800", "H100", "H200", "H800", "GH200")
"""GPUs seen to sample 25 ms of every 100 ms (arXiv 2312.02741)."""


class Kind(NamedTuple):
    """One number; ``field`` is None for a function of its own."""

    quantity: str
    name: str
    field: int | None
    scope: int
    unit: str


class Nvml(Reader):
    """One GPU by its index: what of its power and energy its driver tells."""

    def __init__(self, index: int, uuid: str) -> None:
        """Start the library, find the GPU and try what it tells."""
        self._nvml = _official()
        self._label = uuid or str(index)
        try:
            self._nvml.nvmlInit()
            self._gpu = self._found(index, uuid)
            name = self._nvml.nvmlDeviceGetName(self._gpu)
        except self._nvml.NVMLError as exc:
            raise ReaderError(f"NVML tells of no GPU {self._label}: {exc}") from exc
        self._name = name.decode() if isinstance(name, bytes) else str(name)
        told = [kind for kind in _KINDS if self._value(kind) is not None]
        self._kinds = [kind for kind in told if not _superseded(kind, told)]
        if not self._kinds:
            raise ReaderError(f"{self._name} tells neither power nor energy")

    def _found(self, index: int, uuid: str) -> Any:
        """Return the GPU; of a MIG device the one that it is a part of."""
        if not uuid:
            return self._nvml.nvmlDeviceGetHandleByIndex(index)
        found = self._nvml.nvmlDeviceGetHandleByUUID(uuid)
        if uuid.startswith("MIG-"):
            return self._nvml.nvmlDeviceGetDeviceHandleFromMigDeviceHandle(found)
        return found

    def channels(self) -> list[Channel]:
        """Return the counter and the powers that this GPU tells."""
        return [
            {"name": kind.name, "quantity": kind.quantity, "unit": kind.unit}
            for kind in self._kinds
        ]

    def read(self) -> list[float | None]:
        """Return what the driver tells now."""
        return [self._value(kind) for kind in self._kinds]

    def specifications(self) -> list[dict[str, Any] | None]:
        """Return the card as a module, a superchip's module as a board of its own."""
        # An RTX A1000 is no A100.
        quarter = re.search(rf"({'|'.join(QUARTER)})(?!\d)", self._name) is not None
        note = "GPU {}, {}; {}".format(
            self._label,
            self._name,
            "its sensor looks at a quarter of the time (arXiv 2312.02741)"
            if quarter
            else "taken to look all the time: no measurement of this GPU is known",
        )
        return [
            {
                "meter": "nvml",
                "channel": kind.name,
                "scope": "board" if kind.scope == MODULE else "module",
                "update_ns": UPDATE_NS,
                "gain": 0.05,
                "source": SOURCE,
                "sampled_fraction": 0.25 if quarter else 1.0,
                "memory_ns": SECOND_NS if kind.field != INSTANT else UPDATE_NS,
                "quantum_j": 1e-3 if kind.quantity == "energy" else 0.0,
                "note": note,
            }
            for kind in self._kinds
        ]

    def close(self) -> None:
        """End the library."""
        self._nvml.nvmlShutdown()

    def _value(self, kind: Kind) -> float | None:
        """Return one number in its unit, None where the driver refuses it."""
        nvml, field = self._nvml, kind.field
        try:
            if kind.quantity == "energy":
                return float(nvml.nvmlDeviceGetTotalEnergyConsumption(self._gpu)) / 1e3
            if field is None:
                return float(nvml.nvmlDeviceGetPowerUsage(self._gpu)) / 1e3
            told = nvml.nvmlDeviceGetFieldValues(self._gpu, [(field, kind.scope)])[0]
        except nvml.NVMLError:
            return None
        if told.nvmlReturn != nvml.NVML_SUCCESS or told.valueType >= len(VALUES):
            return None
        return float(getattr(told.value, VALUES[told.valueType])) / 1e3


_KINDS: list[Kind] = [
    Kind("energy", "gpu", None, GPU, "J"),
    Kind("power", "gpu instant", INSTANT, GPU, "W"),
    Kind("power", "gpu average", AVERAGE, GPU, "W"),
    Kind("power", "power usage", None, GPU, "W"),
    Kind("power", "module instant", INSTANT, MODULE, "W"),
    Kind("power", "module average", AVERAGE, MODULE, "W"),
]


def _superseded(kind: Kind, told: list[Kind]) -> bool:
    """Return whether a newer way tells the same power: instant before average."""
    powers = [other for other in told if other.quantity == "power"]
    fields = {other.field for other in powers if other.scope == kind.scope}
    if kind.quantity == "energy":
        return False
    if kind.field is None:
        return bool(fields - {None})
    return kind.field == AVERAGE and INSTANT in fields


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


def open_reader(options: dict[str, Any]) -> Reader:
    """Open a reader; ``index`` is the GPU's number, 0 unless told, or ``uuid``."""
    return Nvml(int(options.get("index", 0)), str(options.get("uuid", "")))
