"""What the monitor costs beside the model, on the machine where this runs.

Times alternate in one process, and only ratios of the same round count: a machine that
slows down slows all alike.
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ...harness.pairing import compare_paired
from ..prediction import runner
from .mmd import bandwidth, permutation_test
from .monitor import Monitor, State

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .watched import Watched

    Act = Callable[[], object]

ROUNDS = 40
_SLICE_NS = 2_000_000
_CALLS_MIN = 3


def measure_cost(
    watched: Watched,
    state: State,
    reference: NDArray[np.float32],
    sample: NDArray[np.float32],
) -> dict[str, Any]:
    """Return times of the monitor relative to the model's, and peaks of memory.

    ``output_ratio`` is the call with the second output over the one without;
    ``observe_ratio`` the monitor's time for a sample over the model's;
    ``exact_ratio`` an exact permutation test of one window, per sample of it, over the
    model's time for a sample. Memory is what Python and NumPy allocate at most.
    """
    monitor = Monitor(state)
    embedding = reference[0]
    window = reference[: state.window]
    exact = partial(
        permutation_test,
        window,
        reference[state.window :][:1_000],
        width=bandwidth(reference),
        rng=np.random.default_rng(0),
    )
    acts: list[Act] = [
        partial(runner(watched.source), sample),
        partial(watched.run, sample),
        partial(monitor.observe, embedding),
        exact,
    ]
    model, output, observe, tested = _paired(acts)
    return {
        "model_us": float(np.median(model)) / 1e3,
        "observe_us": float(np.median(observe)) / 1e3,
        "output_ratio": _ratio(model, output),
        "observe_ratio": _ratio(model, observe),
        "exact_ratio": _ratio(model, tested / state.window),
        "observe_peak_bytes": _peak(partial(monitor.observe, embedding)),
        "exact_peak_bytes": _peak(exact),
        "rounds": ROUNDS,
    }


def _paired(acts: list[Act]) -> list[NDArray[np.float64]]:
    """Return for each act its time in ns, shape (ROUNDS,)."""
    order = np.random.default_rng(0)
    times = np.empty((len(acts), ROUNDS))
    for act in acts:
        act()
    for number in range(ROUNDS):
        for place in order.permutation(len(acts)):
            times[place, number] = _slice(acts[place])
    return list(times)


def _slice(act: Act) -> float:
    """Return the median time of some calls."""
    taken: list[int] = []
    end = time.perf_counter_ns() + _SLICE_NS
    while len(taken) < _CALLS_MIN or time.perf_counter_ns() < end:
        start = time.perf_counter_ns()
        act()
        taken.append(time.perf_counter_ns() - start)
    return float(np.median(taken))


def _ratio(
    baseline: NDArray[np.float64], candidate: NDArray[np.float64]
) -> dict[str, Any]:
    found = compare_paired(baseline, candidate, confidence=0.95)
    ends = found.interval
    return {
        "value": found.ratio,
        "low": ends.low if ends else None,
        "high": ends.high if ends else None,
    }


def _peak(act: Act) -> int:
    act()
    tracemalloc.start()
    try:
        act()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
