"""Blocks and rows of sustained runs with chosen latencies."""

from collections.abc import Sequence
from typing import Any

from support.measured import a_block
from tierbench.harness.values import Block, BlockKind, Phase

BLOCK_S = 5.0


def soak_blocks(
    medians_us: Sequence[float],
    *,
    asked_s: float | None = None,
    worker: int = 9,
    first_index: int = 100,
) -> tuple[Block, ...]:
    """Return a sustained run of blocks of 5 s with these medians."""
    asked_s = BLOCK_S * len(medians_us) if asked_s is None else asked_s
    return tuple(
        a_block(
            first_index + place,
            (0.9 * median, median, 1.2 * median),
            phase=Phase.SOAK,
            kind=BlockKind.SOAK,
            worker=worker,
            round=-1,
            offset_ns=round(1e9 * (1000 + BLOCK_S * place)),
            elapsed_ns=round(1e9 * BLOCK_S),
            calls=5000,
            context={"soak_s": asked_s, "kept_every": 1},
        )
        for place, median in enumerate(medians_us)
    )


def soak_value(
    minute_1: tuple[float, float, float], steady: tuple[float, float, float] | None
) -> dict[str, Any]:
    """Return a row's ``soak`` with these medians and the ends of their intervals."""

    def told(ends: tuple[float, float, float]) -> dict[str, Any]:
        low, median, high = ends
        return {"median_ms": median, "median_ms_ci95": [low, high]}

    found: dict[str, Any] = {
        "minute_1": told(minute_1),
        "ratio": None,
        "ratio_reason": "there is no steady state",
        "verdict": "still changing",
        "duration_s": 1800.0,
        "calls": 180_000,
    }
    if steady is None:
        return {**found, "steady": None, "steady_reason": "it still changed by +9.0%"}
    ratio = steady[1] / minute_1[1]
    return {
        **found,
        "steady": {**told(steady), "from_s": 900.0},
        "ratio": ratio,
        "ratio_ci95": [0.99 * ratio, 1.01 * ratio],
        "verdict": "sagged" if ratio > 1.02 else "held",
    }
