"""Results whose blocks hold chosen latencies."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from store_examples import example_case, example_result

from tierbench.harness.values import (
    Block,
    BlockKind,
    Case,
    Phase,
    Result,
    Scenario,
    Series,
)


def a_case(name: str = "fp32", scenario: Scenario = Scenario.SINGLE_STREAM, batch=1):
    """Return a case of one variant under one load."""
    case = example_case(name)
    workload = replace(case.workload, scenario=scenario, batch=batch)
    return replace(case, workload=workload)


def a_block(
    index: int,
    latencies_us: Sequence[float],
    phase: Phase = Phase.MEASURE,
    off_cpu_us: Sequence[float] = (),
    **changes,
) -> Block:
    """Return a block that started ``index`` seconds in, of worker ``index % 3``."""
    latency = _nanoseconds(latencies_us)
    series = [Series(quantity="latency", unit="ns", values=latency)]
    if off_cpu_us:
        values = _nanoseconds(off_cpu_us)
        series.append(Series(quantity="off_cpu", unit="ns", values=values))
    block = Block(
        index=index,
        worker=index % 3,
        round=index,
        kind=BlockKind.SLICE,
        phase=phase,
        started_at_ns=10**18 + index,
        offset_ns=index * 10**9,
        elapsed_ns=int(latency.sum()) + 1000 * (len(latency) - 1),
        calls=len(latency),
        series=tuple(series),
    )
    return replace(block, **changes)


def a_result(
    run: str = "run1",
    case: Case | None = None,
    medians_us: Sequence[float] = (1000.0,) * 20,
    **changes,
) -> Result:
    """Return a result with one block of three calls around each median."""
    blocks = tuple(
        a_block(index, (0.9 * value, value, 1.2 * value))
        for index, value in enumerate(medians_us)
    )
    changes = {"blocks": blocks, **changes}
    return example_result(run, case or a_case(), **changes)


def _nanoseconds(values_us: Sequence[float]) -> np.ndarray:
    return np.array([round(1e3 * value) for value in values_us], dtype=np.int64)
