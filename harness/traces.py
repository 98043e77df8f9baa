"""What the monitor saw of a case, channel by channel, out of its blocks.

A channel is kept in each block as a series whose quantity is ``<quantity>: <name>`` and
whose times are ns from the block's start: the first reading is from before it, the last
from after it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .values import Block, Series

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .monitor import Channel

SEPARATOR = ": "


class Part(NamedTuple):
    """The readings of one channel around one block, those that failed left out."""

    block: Block
    times: NDArray[np.int64]
    values: NDArray[np.float64]

    @property
    def during(self) -> NDArray[np.bool_]:
        """Return which readings were taken while the block was measured."""
        return (self.times >= 0) & (self.times <= self.block.elapsed_ns)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trace:
    """One channel of a case: a part for each block in which anything was read."""

    quantity: str
    name: str
    unit: str
    parts: tuple[Part, ...]

    @property
    def values(self) -> NDArray[np.float64]:
        """Return all readings in the order of measuring."""
        return np.concatenate([part.values for part in self.parts])


Traces = Mapping[tuple[str, str], Trace]
"""Traces by quantity and name."""


def kept(channel: Channel, series: Series, started_ns: int) -> Series:
    """Return a channel's series as a block that began at that time keeps it."""
    assert series.times is not None
    return replace(
        series,
        quantity=f"{channel.quantity}{SEPARATOR}{channel.name}",
        times=series.times - started_ns,
    )


def traces(blocks: Sequence[Block]) -> Traces:
    """Return the channels that blocks hold, each with what could be read of it."""
    found: dict[tuple[str, str], list[Part]] = {}
    units: dict[tuple[str, str], str] = {}
    for block in blocks:
        for series in block.series:
            quantity, separator, name = series.quantity.partition(SEPARATOR)
            if not separator or series.times is None:
                continue
            parts = found.setdefault((quantity, name), [])
            units[quantity, name] = series.unit
            values = np.asarray(series.values, dtype=np.float64)
            known = np.isfinite(values)
            if known.any():
                times = np.asarray(series.times, dtype=np.int64)
                parts.append(Part(block, times[known], values[known]))
    return {
        key: Trace(quantity=key[0], name=key[1], unit=units[key], parts=tuple(parts))
        for key, parts in found.items()
        if parts
    }
