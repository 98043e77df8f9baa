"""The project's dataclasses as plain JSON values and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from numbers import Integral, Real
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from .errors import StoreError

T = TypeVar("T")

_SCALARS = (str, bool, int, float, NoneType)


def to_plain(value: Any) -> Any:
    """Return ``value`` made of None, bool, int, float, str, list and dict only.

    Take dataclasses, enumerations, paths, mappings with keys of str, tuples and
    lists; raise `StoreError` for anything else.
    """
    if type(value) in _SCALARS:
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value)
    if isinstance(value, (str, Path)):
        return str(value)
    if isinstance(value, (tuple, list)):
        return [to_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {_key(key): to_plain(item) for key, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_plain(getattr(value, f.name)) for f in fields(value)}
    raise StoreError(f"a {type(value).__name__} cannot be stored: {value!r}")


def from_plain(cls: type[T], data: Any) -> T:
    """Return the instance of dataclass ``cls`` that `to_plain` made ``data`` of.

    A part of ``data`` may already be the instance that its field asks for. Raise
    `StoreError` naming the first field that has a wrong shape, is missing or unknown.
    """
    return cast("T", _build(cls, data, cls.__name__))


def to_json(value: Any) -> str:
    """Return `to_plain` of ``value`` as JSON: equal values, equal text."""
    return json.dumps(to_plain(value), sort_keys=True, separators=(",", ":"))


def parse_json(text: str) -> Any:
    """Return the value of JSON ``text``; raise `StoreError` where it is none."""
    try:
        return json.loads(text)
    except (ValueError, TypeError, RecursionError) as exc:
        raise StoreError(f"{str(text)[:40]!r} is not JSON: {exc}") from exc


def parse_object(text: str) -> dict[str, Any]:
    """Return the object of JSON ``text``; raise `StoreError` where it is none."""
    if isinstance(value := parse_json(text), dict):
        return value
    raise StoreError(f"{text[:40]!r} is no JSON object")


def _key(key: Any) -> str:
    if isinstance(key, str):
        return key
    raise StoreError(f"a mapping with key {key!r} cannot be stored; keys must be str")


def _build(hint: Any, data: Any, where: str) -> Any:
    """Return ``data`` as the type ``hint`` asks for."""
    origin = get_origin(hint)
    if hint is Any:
        return data
    if origin in (Union, UnionType):
        return _build_union(get_args(hint), data, where)
    if origin is tuple and isinstance(data, list):
        item = get_args(hint)[0]
        return tuple(_build(item, x, f"{where}[{i}]") for i, x in enumerate(data))
    if origin is Mapping and isinstance(data, dict):
        item = get_args(hint)[1]
        return {k: _build(item, x, f"{where}.{k}") for k, x in data.items()}
    if origin is None and isinstance(hint, type):
        return _build_class(hint, data, where)
    raise _wrong(hint, data, where)


def _build_union(hints: tuple[Any, ...], data: Any, where: str) -> Any:
    if type(data) in hints:
        return data
    rest = [hint for hint in hints if hint is not NoneType]
    if data is None or not rest:
        raise _wrong(hints, data, where)
    for hint in rest[:-1]:
        try:
            return _build(hint, data, where)
        except StoreError:
            continue
    return _build(rest[-1], data, where)


def _build_class(cls: type, data: Any, where: str) -> Any:
    if type(data) is cls:
        return data
    if cls is float and type(data) is int:
        return float(data)
    if cls in _SCALARS:
        raise _wrong(cls, data, where)
    if issubclass(cls, Path) and isinstance(data, str):
        return cls(data)
    if issubclass(cls, Enum):
        try:
            return cls(data)
        except ValueError as exc:
            raise _wrong(" | ".join(m.value for m in cls), data, where) from exc
    if is_dataclass(cls) and isinstance(data, dict):
        return _build_dataclass(cls, data, where)
    raise _wrong(cls, data, where)


def _build_dataclass(cls: type, data: dict[str, Any], where: str) -> Any:
    hints, required = _shape(cls)
    if unknown := data.keys() - hints.keys():
        raise StoreError(f"{where}: unknown field {min(unknown)!r}")
    if missing := required - data.keys():
        raise StoreError(f"{where}: field {min(missing)!r} is missing")
    values = {k: _build(hints[k], x, f"{where}.{k}") for k, x in data.items()}
    try:
        return cls(**values)
    except ValueError as exc:  # what its fields hold does not go together
        raise StoreError(f"{where}: {exc}") from exc


@cache
def _shape(cls: type) -> tuple[dict[str, Any], frozenset[str]]:
    """Return the types of a dataclass's fields and the names without a default."""
    required = frozenset(
        f.name
        for f in fields(cls)
        if f.default is MISSING and f.default_factory is MISSING
    )
    return get_type_hints(cls), required


def _wrong(valid: Any, data: Any, where: str) -> StoreError:
    name = valid.__name__ if isinstance(valid, type) else str(valid)
    return StoreError(f"{where}: {str(data)[:80]!r} is not of {name}")
