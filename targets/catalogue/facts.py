"""What the catalogue's files have in common: facts, each with a source or a reason.

Such a file is TOML: values by name, then the tables ``price``, ``sources`` (where each
value comes from) and ``unknown`` (why a value is not told).
"""

from __future__ import annotations

import stat
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from ...harness.errors import InputError, Mistake, Mistakes, NotFound
from ...harness.option import Option
from ...harness.toml_lines import line_index, line_of

FILE_BYTES_MAX = 64 << 10
TEXT_MAX = 500
TABLES = ("price", "sources", "unknown")

Problems = Iterator[tuple[tuple[str, ...], str]]
"""Places in a file, each with what is wrong there."""

_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What something cost, when and according to whom."""

    amount: float
    currency: str
    date: str
    source: str


def text(name: str, choices: tuple[str, ...] = ()) -> Option:
    """Return a value of 1 to 500 printable characters, or one of ``choices``."""
    return Option(name=name, kind=str, default="", help="", choices=choices)


def number(name: str, kind: type[int] | type[float], low: float, high: float) -> Option:
    """Return a number of ``low`` to ``high``."""
    return Option(name=name, kind=kind, default=low, help="", minimum=low, maximum=high)


_PRICE = (
    number("amount", float, 0, 1e6),
    text("currency"),
    text("date"),
    text("source"),
)


def names(folder: Path) -> tuple[str, ...]:
    """Return the names of a folder's files, sorted."""
    return tuple(sorted(path.stem for path in folder.glob("*.toml")))


def find(kind: str, name: str, folder: Path, read: Callable[[Path], _Found]) -> _Found:
    """Return what is called so in the folder, or what a TOML file describes.

    A name may be in any case, with ``-`` or a space between its words; what ends in
    ``.toml`` is the path of a file.

    Raises:
        NotFound: the folder has none of that name.
        InputError: the file cannot be read, or all that is wrong in it.
    """
    if name.lower().endswith(".toml"):
        return read(Path(name))
    key = "-".join(name.lower().split())
    known = names(folder)
    if key not in known:
        raise NotFound(kind, name, known)
    return read(folder / f"{key}.toml")


def read_facts(
    kind: str, path: Path, problems: Callable[[dict[str, Any]], Problems]
) -> dict[str, Any]:
    """Return the content of a TOML file in which nothing is wrong.

    Raises:
        InputError: it cannot be read, or all that is wrong in it, each with its line.
    """
    content_text = _read(kind, path)
    try:
        content = tomllib.loads(content_text)
    except tomllib.TOMLDecodeError as exc:
        raise InputError(f"{kind} {str(path)!r}: not valid TOML: {exc}") from exc
    index = line_index(content_text)
    if mistakes := [
        Mistake(where=".".join(place), problem=problem, line=line_of(place, index))
        for place, problem in problems(content)
    ]:
        raise Mistakes([f"{kind} {str(path)!r}: {mistake}" for mistake in mistakes])
    return content


def _read(kind: str, path: Path) -> str:
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise InputError(
                f"{kind} {str(path)!r}: not a regular file; name a TOML file"
            )
        if found.st_size > FILE_BYTES_MAX:
            raise InputError(
                f"{kind} {str(path)!r}: {found.st_size} bytes; "
                f"{FILE_BYTES_MAX} at most are valid"
            )
        return path.read_text("utf-8")
    except (OSError, ValueError) as exc:
        reason = getattr(exc, "strerror", None) or "not UTF-8"
        raise InputError(
            f"{kind} {str(path)!r}: cannot be read: {reason}; check the path"
        ) from exc


def key_problems(
    content: Mapping[str, Any], required: tuple[Option, ...], known: Iterable[str]
) -> Problems:
    """Yield the keys that are not known and those that are missing."""
    known = tuple(known)
    for key in content:
        if key not in known:
            yield (key,), f"is not known; valid: {', '.join(known)}"
    for option in required:
        if option.name not in content:
            valid = ", ".join(map(str, option.choices)) or option.kind.__name__
            yield (option.name,), f"is missing; valid: {valid}"


def value_problems(
    options: Iterable[Option],
    content: Mapping[str, Any],
    above: tuple[str, ...] = (),
) -> Problems:
    """Yield what is wrong with the values that are there."""
    for option in options:
        if option.name not in content:
            continue
        value = content[option.name]
        problem = option.problem(value)
        if problem is None and isinstance(value, str):
            problem = text_problem(value)
        if problem:
            yield (*above, option.name), problem


def told_problems(
    content: Mapping[str, Any], sourced: Iterable[str], tellable: Iterable[str]
) -> Problems:
    """Yield what is wrong in ``price``, ``sources`` and ``unknown``.

    A name with a dot in it is that of a value within a table.
    """
    if "price" in content:
        yield from _price(content["price"])
    yield from _texts("sources", content.get("sources", {}), tuple(sourced))
    yield from _texts("unknown", content.get("unknown", {}), tuple(tellable))
    unknown = content.get("unknown")
    for key in unknown if isinstance(unknown, dict) else ():
        found: Any = content
        for part in key.split("."):
            found = found.get(part) if isinstance(found, dict) else None
        if found is not None:
            yield ("unknown", key), f"is told above: {found!r}"


def _price(table: object) -> Problems:
    if not isinstance(table, dict):
        yield ("price",), f"must be a table, not {table!r}"
        return
    known = [option.name for option in _PRICE]
    for key in table:
        if key not in known:
            yield ("price", key), f"is not known; valid: {', '.join(known)}"
    for name in known:
        if name not in table:
            yield ("price", name), "is missing: a price needs its date and its source"
    yield from value_problems(_PRICE, table, ("price",))


def _texts(name: str, table: object, keys: tuple[str, ...]) -> Problems:
    if not isinstance(table, dict):
        yield (name,), f"must be a table, not {table!r}"
        return
    for key, value in table.items():
        if key not in keys:
            yield (name, key), f"is not known; valid: {', '.join(keys)}"
        elif not isinstance(value, str):
            yield (name, key), f"must be str, not {value!r}"
        elif problem := text_problem(value):
            yield (name, key), problem


def text_problem(value: str) -> str | None:
    """Return what is wrong with a text, or None."""
    if not value.strip() or not value.isprintable() or len(value) > TEXT_MAX:
        return f"must be 1 to {TEXT_MAX} printable characters, not {value[:80]!r}"
    return None


def price_of(content: Mapping[str, Any]) -> Price | None:
    """Return the price of checked content, None where it tells none."""
    price = content.get("price")
    if price is None:
        return None
    return Price(**{**price, "amount": float(price["amount"])})


def reasons(
    content: Mapping[str, Any], tellable: Iterable[str], path: Path
) -> dict[str, str]:
    """Return why each value that is not told is not told."""
    told: dict[str, str] = content.get("unknown", {})
    left_out = f"{path.name} does not tell it"
    missing = {k: told.get(k, left_out) for k in tellable if k not in content}
    return {**missing, **told}
