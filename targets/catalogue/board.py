"""A microcontroller board: what the catalogue, or a person's own file, tells of it.

``find_board`` takes a name of the catalogue or the path of a TOML file::

    name = "my-board"
    core = "cortex-m33"
    fpu = true                # single precision at least
    dsp = true                # the DSP extension (SMLAD and its like)
    mve = false               # Helium
    clock_mhz = 100           # from here on all may be left out
    flash_bytes = 1_048_576
    ram_bytes = 262_144
    supply_v = 1.8
    soc = "MY1234"
    accelerator = "ethos-u55-128"

    [price]
    amount = 12.5
    currency = "EUR"
    date = "2026-05"
    source = "https://..."

    [sources]                 # where each number comes from
    clock_mhz = "https://..."

    [unknown]                 # why a number is not told
    supply_v = "..."
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...harness.option import Option
from ...harness.values import Setting
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

CATALOGUE = Path(__file__).parent / "boards"

CORES = (
    "cortex-m0",
    "cortex-m0+",
    "cortex-m23",
    "cortex-m3",
    "cortex-m33",
    "cortex-m4",
    "cortex-m55",
    "cortex-m7",
    "cortex-m85",
    "xtensa-lx7",
)
ACCELERATORS = (
    *(f"ethos-u55-{macs}" for macs in (32, 64, 128, 256)),
    *(f"ethos-u65-{macs}" for macs in (256, 512)),
    *(f"ethos-u85-{macs}" for macs in (128, 256, 512, 1024, 2048)),
)

WITHOUT_DSP = {"cortex-m0", "cortex-m0+", "cortex-m23", "cortex-m3", "xtensa-lx7"}
_WITH_DSP = {"cortex-m4", "cortex-m7"}
WITH_MVE = {"cortex-m55", "cortex-m85"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """One board; what is None has its reason in ``unknown``.

    ``core`` is one of ``CORES``; ``fpu``, ``dsp`` and ``mve`` say whether it has
    floating point, the DSP extension and Helium. ``supply_v`` is the supply at which
    results of it are published. ``sources`` maps a field to where it comes from.
    """

    name: str
    core: str
    fpu: bool
    dsp: bool
    mve: bool
    soc: str | None = None
    clock_mhz: float | None = None
    flash_bytes: int | None = None
    ram_bytes: int | None = None
    supply_v: float | None = None
    accelerator: str | None = None
    price: Price | None = None
    sources: Mapping[str, str] = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)


def _flag(name: str) -> Option:
    return Option(name=name, kind=bool, default=False, help="")


_REQUIRED = (
    text("name"),
    text("core", CORES),
    _flag("fpu"),
    _flag("dsp"),
    _flag("mve"),
)
_OPTIONAL = (
    text("soc"),
    number("clock_mhz", float, 1, 2000),
    number("flash_bytes", int, 1 << 10, 1 << 32),
    number("ram_bytes", int, 1 << 10, 1 << 32),
    number("supply_v", float, 0.5, 6),
    text("accelerator", ACCELERATORS),
)
_TELLABLE = (*(option.name for option in _OPTIONAL), "price")


def board_of(settings: Mapping[str, Setting]) -> Board | None:
    """Return the board that a target's option ``board`` names, None where it is empty.

    Raises:
        InputError: there is none of that name, or its file is wrong.
    """
    name = str(settings["board"])
    return find_board(name) if name else None


def find_board(name: str) -> Board:
    """Return the board of that name, or the one that a TOML file describes.

    A name is one of ``board_names()``, in any case, with ``-`` or a space between its
    words; what ends in ``.toml`` is the path of a file.

    Raises:
        NotFound: the catalogue has none of that name.
        InputError: the file cannot be read, or all that is wrong in it.
    """
    return find("board", name, CATALOGUE, read_board)


def board_names() -> tuple[str, ...]:
    """Return the names of the catalogue's boards, sorted."""
    return names(CATALOGUE)


def read_board(path: Path) -> Board:
    """Return the board that a TOML file describes.

    Raises:
        InputError: it cannot be read, or all that is wrong in it, each with its line.
    """
    return _board(read_facts("board", path, _problems), path)


def _problems(content: dict[str, Any]) -> Problems:
    known = [option.name for option in (*_REQUIRED, *_OPTIONAL)]
    yield from key_problems(content, _REQUIRED, (*known, *TABLES))
    yield from value_problems((*_REQUIRED, *_OPTIONAL), content)
    yield from _extensions(content)
    yield from told_problems(content, (*known, "price"), _TELLABLE)


def _extensions(content: dict[str, Any]) -> Problems:
    """Refuse what Arm's architecture does not have together."""
    core = content.get("core")
    if not isinstance(core, str):
        return
    if core in WITHOUT_DSP and content.get("dsp") is True:
        yield ("dsp",), f"must be false: {core} has no DSP extension"
    if core in _WITH_DSP and content.get("dsp") is False:
        yield ("dsp",), f"must be true: every {core} has the DSP extension"
    if core not in WITH_MVE and content.get("mve") is True:
        yield ("mve",), f"must be false: {core} has no Helium"


def _board(content: dict[str, Any], path: Path) -> Board:
    """Return the board of checked content; what is not told gets a reason."""
    told = {k: v for k, v in content.items() if k not in TABLES}
    for key in ("clock_mhz", "supply_v"):
        if key in told:
            told[key] = float(told[key])
    unknown = reasons(content, _TELLABLE, path)
    if "accelerator" not in content.get("unknown", {}):
        unknown.pop("accelerator", None)  # none is none
    return Board(
        **told,
        price=price_of(content),
        sources=content.get("sources", {}),
        unknown=unknown,
    )
