"""An accelerator or a server card: what the catalogue, or a person's own file, tells.

``find_device`` takes a name of the catalogue or the path of a TOML file::

    name = "my-card"
    title = "My Card 16 GB"
    vendor = "Me"
    tier = "accelerator"          # or "server"
    target = "nvidia"             # the target that runs on it
    link = "pcie"                 # from here on all may be left out
    memory_bytes = 17_179_869_184
    on_chip_bytes = 8_388_608
    bandwidth_bytes_per_s = 3e11
    typical_power_w = 12
    tdp_w = 72

    [peak_ops_per_s]              # dense, 2 operations per multiply-accumulate
    int8 = 26e12

    [peak_sparse_ops_per_s]       # with 2:4 sparsity
    int8 = 52e12

    [power_modes.15W]             # what differs in a power mode
    power_w = 15
    bandwidth_bytes_per_s = 68e9
    peak_sparse_ops_per_s = { int8 = 40e12 }

and the tables ``price``, ``sources`` and ``unknown`` of `facts`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .facts import (
    TABLES,
    Price,
    Problems,
    find,
    key_problems,
    names,
    number,
    price_of,
    read_facts,
    reasons,
    text,
    told_problems,
    value_problems,
)

CATALOGUE = Path(__file__).parent / "devices"

PRECISIONS = ("fp32", "tf32", "fp16", "bf16", "fp8", "int8", "int4", "dla_int8")
"""``dla_int8`` is what Jetson's deep-learning accelerators do beside the GPU."""
LINKS = ("oam", "pcie", "soc", "sxm", "usb3")
"""How the host reaches it; ``soc`` is one chip with the host's processor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerMode:
    """What a device does in one of its power modes; what is not told is None or empty.

    Operations count 2 per multiply-accumulate.
    """

    power_w: float | None = None
    bandwidth_bytes_per_s: float | None = None
    peak_ops_per_s: Mapping[str, float] = field(default_factory=dict)
    peak_sparse_ops_per_s: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One device; what is None or absent has its reason in ``unknown``.

    ``target`` is the name of the target that runs on it. Peaks are operations per
    second by precision (``PRECISIONS``), 2 per multiply-accumulate: dense, and with
    2:4 sparsity, in the mode of most power. ``memory_bytes`` is memory of its own,
    ``on_chip_bytes`` what holds weights or activations on the chip: the last cache of
    a GPU. ``typical_power_w`` is what the maker calls typical, ``tdp_w`` the limit.
    ``sources`` maps a field, or ``field.precision``, to where it comes from.
    """

    name: str
    title: str
    vendor: str
    tier: str
    target: str
    link: str | None = None
    memory_bytes: int | None = None
    on_chip_bytes: int | None = None
    bandwidth_bytes_per_s: float | None = None
    typical_power_w: float | None = None
    tdp_w: float | None = None
    peak_ops_per_s: Mapping[str, float] = field(default_factory=dict)
    peak_sparse_ops_per_s: Mapping[str, float] = field(default_factory=dict)
    power_modes: Mapping[str, PowerMode] = field(default_factory=dict)
    price: Price | None = None
    sources: Mapping[str, str] = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)


_REQUIRED = (
    text("name"),
    text("title"),
    text("vendor"),
    text("tier", ("accelerator", "server")),
    text("target"),
)
_BANDWIDTH = number("bandwidth_bytes_per_s", float, 1e6, 1e15)
_OPTIONAL = (
    text("link", LINKS),
    number("memory_bytes", int, 1 << 20, 1 << 50),
    number("on_chip_bytes", int, 1 << 10, 1 << 40),
    _BANDWIDTH,
    number("typical_power_w", float, 0.01, 1e5),
    number("tdp_w", float, 0.01, 1e5),
)
_PEAKS = ("peak_ops_per_s", "peak_sparse_ops_per_s")
_PEAK = tuple(number(precision, float, 1e6, 1e18) for precision in PRECISIONS)
_MODE = (number("power_w", float, 0.01, 1e5), _BANDWIDTH)
_TELLABLE = (*(option.name for option in _OPTIONAL), _PEAKS[0], "price")
_BY_PRECISION = tuple(f"{table}.{name}" for table in _PEAKS for name in PRECISIONS)


def find_device(name: str) -> Device:
    """Return the device of that name, or the one that a TOML file describes.

    A name is one of ``device_names()``, in any case, with ``-`` or a space between its
    words; what ends in ``.toml`` is the path of a file.

    Raises:
        NotFound: the catalogue has none of that name.
        InputError: the file cannot be read, or all that is wrong in it.
    """
    return find("device", name, CATALOGUE, read_device)


def device_names() -> tuple[str, ...]:
    """Return the names of the catalogue's devices, sorted."""
    return names(CATALOGUE)


def read_device(path: Path) -> Device:
    """Return the device that a TOML file describes.

    Raises:
        InputError: it cannot be read, or all that is wrong in it, each with its line.
    """
    return _device(read_facts("device", path, _problems), path)


def _problems(content: dict[str, Any]) -> Problems:
    known = [option.name for option in (*_REQUIRED, *_OPTIONAL)]
    known += [*_PEAKS, "power_modes"]
    yield from key_problems(content, _REQUIRED, (*known, *TABLES))
    yield from value_problems((*_REQUIRED, *_OPTIONAL), content)
    yield from _peak_problems(content, ())
    yield from _mode_problems(content.get("power_modes", {}))
    sourced = (*known, "price", *_BY_PRECISION)
    yield from told_problems(content, sourced, (*_TELLABLE, *_BY_PRECISION))


def _peak_problems(content: dict[str, Any], above: tuple[str, ...]) -> Problems:
    for name in _PEAKS:
        table = content.get(name, {})
        place = (*above, name)
        if not isinstance(table, dict):
            yield place, f"must be a table, not {table!r}"
            continue
        for key in table:
            if key not in PRECISIONS:
                yield (*place, key), f"is not known; valid: {', '.join(PRECISIONS)}"
        yield from value_problems(_PEAK, table, place)


def _mode_problems(modes: object) -> Problems:
    if not isinstance(modes, dict):
        yield ("power_modes",), f"must be a table, not {modes!r}"
        return
    valid = (*(option.name for option in _MODE), *_PEAKS)
    for name, mode in modes.items():
        place = ("power_modes", name)
        if not isinstance(mode, dict):
            yield place, f"must be a table, not {mode!r}"
            continue
        for key in mode:
            if key not in valid:
                yield (*place, key), f"is not known; valid: {', '.join(valid)}"
        yield from value_problems(_MODE, mode, place)
        yield from _peak_problems(mode, place)


def _device(content: dict[str, Any], path: Path) -> Device:
    """Return the device of checked content; what is not told gets a reason."""
    told = {k: v for k, v in content.items() if k not in (*TABLES, "power_modes")}
    modes = {
        name: PowerMode(**_numbers(mode))
        for name, mode in content.get("power_modes", {}).items()
    }
    return Device(
        **_numbers(told),
        power_modes=modes,
        price=price_of(content),
        sources=content.get("sources", {}),
        unknown=reasons(content, _TELLABLE, path),
    )


def _numbers(told: dict[str, Any]) -> dict[str, Any]:
    """Return the values with every number that may have a fraction as a float."""
    whole = ("memory_bytes", "on_chip_bytes")
    return {
        name: {key: float(peak) for key, peak in value.items()}
        if name in _PEAKS
        else float(value)
        if isinstance(value, int) and name not in whole
        else value
        for name, value in told.items()
    }
