"""Where activations lie: those that live at the same time do not overlap.

Greedy by size, the largest first, each at the lowest offset that is free for as long as
it lives (Pisarchyk and Lee 2020, "Efficient memory management for deep neural net
inference").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

ALIGNMENT = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Buffer:
    """A buffer that is in use from step ``first`` to step ``last``, both included."""

    size_bytes: int
    first: int
    last: int


def plan(buffers: Sequence[Buffer]) -> tuple[list[int], int]:
    """Return each buffer's offset, and the bytes of the arena."""
    offsets = [0] * len(buffers)
    placed: list[int] = []
    for index in sorted(range(len(buffers)), key=lambda i: -buffers[i].size_bytes):
        offsets[index] = _lowest(buffers, offsets, placed, buffers[index])
        placed.append(index)
    ends = [o + b.size_bytes for o, b in zip(offsets, buffers, strict=True)]
    return offsets, _aligned(max(ends, default=0))


def _lowest(
    buffers: Sequence[Buffer], offsets: list[int], placed: list[int], new: Buffer
) -> int:
    offset = 0
    for other in sorted(placed, key=lambda i: offsets[i]):
        held = buffers[other]
        if held.first > new.last or held.last < new.first:
            continue
        if offset + new.size_bytes <= offsets[other]:
            break
        offset = max(offset, _aligned(offsets[other] + held.size_bytes))
    return offset


def _aligned(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT
