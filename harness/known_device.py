"""Devices that targets stand for, as the catalogues tell of them.

A catalogue is an entry point of the group ``tierbench.catalogues``: a function without
arguments that returns a tuple of `KnownDevice`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import registry
from .errors import InfrastructureError


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownDevice:
    """A device or board: its facts by name with their units, plain values of JSON.

    ``sources`` says where a fact comes from, ``unknown`` why one is not told.
    ``targets`` are those that run on it.
    """

    name: str
    title: str
    targets: tuple[str, ...]
    facts: Mapping[str, Any]
    sources: Mapping[str, str] = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)


def known_devices() -> Iterator[KnownDevice]:
    """Yield the devices of all catalogues, by catalogue and name.

    Raises:
        InfrastructureError: a catalogue breaks.
    """
    for name in registry.names(registry.CATALOGUES):
        catalogue = registry.find(registry.CATALOGUES, name)
        try:
            found = tuple(catalogue())
        except Exception as exc:
            raise InfrastructureError(
                f"catalogue {name!r} breaks: {type(exc).__name__}: {exc}; reinstall "
                "the package that offers it"
            ) from exc
        yield from found
