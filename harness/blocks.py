"""Blocks as rows of the store: the series of like blocks merged, split when read.

Merged series compress better and need far fewer rows than a row per block would.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from .codec import CODEC, decode, encode
from .errors import StoreError
from .plain import parse_json, parse_object, to_json
from .values import Block, BlockKind, Clock, Evidence, Phase, Series

if TYPE_CHECKING:
    from .values import Samples

Row = Mapping[str, Any]


class _Group(NamedTuple):
    """What series must have in common to be merged."""

    worker: int
    phase: str
    quantity: str
    unit: str
    clock: str
    evidence: str
    dtype: str
    times_dtype: str | None


def pack_blocks(blocks: Sequence[Block]) -> tuple[list[Row], list[Row]]:
    """Return the rows of `schema.block` and of `schema.samples`, less the result's id.

    Raise `StoreError` for samples that `encode` refuses and for times that are not
    as many as the values.
    """
    groups: dict[_Group, list[Series]] = {}
    places: dict[_Group, int] = {}
    rows = []
    for place, block in enumerate(blocks):
        parts = []
        for series in block.series:
            group = _group(block, series)
            groups.setdefault(group, []).append(series)
            parts.append([places.setdefault(group, len(places)), len(series.values)])
        rows.append(_block_row(place, block, parts))
    samples = [_samples_row(places[g], g, merged) for g, merged in groups.items()]
    return rows, samples


def unpack_blocks(blocks: Iterable[Row], samples: Iterable[Row]) -> tuple[Block, ...]:
    """Return the blocks that `pack_blocks` made rows of, exactly.

    ``blocks`` come ordered by place. Raise `StoreError` where samples are corrupt,
    missing or left over.
    """
    merged = {row["place"]: _Merged(row) for row in samples}
    built = tuple(_block(row, merged) for row in blocks)
    for rest in merged.values():
        rest.check_used()
    return built


class _Merged:
    """The samples of one row, taken from its beginning to its end."""

    def __init__(self, row: Row) -> None:
        self.row = row
        self.used = 0
        if row["codec"] != CODEC:
            raise StoreError(f"samples have codec {row['codec']!r}; valid: {CODEC!r}")
        try:
            self.values = decode(row["data"], row["dtype"], row["n"])
            self.times: Samples | None = None
            if row["times"] is not None:
                self.times = decode(row["times"], row["times_dtype"], row["n"])
        except StoreError as exc:
            raise StoreError(f"{row['quantity']!r}: {exc}") from exc

    def take(self, n: int) -> Series:
        part = slice(self.used, self.used + n)
        self.used = part.stop
        return Series(
            quantity=self.row["quantity"],
            unit=self.row["unit"],
            values=self.values[part],
            times=None if self.times is None else self.times[part],
            clock=Clock(self.row["clock"]),
            evidence=Evidence(self.row["evidence"]),
        )

    def check_used(self) -> None:
        if self.used != self.row["n"]:
            raise StoreError(
                f"{self.row['quantity']!r}: blocks take {self.used} of the "
                f"{self.row['n']} samples"
            )


def _group(block: Block, series: Series) -> _Group:
    times = series.times
    if times is not None and len(times) != len(series.values):
        raise StoreError(
            f"block {block.index}, {series.quantity!r}: {len(times)} times for "
            f"{len(series.values)} values; give one for each"
        )
    return _Group(
        worker=block.worker,
        phase=block.phase.value,
        quantity=series.quantity,
        unit=series.unit,
        clock=series.clock.value,
        evidence=series.evidence.value,
        dtype=series.values.dtype.name,
        times_dtype=None if times is None else times.dtype.name,
    )


def _block_row(place: int, block: Block, parts: list[list[int]]) -> Row:
    return {
        "place": place,
        "number": block.index,
        "worker": block.worker,
        "round": block.round,
        "kind": block.kind.value,
        "phase": block.phase.value,
        "started_at_ns": block.started_at_ns,
        "offset_ns": block.offset_ns,
        "elapsed_ns": block.elapsed_ns,
        "calls": block.calls,
        "context": to_json(block.context),
        "series": to_json(parts),
    }


def _samples_row(place: int, group: _Group, merged: list[Series]) -> Row:
    values = cast("Samples", np.concatenate([series.values for series in merged]))
    parts = [series.times for series in merged if series.times is not None]
    times = cast("Samples", np.concatenate(parts)) if parts else None
    return {
        "place": place,
        **group._asdict(),
        "codec": CODEC,
        "n": len(values),
        "data": encode(values),
        "times": None if times is None else encode(times),
    }


def _block(row: Row, merged: Mapping[int, _Merged]) -> Block:
    try:
        parts = [(merged[place], n) for place, n in parse_json(row["series"])]
        return Block(
            index=row["number"],
            worker=row["worker"],
            round=row["round"],
            kind=BlockKind(row["kind"]),
            phase=Phase(row["phase"]),
            started_at_ns=row["started_at_ns"],
            offset_ns=row["offset_ns"],
            elapsed_ns=row["elapsed_ns"],
            calls=row["calls"],
            series=tuple(samples.take(n) for samples, n in parts),
            context=parse_object(row["context"]),
        )
    except (KeyError, TypeError, ValueError) as exc:
        raise StoreError(f"block {row['number']}: {exc!r}") from exc
