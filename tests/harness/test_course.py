"""How blocks follow one another."""

from dataclasses import replace

import numpy as np
import pytest

from tierbench.harness.course import ask, series_of
from tierbench.harness.courses import course_of
from tierbench.harness.demand import Frames, Poisson, Queries
from tierbench.harness.errors import CaseError, WorkerError
from tierbench.harness.load import OFFERED
from tierbench.harness.profiles import NIGHTLY
from tierbench.harness.values import BlockKind, Scenario, Workload
from tierbench.harness.worker import Measured, Stretch

PLAIN = Stretch(kind=BlockKind.SLICE, calls_min=1, calls_max=9, duration_ns=1)
SINGLE = Workload(scenario=Scenario.SINGLE_STREAM, batch=2, profile="nightly")
MEASURED = Measured(
    started_at_ns=0,
    started_ns=0,
    elapsed_ns=5,
    latency_ns=np.array([5]),
    gap_ns=np.array([], np.int64),
    off_cpu_ns=None,
    context={"unserved": 0},
)


class Deaf:
    """A worker that measures the same whatever is demanded."""

    takes_demands = True

    def __init__(self, **more) -> None:
        self.more = {name: np.array(values) for name, values in more.items()}

    def block(self, stretch):
        return replace(MEASURED, more=self.more)


def test_a_plain_case_takes_plain_blocks() -> None:
    course = course_of(SINGLE, NIGHTLY)
    assert course.stretch(PLAIN, []) == PLAIN
    assert course.shortfall([]) is None
    assert course.limit_s == NIGHTLY.case_limit_s


def test_a_query_is_as_many_calls_as_its_samples_need() -> None:
    multi = replace(SINGLE, scenario=Scenario.MULTI_STREAM, samples_per_query=8)
    stretch = course_of(multi, NIGHTLY).stretch(PLAIN, [])
    assert stretch == replace(PLAIN, demand=Queries(calls=4))


@pytest.mark.parametrize(
    ("demand", "offered"),
    [(Poisson(rate_per_s=7.5, seed="1"), 7.5), (Frames(rate_per_s=60, streams=3), 3)],
)
def test_a_block_keeps_the_load_that_it_was_measured_under(demand, offered) -> None:
    found = ask(Deaf(service=[3]), replace(PLAIN, demand=demand))
    assert found.context == {"unserved": 0, OFFERED: offered}


def test_a_worker_that_does_not_know_a_demand_is_found_out() -> None:
    demand = Poisson(rate_per_s=7.5, seed="1")
    with pytest.raises(WorkerError, match=r"'poisson'.*no 'service'"):
        ask(Deaf(), replace(PLAIN, demand=demand))


def test_a_worker_that_takes_no_demands_is_asked_for_none() -> None:
    worker = Deaf()
    worker.takes_demands = False
    assert ask(worker, PLAIN).elapsed_ns == MEASURED.elapsed_ns
    with pytest.raises(CaseError, match="calls in a row"):
        ask(worker, replace(PLAIN, demand=Queries(calls=2)))


def test_all_that_was_measured_becomes_series() -> None:
    names = [series.quantity for series in series_of(MEASURED)]
    assert names == ["latency", "gap"]
    found = replace(MEASURED, off_cpu_ns=np.array([1]), more={"service": np.array([3])})
    assert [s.quantity for s in series_of(found)][2:] == ["off_cpu", "service"]
