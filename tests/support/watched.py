"""Blocks with made-up readings of a device's state."""

from collections.abc import Callable, Sequence

import numpy as np

from tierbench.harness.values import Block, BlockKind, Phase, Series

MS = 1_000_000
SLICE_NS = 50 * MS
TIMES = (-1 * MS, 20 * MS, 40 * MS, 51 * MS)
"""A reading before a slice, two in it and one after it."""


def a_block(
    index: int,
    readings: dict[str, Sequence[float]],
    phase: Phase = Phase.MEASURE,
    times: Sequence[int] = TIMES,
    elapsed_ns: int = SLICE_NS,
    **context: object,
) -> Block:
    return Block(
        index=index,
        worker=0,
        round=index,
        kind=BlockKind.SLICE,
        phase=phase,
        started_at_ns=0,
        offset_ns=index * 10**9,
        elapsed_ns=elapsed_ns,
        calls=1,
        series=tuple(
            Series(
                quantity=quantity,
                unit="Hz" if "clock" in quantity else "",
                values=np.array(values, dtype=np.float64),
                times=np.array(times, dtype=np.int64),
            )
            for quantity, values in readings.items()
        ),
        context=context,
    )


def slices(count: int, **channels: Callable[[int], float | Sequence[float]]) -> list:
    """Return slices in which each channel reads what a function of the index says."""

    def around(value: float | Sequence[float]) -> Sequence[float]:
        return [value] * len(TIMES) if isinstance(value, (int, float)) else value

    return [
        a_block(i, {_name(key): around(of(i)) for key, of in channels.items()})
        for i in range(count)
    ]


def _name(key: str) -> str:
    quantity, _, name = key.partition("__")
    return f"{quantity}: {name}"
