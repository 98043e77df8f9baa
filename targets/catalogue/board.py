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

import stat
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...harness.errors import InputError, Mistake, Mistakes, NotFound
from ...harness.option import Option
from ...harness.toml_lines import line_index, line_of
from ...harness.values import Setting

CATALOGUE = Path(__file__).parent / "boards"
FILE_BYTES_MAX = 64 << 10
TEXT_MAX = 500

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
class Price:
    """What a board cost, when and according to whom."""

    amount: float
    currency: str
    date: str
    source: str


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


def _text(name: str, choices: tuple[str, ...] = ()) -> Option:
    return Option(name=name, kind=str, default="", help="", choices=choices)


def _number(
    name: str, kind: type[int] | type[float], low: float, high: float
) -> Option:
    return Option(name=name, kind=kind, default=low, help="", minimum=low, maximum=high)


def _flag(name: str) -> Option:
    return Option(name=name, kind=bool, default=False, help="")


_REQUIRED = (
    _text("name"),
    _text("core", CORES),
    _flag("fpu"),
    _flag("dsp"),
    _flag("mve"),
)
_OPTIONAL = (
    _text("soc"),
    _number("clock_mhz", float, 1, 2000),
    _number("flash_bytes", int, 1 << 10, 1 << 32),
    _number("ram_bytes", int, 1 << 10, 1 << 32),
    _number("supply_v", float, 0.5, 6),
    _text("accelerator", ACCELERATORS),
)
_PRICE = (
    _number("amount", float, 0, 1e6),
    _text("currency"),
    _text("date"),
    _text("source"),
)
_TELLABLE = (*(option.name for option in _OPTIONAL), "price")
_TABLES = ("price", "sources", "unknown")


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
    if name.lower().endswith(".toml"):
        return read_board(Path(name))
    key = "-".join(name.lower().split())
    known = board_names()
    if key not in known:
        raise NotFound("board", name, known)
    return read_board(CATALOGUE / f"{key}.toml")


def board_names() -> tuple[str, ...]:
    """Return the names of the catalogue's boards, sorted."""
    return tuple(sorted(path.stem for path in CATALOGUE.glob("*.toml")))


def read_board(path: Path) -> Board:
    """Return the board that a TOML file describes.

    Raises:
        InputError: it cannot be read, or all that is wrong in it, each with its line.
    """
    text = _read(path)
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise InputError(f"board {str(path)!r}: not valid TOML: {exc}") from exc
    index = line_index(text)
    if mistakes := [
        Mistake(where=".".join(place), problem=problem, line=line_of(place, index))
        for place, problem in _problems(content)
    ]:
        raise Mistakes([f"board {str(path)!r}: {mistake}" for mistake in mistakes])
    return _board(content, path)


def _read(path: Path) -> str:
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise InputError(
                f"board {str(path)!r}: not a regular file; name a TOML file"
            )
        if found.st_size > FILE_BYTES_MAX:
            raise InputError(
                f"board {str(path)!r}: {found.st_size} bytes; "
                f"{FILE_BYTES_MAX} at most are valid"
            )
        return path.read_text("utf-8")
    except (OSError, ValueError) as exc:
        reason = getattr(exc, "strerror", None) or "not UTF-8"
        raise InputError(
            f"board {str(path)!r}: cannot be read: {reason}; check the path"
        ) from exc


_Problems = Iterator[tuple[tuple[str, ...], str]]


def _problems(content: dict[str, Any]) -> _Problems:
    known = [option.name for option in (*_REQUIRED, *_OPTIONAL)]
    for key in content:
        if key not in known and key not in _TABLES:
            yield (key,), f"is not known; valid: {', '.join((*known, *_TABLES))}"
    for option in _REQUIRED:
        if option.name not in content:
            valid = ", ".join(map(str, option.choices)) or option.kind.__name__
            yield (option.name,), f"is missing; valid: {valid}"
    yield from _values((*_REQUIRED, *_OPTIONAL), content, ())
    yield from _extensions(content)
    if "price" in content:
        yield from _price(content["price"])
    for table, named in (("sources", (*known, "price")), ("unknown", _TELLABLE)):
        yield from _told(table, content.get(table, {}), named)
    unknown = content.get("unknown")
    for key in unknown if isinstance(unknown, dict) else ():
        if key in content:
            yield ("unknown", key), f"is told above: {content[key]!r}"


def _values(
    options: tuple[Option, ...], content: dict[str, Any], above: tuple[str, ...]
) -> _Problems:
    for option in options:
        if option.name not in content:
            continue
        value = content[option.name]
        problem = option.problem(value)
        if problem is None and isinstance(value, str):
            problem = _text_problem(value)
        if problem:
            yield (*above, option.name), problem


def _extensions(content: dict[str, Any]) -> _Problems:
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


def _price(table: object) -> _Problems:
    if not isinstance(table, dict):
        yield ("price",), f"must be a table, not {table!r}"
        return
    names = [option.name for option in _PRICE]
    for key in table:
        if key not in names:
            yield ("price", key), f"is not known; valid: {', '.join(names)}"
    for name in names:
        if name not in table:
            yield ("price", name), "is missing: a price needs its date and its source"
    yield from _values(_PRICE, table, ("price",))


def _told(name: str, table: object, keys: tuple[str, ...]) -> _Problems:
    if not isinstance(table, dict):
        yield (name,), f"must be a table, not {table!r}"
        return
    for key, value in table.items():
        if key not in keys:
            yield (name, key), f"is not known; valid: {', '.join(keys)}"
        elif not isinstance(value, str):
            yield (name, key), f"must be str, not {value!r}"
        elif problem := _text_problem(value):
            yield (name, key), problem


def _text_problem(value: str) -> str | None:
    if not value.strip() or not value.isprintable() or len(value) > TEXT_MAX:
        return f"must be 1 to {TEXT_MAX} printable characters, not {value[:80]!r}"
    return None


def _board(content: dict[str, Any], path: Path) -> Board:
    """Return the board of checked content; what is not told gets a reason."""
    told = {k: v for k, v in content.items() if k not in _TABLES}
    for key in ("clock_mhz", "supply_v"):
        if key in told:
            told[key] = float(told[key])
    price = content.get("price")
    if price is not None:
        price = Price(**{**price, "amount": float(price["amount"])})
    left_out = f"{path.name} does not tell it"
    reasons = content.get("unknown", {})
    unknown = {
        key: reasons.get(key, left_out) for key in _TELLABLE if key not in content
    }
    if "accelerator" not in reasons:
        unknown.pop("accelerator", None)  # none is none
    return Board(
        **told, price=price, sources=content.get("sources", {}), unknown=unknown
    )
