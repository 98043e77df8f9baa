"""Real worker processes, and every way they go wrong."""

import os
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tierbench.harness.demand import Frames, Poisson, Queries, Stages
from tierbench.harness.errors import CaseError, WorkerDied, WorkerTimeout
from tierbench.harness.values import BlockKind
from tierbench.harness.worker import Limits, Stretch, SubprocessWorker
from tierbench.targets.sim import Sim

SLICE = Stretch(kind=BlockKind.SLICE, calls_min=3, calls_max=50, duration_ns=5_000_000)


def sim_worker(
    call_s: float = 30.0, memory_bytes: int | None = None, **settings: object
) -> SubprocessWorker:
    target = Sim({"clock": "real", "latency_us": 200.0, **settings})
    return SubprocessWorker(
        modules=Sim.device_modules,
        artifact=Path("unread"),
        options={**target.settings, "worker": 0},
        batch=1,
        limits=Limits(memory_bytes=memory_bytes, call_s=call_s),
    )


def open_and_bind(worker: SubprocessWorker) -> None:
    worker.open()
    worker.bind({})


def test_measures_the_time_that_is_spent() -> None:
    with sim_worker() as worker:
        open_and_bind(worker)
        block = worker.block(SLICE)
    assert len(block.latency_ns) >= 3
    assert block.latency_ns.min() >= 150_000
    assert "involuntary_switches" in block.context


@pytest.mark.parametrize(
    "demand",
    [
        Queries(calls=2),
        Poisson(rate_per_s=1000.0, seed="0"),
        Stages(),
        Frames(rate_per_s=500.0, streams=2),
    ],
    ids=lambda demand: demand.kind,
)
def test_a_demand_travels_to_the_worker_and_its_series_back(demand) -> None:
    with sim_worker(preprocess_us=300.0) as worker:
        open_and_bind(worker)
        worker.show((), {})
        block = worker.block(replace(SLICE, calls_max=4, demand=demand))
    assert set(block.more) == set(demand.series)
    assert block.latency_ns.min() >= 150_000
    if demand.kind == "stages":
        assert block.more["preprocess"].min() >= 300_000


def test_frames_that_were_not_shown_are_refused() -> None:
    with sim_worker() as worker:
        open_and_bind(worker)
        with pytest.raises(CaseError, match="none were given"):
            worker.block(replace(SLICE, demand=Stages()))


def test_overlapped_calls_take_less_time_together() -> None:
    window = Stretch(
        kind=BlockKind.WINDOW, calls_min=1, calls_max=16, duration_ns=10**11
    )
    with sim_worker(depth=4, latency_us=20_000.0) as worker:
        open_and_bind(worker)
        block = worker.block(window)
    assert len(block.latency_ns) == 16
    assert block.elapsed_ns < block.latency_ns.sum() / 2


@pytest.mark.parametrize(
    ("fault", "words"),
    [("abort", "SIGABRT"), ("segfault", "SIGSEGV"), ("exit", "status 7")],
)
@pytest.mark.parametrize("when", [0, 2])
def test_death_names_how_it_came(fault: str, words: str, when: int) -> None:
    def use(worker: SubprocessWorker) -> None:
        open_and_bind(worker)
        worker.block(SLICE)

    with sim_worker(fault=fault, fault_after_calls=when) as worker:  # noqa: SIM117
        with pytest.raises(WorkerDied, match=words):
            use(worker)


def test_a_hanging_call_is_ended_at_its_limit() -> None:
    with sim_worker(fault="hang", fault_after_calls=1, call_s=0.5) as worker:
        open_and_bind(worker)
        began = time.monotonic()
        with pytest.raises(WorkerTimeout, match="no answer to 'block' within"):
            worker.block(SLICE)
        assert time.monotonic() - began < 20
    with pytest.raises(ProcessLookupError):
        os.kill(worker.pid, 0)


def test_a_worker_that_even_a_kill_does_not_end_holds_nobody_up(monkeypatch) -> None:
    with sim_worker(fault="hang", fault_after_calls=1, call_s=0.1) as worker:
        open_and_bind(worker)
        child = worker._process._child
        wait = child.wait

        def stuck(timeout: float) -> int:
            raise subprocess.TimeoutExpired("worker", timeout)

        monkeypatch.setattr(child, "wait", stuck)
        with pytest.raises(WorkerTimeout):
            worker.block(SLICE)
        worker.close()
        monkeypatch.setattr(child, "wait", wait)


def test_a_block_of_many_calls_has_more_time_than_one_call() -> None:
    twenty = Stretch(
        kind=BlockKind.SLICE, calls_min=20, calls_max=20, duration_ns=5_000_000
    )
    with sim_worker(latency_us=40_000.0, call_s=0.5) as worker:
        open_and_bind(worker)
        assert len(worker.block(twenty).latency_ns) == 20


def test_running_out_of_memory_is_a_refusal() -> None:
    limit = 1 << 30
    with sim_worker(fault="memory", fault_after_calls=1, memory_bytes=limit) as worker:
        open_and_bind(worker)
        with pytest.raises(CaseError, match="MemoryError"):
            worker.block(SLICE)


def test_a_refused_call_is_told_in_the_runtimes_words() -> None:
    with sim_worker(fault="raise", fault_after_calls=0) as worker:  # noqa: SIM117
        with pytest.raises(CaseError, match="simulated runtime refuses"):
            worker.open()


def test_prints_do_not_reach_the_protocol() -> None:
    with sim_worker(fault="print", fault_after_calls=0) as worker:
        open_and_bind(worker)
        assert len(worker.block(SLICE).latency_ns) >= 3


def test_a_worker_killed_in_a_block_is_noticed_at_once() -> None:
    with sim_worker(latency_us=50_000.0) as worker:
        open_and_bind(worker)
        long = Stretch(
            kind=BlockKind.SLICE, calls_min=1, calls_max=10**4, duration_ns=10**11
        )
        killer = os.fork()
        if killer == 0:
            time.sleep(0.3)
            os.kill(worker.pid, signal.SIGKILL)
            os._exit(0)
        began = time.monotonic()
        with pytest.raises(WorkerDied, match="SIGKILL"):
            worker.block(long)
        assert time.monotonic() - began < 30
        os.waitpid(killer, 0)


def test_requests_in_the_wrong_order_are_refused() -> None:
    with sim_worker() as worker:
        with pytest.raises(CaseError, match="no session is open"):
            worker.block(SLICE)
        worker.open()


def test_the_worker_dies_with_the_harness() -> None:
    reader, writer = os.pipe()
    harness = os.fork()
    if harness == 0:
        worker = sim_worker(fault="hang", fault_after_calls=0)
        worker._process.greet()
        os.write(writer, str(worker.pid).encode())
        os.kill(os.getpid(), signal.SIGKILL)
    pid = int(os.read(reader, 20))
    os.waitpid(harness, 0)
    os.close(reader)
    os.close(writer)
    for _ in range(100):
        if not Path(f"/proc/{pid}").exists() or _is_zombie(pid):
            return
        time.sleep(0.05)
    pytest.fail("the worker outlived the harness")


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"
    except FileNotFoundError:
        return True
