"""The simulated device: deterministic, and troubled in the ways that it is told."""

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from store_examples import example_case
from support.sessions import LIMITS, session

from tierbench.harness.demand import Queries, Stages
from tierbench.harness.errors import CaseError, WorkerDied
from tierbench.harness.values import BlockKind
from tierbench.harness.worker import Stretch
from tierbench.targets.sim import FAULTS, Sim
from tierbench.targets.sim.process import DRIFTS, LatencyProcess

SLICE = Stretch(
    kind=BlockKind.SLICE, calls_min=20, calls_max=10**5, duration_ns=50_000_000
)
WINDOW = Stretch(kind=BlockKind.WINDOW, calls_min=1, calls_max=10**5, duration_ns=10**9)
PRINT = """
from pathlib import Path
from tierbench.targets.sim import Sim
from tierbench.targets.sim.process import LatencyProcess
settings = {**Sim({"noise": 0.1, "drift": "walk"}).settings, "worker": 2}
process = LatencyProcess(settings, 3)
process.begin_slice()
print([process.next_ns(i / 10) for i in range(50)])
"""

_devices = iter(range(10**6))


def process(worker: int = 0, batch: int = 1, **settings) -> LatencyProcess:
    return LatencyProcess({**Sim(settings).settings, "worker": worker}, batch)


def opened(**settings):
    """Return an open worker of a device of its own, whose time begins at 0."""
    settings.setdefault("device", f"device {next(_devices)}")
    case = example_case(options={})
    worker = Sim(settings).launch(case, case.variant.path, LIMITS)
    worker.open()
    worker.bind({})
    return worker


def draws(number: int, made: LatencyProcess, time_s: float = 0.0) -> np.ndarray:
    made.begin_slice()
    return np.array([made.next_ns(time_s) for _ in range(number)])


