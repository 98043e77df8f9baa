"""Time on the device alone, by its own clock: a second series, never the latency."""

from __future__ import annotations

from typing import Any

import numpy as np

from .row_values import unknown
from .values import Phase, Result

DEVICE_CLOCK = "device_clock"
"""The key of a session's ``ran`` that names the device's own clock."""

NONE = "the target tells no time of the device alone"


def device_time_row(result: Result) -> dict[str, Any]:
    """Return ``device_latency_ms``: the median over all of a case's such calls, in ms.

    ``share`` is how much of those same calls' time from outside it was. None where the
    device has no clock, or no block was timed by it.
    """
    blocks = [block for block in result.blocks if block.phase is Phase.DEVICE]
    timed = [(b.values("device"), b.values("latency")) for b in blocks]
    pairs = [(d, h) for d, h in timed if d is not None and h is not None]
    if not pairs:
        return unknown("device_latency_ms", NONE)
    device, host = (np.concatenate(part) for part in zip(*pairs, strict=True))
    clocks = {str(w.ran[DEVICE_CLOCK]) for w in result.workers if DEVICE_CLOCK in w.ran}
    return {
        "device_latency_ms": {
            "median": float(np.median(device)) / 1e6,
            "share": float(np.median(device) / np.median(host)),
            "n": len(device),
            "clock": ", ".join(sorted(clocks)) or None,
        }
    }