def test_equal_settings_give_equal_latencies_in_every_process() -> None:
    told = set()
    for seed in ("0", "5"):
        done = subprocess.run(
            [sys.executable, "-c", PRINT],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        told.add(done.stdout)
    assert len(told) == 1


def test_seed_and_worker_decide_what_is_drawn() -> None:
    one = draws(20, process())
    assert (one == draws(20, process())).all()
    assert (one != draws(20, process(worker=1))).any()
    assert (one != draws(20, process(seed=1))).any()


def test_the_median_is_what_was_asked_for() -> None:
    found = np.median(draws(4001, process(latency_us=300.0, noise=0.1)))
    assert found == pytest.approx(300_000, rel=0.01)
    silent = draws(5, process(latency_us=300.0, noise=0.0))
    assert (silent == 300_000).all()


@pytest.mark.parametrize(("share", "expected"), [(1.0, 8.0), (0.5, 4.5), (0.0, 1.0)])
def test_each_further_sample_costs_its_share(share: float, expected: float) -> None:
    settings = {"noise": 0.0, "latency_us": 100.0, "batch_share": share}
    assert draws(1, process(batch=8, **settings))[0] == 100_000 * expected


@pytest.mark.parametrize("level", ["noise", "slice_noise", "worker_noise"])
def test_noise_comes_at_its_own_level(level: str) -> None:
    quiet = {"noise": 0.0, "slice_noise": 0.0, "worker_noise": 0.0}
    many = []
    for worker in range(40):
        made = process(worker, **{**quiet, level: 0.2})
        many.append([np.log(draws(3, made)) for _ in range(3)])
    logs = np.array(many)  # workers, slices, calls
    spread = {
        "noise": logs.std(axis=2, ddof=1).mean(),
        "slice_noise": logs.mean(axis=2).std(axis=1, ddof=1).mean(),
        "worker_noise": logs.mean(axis=(1, 2)).std(ddof=1),
    }
    assert 0.1 < spread[level] < 0.3
    if level == "worker_noise":
        assert spread["noise"] < 1e-6
        assert spread["slice_noise"] < 1e-6
    if level == "slice_noise":
        assert spread["noise"] < 1e-6


def test_drifts_take_their_shape() -> None:
    def factors(kind: str) -> list[float]:
        made = process(drift=kind, drift_size=0.4, drift_period_s=10.0)
        return [made.drift(time_s) for time_s in (0.0, 2.5, 5.0, 7.5, 10.0, 20.0)]

    assert factors("none") == [1.0] * 6
    assert factors("ramp") == pytest.approx([1, 1.1, 1.2, 1.3, 1.4, 1.4])
    assert factors("step") == pytest.approx([1, 1, 1.4, 1.4, 1.4, 1.4])
    assert factors("sine") == pytest.approx([1, 1.4, 1, 0.6, 1, 1])
    walk = factors("walk")
    assert walk[0] == 1.0
    assert len(set(walk)) == 6
    assert all(0.2 < factor < 5 for factor in walk)


@pytest.mark.parametrize("kind", DRIFTS)
def test_all_workers_of_a_device_drift_alike(kind: str) -> None:
    one, two = (process(worker, drift=kind) for worker in (0, 1))
    times = np.linspace(0, 200, 50)
    forwards = [one.drift(t) for t in times]
    backwards = [two.drift(t) for t in times[::-1]]
    assert forwards == backwards[::-1]


def test_the_share_of_calls_that_is_asked_for_is_disturbed() -> None:
    settings = {"noise": 0.0, "spike_share": 0.25, "spike_factor": 4.0}
    found = draws(4000, process(latency_us=100.0, **settings))
    assert set(found) == {100_000, 400_000}
    assert (found == 400_000).mean() == pytest.approx(0.25, abs=0.03)


def test_throttling_begins_when_it_is_told_and_is_flagged() -> None:
    worker = opened(throttle_after_s=0.5, throttle_factor=2.0, noise=0.0)
    blocks = [worker.block(SLICE) for _ in range(20)]
    flags = [block.context["throttled"] for block in blocks]
    medians = [np.median(block.latency_ns) for block in blocks]
    first = flags.index(True)
    assert 5 < first < 15
    assert flags == [False] * first + [True] * (20 - first)
    assert set(medians[: first - 1]) == {1_000_000}
    assert set(medians[first:]) == {2_000_000}


def test_time_is_virtual_and_adds_up() -> None:
    worker = opened(latency_us=1000.0)
    one, two = worker.block(SLICE), worker.block(SLICE)
    assert one.elapsed_ns >= SLICE.duration_ns
    assert two.started_ns == one.started_ns + one.elapsed_ns
    assert one.elapsed_ns == one.latency_ns.sum() + one.gap_ns.sum()


def test_workers_of_one_device_share_its_time() -> None:
    one, two = opened(device="shared"), opened(device="shared")
    first = one.block(SLICE)
    assert two.block(SLICE).started_ns == first.started_ns + first.elapsed_ns


@pytest.mark.parametrize("depth", [2, 4, 16])
def test_overlapped_calls_multiply_throughput(depth: int) -> None:
    rates = []
    for calls_at_once in (1, depth):
        block = opened(depth=calls_at_once, noise=0.05).block(WINDOW)
        rates.append(len(block.latency_ns) / block.elapsed_ns)
        assert block.elapsed_ns >= WINDOW.duration_ns
        assert np.median(block.latency_ns) == pytest.approx(1e6, rel=0.05)
    assert rates[1] / rates[0] == pytest.approx(depth, rel=0.05)


@pytest.mark.parametrize("clock", ["virtual", "real"])
def test_an_overlapped_window_keeps_to_its_bound_on_calls(clock: str) -> None:
    narrow = Stretch(
        kind=BlockKind.WINDOW, calls_min=1, calls_max=3, duration_ns=10**12
    )
    worker = opened(depth=8, clock=clock, latency_us=100.0)
    with worker:
        assert len(worker.block(narrow).latency_ns) == 3


def test_one_at_a_time_is_not_overlapped_even_where_it_could() -> None:
    block = opened(depth=4).block(SLICE)
    assert len(block.gap_ns) == len(block.latency_ns) - 1


def test_it_computes_and_holds_nothing() -> None:
    worker = opened()
    assert worker.evaluate({}) == ()
    assert worker.memory().peak_bytes is None
    assert worker.open().inputs == ()


@pytest.mark.parametrize("after", [0, 1, 7])
def test_a_fault_comes_at_the_call_that_is_told(after: int) -> None:
    settings = {"fault": "raise", "fault_after_calls": after, "latency_us": 1.0}
    for _ in range(2):
        with session(Sim, example_case().variant.path, worker=0, **settings) as worker:
            calls, why = calls_until_it_refuses(worker)
        assert calls == after
        assert "simulated runtime refuses" in why


def calls_until_it_refuses(worker) -> tuple[int, str]:
    """Return how many calls went well, the one that binds included, and the reason."""
    one = Stretch(kind=BlockKind.SLICE, calls_min=1, calls_max=1, duration_ns=1)
    calls = 0
    try:
        worker.open()
        worker.bind({})
        for calls in range(1, 20):  # noqa: B007
            worker.block(one)
    except CaseError as exc:
        return calls, str(exc)
    return calls, ""


def test_a_fault_is_real_whatever_the_clock() -> None:
    worker = Sim({"fault": "abort", "fault_after_calls": 0}).launch(
        example_case(), example_case().variant.path, LIMITS
    )
    with worker, pytest.raises(WorkerDied, match="SIGABRT"):
        worker.open()


def test_every_fault_and_drift_is_offered() -> None:
    offered = {option.name: option.choices for option in Sim.options}
    assert offered["fault"] == FAULTS
    assert offered["drift"] == DRIFTS


def test_the_environment_depends_on_the_options_alone() -> None:
    assert Sim().describe() == Sim().describe()
    assert Sim({"runtime_version": "2"}).describe() != Sim().describe()
    assert Sim({"device": "a"}).machine != Sim({"device": "b"}).machine
    assert Sim({"seed": 1}).describe() == Sim().describe()


@pytest.mark.parametrize(("depth", "calls_in_turn"), [(1, 8), (4, 2), (3, 3), (16, 1)])
def test_a_query_takes_its_calls_as_many_at_once_as_there_is_depth(
    depth: int, calls_in_turn: int
) -> None:
    worker = opened(depth=depth, noise=0.0)
    block = worker.block(replace(SLICE, demand=Queries(calls=8)))
    assert set(block.latency_ns) == {1_000_000 * calls_in_turn}
    assert block.elapsed_ns == block.latency_ns.sum() + block.gap_ns.sum()


def test_stages_of_a_frame_take_what_they_were_told() -> None:
    times = {"preprocess_us": 300.0, "latency_us": 200.0, "postprocess_us": 100.0}
    block = opened(noise=0.0, **times).block(replace(SLICE, demand=Stages()))
    assert set(block.latency_ns) == {600_000}
    found = {name: set(values) for name, values in block.more.items()}
    assert found == {
        "preprocess": {300_000},
        "inference": {200_000},
        "postprocess": {100_000},
    }


def test_a_worker_stalls_once_when_it_is_told() -> None:
    worker = opened(stall_ms=50.0, stall_after_s=0.1, noise=0.0)
    taken = np.concatenate([worker.block(SLICE).latency_ns for _ in range(8)])
    assert sorted(set(taken)) == [1_000_000, 51_000_000]
    (place,) = np.flatnonzero(taken > 1_000_000)
    assert 80 <= place <= 110
