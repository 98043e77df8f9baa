"""Who measures when, and what a machine does with trouble."""

import os
from collections import Counter
from types import SimpleNamespace

import pytest
from support.benches import Notes, measured, sim_benches

from tierbench.harness import scheduler
from tierbench.harness.errors import CaseError, LinkLost, StoreError
from tierbench.harness.results import row
from tierbench.harness.scheduler import OPEN_CASES_MAX, Machine
from tierbench.harness.values import Phase, Status
from tierbench.targets.sim import Sim
from tierbench.targets.sim.worker import SimWorker

FIVE = 'use = "sim"\nlatency_us = [500.0, 600.0, 700.0, 800.0, 900.0]'


def order_of(machine: Machine) -> list[tuple[int, int]]:
    """Return round and case of every block, in the order of measuring."""
    blocks = [
        (block.offset_ns, block.round, number)
        for number, bench in enumerate(machine.benches)
        for block in bench.blocks
        if block.phase is Phase.MEASURE
    ]
    return [(round_index, number) for _, round_index, number in sorted(blocks)]


def a_machine(folder, targets=FIVE, seed=0, notes=None, **options) -> Machine:
    benches = sim_benches(folder, targets, recorder=notes or Notes())
    return Machine(name="sim", benches=benches, seed=seed, **options)


def test_each_round_gives_each_open_case_one_block(tmp_path) -> None:
    machine = a_machine(tmp_path)
    results = list(machine.measure())
    assert Counter(result.status for result in results) == {Status.OK: 5}
    order = order_of(machine)
    assert max(Counter(order).values()) == 1
    assert [index for index, _ in order] == sorted(index for index, _ in order)
    assert {number for index, number in order if index == 0} == set(range(5))


def test_the_order_within_rounds_is_random_but_seeded(tmp_path) -> None:
    orders = []
    for seed in (1, 1, 2):
        machine = a_machine(tmp_path, seed=seed)
        list(machine.measure())
        order = order_of(machine)
        orders.append([number for index, number in order if index < 10])
    assert orders[0] == orders[1] != orders[2]
    first_of_round = [orders[0][start] for start in range(0, 50, 5)]
    assert len(set(first_of_round)) > 1


def test_energy_is_measured_when_nobody_measures_anything_else(tmp_path) -> None:
    targets = 'use = "sim"\nlatency_us = [500.0, 20000.0]\npower_w = 5.0'
    machine = a_machine(tmp_path, targets)
    results = list(machine.measure())
    assert [result.status for result in results] == [Status.OK] * 2
    blocks = [block for result in results for block in result.blocks]
    starts = {
        phase: [block.offset_ns for block in blocks if block.phase is phase]
        for phase in (Phase.MEASURE, Phase.ENERGY)
    }
    assert max(starts[Phase.MEASURE]) < min(starts[Phase.ENERGY])


def test_who_is_asked_to_stop_runs_no_energy_phase(tmp_path) -> None:
    targets = 'use = "sim"\nlatency_us = [500.0, 600.0]\npower_w = 5.0'
    machine = a_machine(tmp_path, targets)
    seen: list[int] = []
    machine.stopping = lambda: len(seen) > 0
    for result in machine.measure():
        seen.append(len(result.blocks))
    assert len(seen) == 1


def test_rounds_go_on_where_an_interrupted_run_stopped(tmp_path) -> None:
    machine = a_machine(tmp_path, 'use = "sim"', first_round=40)
    list(machine.measure())
    assert order_of(machine)[0][0] == 40


def test_a_case_that_cannot_start_ends_while_others_go_on(
    tmp_path, monkeypatch
) -> None:
    bind = SimWorker.bind

    def selective(self, inputs):
        if self._settings["latency_us"] == 700.0:
            raise CaseError("not this one")
        return bind(self, inputs)

    monkeypatch.setattr(SimWorker, "bind", selective)
    results = list(a_machine(tmp_path).measure())
    assert [result.status for result in results].count(Status.OK) == 4
    assert results[0].status is Status.FAILED
    assert results[0].case.options["latency_us"] == 700.0


def test_asked_to_stop_no_further_case_begins(tmp_path) -> None:
    asked = iter([False] * 2 + [True] * 100)
    notes = Notes()
    machine = a_machine(tmp_path, notes=notes, stopping=lambda: next(asked))
    assert list(machine.measure()) == []
    assert notes.kinds().count("accuracy") == 2
    assert not any(bench._workers for bench in machine.benches)


def test_asked_to_stop_it_ends_the_round_and_no_result_is_made_up(tmp_path) -> None:
    notes = Notes()
    rounds = iter([False] * (5 + 3))  # five cases begin, three rounds follow
    machine = a_machine(tmp_path, notes=notes, stopping=lambda: next(rounds, True))
    assert list(machine.measure()) == []
    order = order_of(machine)
    assert Counter(index for index, _ in order) == {0: 5, 1: 5, 2: 5}


@pytest.mark.parametrize("when", ["begin", "measure"])
def test_workers_are_closed_whatever_happens(tmp_path, monkeypatch, when) -> None:
    living = []
    opened, closed = SimWorker.open, SimWorker.close
    monkeypatch.setattr(
        SimWorker, "open", lambda self: living.append(id(self)) or opened(self)
    )
    monkeypatch.setattr(
        SimWorker, "close", lambda self: living.remove(id(self)) or closed(self)
    )
    notes = Notes()
    room = 1 if when == "begin" else 20

    def full(bench, block):
        nonlocal room
        room -= 1
        if room < 0:
            raise StoreError("the disk is full")

    notes.block = full
    with pytest.raises(StoreError, match="disk is full"):
        list(a_machine(tmp_path, notes=notes).measure())
    assert living == []


def test_only_so_many_cases_are_open_at_once(tmp_path) -> None:
    many = OPEN_CASES_MAX + 3
    latencies = [float(500 + number) for number in range(many)]
    machine = a_machine(tmp_path, f'use = "sim"\nlatency_us = {latencies}')
    assert len(list(machine.measure())) == many
    rounds = [set() for _ in range(many)]
    for index, number in order_of(machine):
        rounds[number].add(index)
    first, second = rounds[:OPEN_CASES_MAX], rounds[OPEN_CASES_MAX:]
    assert max(map(max, first)) < min(map(min, second))


def test_cases_that_do_not_fit_into_memory_wait(tmp_path, monkeypatch) -> None:
    benches = sim_benches(tmp_path, FIVE)
    room = SimpleNamespace(available=5 * benches[0].footprint_bytes)
    monkeypatch.setattr("psutil.virtual_memory", lambda: room)
    machine = Machine(name="sim", benches=benches, seed=0)
    assert len(list(machine.measure())) == 5
    first_rounds = [min(i for i, n in order_of(machine) if n == k) for k in range(5)]
    assert first_rounds[0] == first_rounds[1] == 0
    assert first_rounds[1] < first_rounds[2] == first_rounds[3] < first_rounds[4]


def test_a_case_larger_than_memory_is_tried_alone(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(
        "psutil.virtual_memory",
        lambda: SimpleNamespace(available=1),
    )
    machine = a_machine(tmp_path, 'use = "sim"\nlatency_us = [500.0, 600.0]')
    assert len(list(machine.measure())) == 2


def lose_link(monkeypatch, calls: set[int], why: str | None) -> None:
    """Let the calls of these numbers find no link, and the machine come back or not."""
    block, count = SimWorker.block, iter(range(10**6))

    def call(self, stretch):
        if next(count) in calls:
            raise LinkLost("the link to board was lost during 'block': gone")
        return block(self, stretch)

    monkeypatch.setattr(SimWorker, "block", call)
    monkeypatch.setattr(scheduler, "await_machine", lambda python, stopping: why)


@pytest.mark.parametrize("lost", [{1}, {40}, {12, 40, 60}])
def test_a_case_whose_link_was_lost_is_gone_on_with(
    tmp_path, monkeypatch, lost
) -> None:
    lose_link(monkeypatch, lost, None)
    notes = Notes()
    machine = a_machine(tmp_path, FIVE, notes=notes)
    results = list(machine.measure())
    assert len(results) == 5
    assert {result.status for result in results} == {Status.OK}
    more = [result for result in results if len(result.workers) > 3]
    assert 1 <= len(more) <= len(lost)
    for result in results:
        indices = [block.index for block in result.blocks]
        assert indices == list(range(len(indices)))
        starts = [b.offset_ns for b in result.blocks if b.phase is Phase.MEASURE]
        assert starts == sorted(starts)
    kept = [block for kind, block in notes.kept if kind == "block"]
    assert len(kept) == sum(len(result.blocks) for result in results)


def test_an_energy_phase_whose_link_was_lost_is_run_again(
    tmp_path, monkeypatch
) -> None:
    rest, count = SimWorker.rest, iter(range(10**6))

    def lost(self, duration_ns):
        if next(count) == 3:
            raise LinkLost("the link to board was lost during 'rest': gone")
        return rest(self, duration_ns)

    monkeypatch.setattr(SimWorker, "rest", lost)
    monkeypatch.setattr(scheduler, "await_machine", lambda python, stopping: None)
    (result,) = a_machine(tmp_path, 'use = "sim"\npower_w = 5.0').measure()
    assert result.status is Status.OK
    assert row(result)["power"]["mean_w"] == pytest.approx(5.0, rel=0.1)


def test_a_machine_that_does_not_come_back_ends_all_its_cases(
    tmp_path, monkeypatch
) -> None:
    lose_link(monkeypatch, set(range(20, 10**6)), "not back within 2 s")
    targets = 'use = "sim"\nlatency_us = ' + str(
        [500.0 + n for n in range(OPEN_CASES_MAX + 2)]
    )
    results = list(a_machine(tmp_path, targets).measure())
    assert len(results) == OPEN_CASES_MAX + 2
    assert {result.status for result in results} == {Status.FAILED}
    for result in results:
        assert "link" in result.reason
        assert result.reason.endswith("not back within 2 s")
    assert not results[-1].blocks


def test_a_link_that_is_lost_again_and_again_fails_the_case(
    tmp_path, monkeypatch
) -> None:
    lose_link(monkeypatch, set(range(5, 10**6)), None)
    (result,) = a_machine(tmp_path, 'use = "sim"').measure()
    assert result.status is Status.FAILED
    assert "the link to board was lost" in result.reason


def test_asked_to_stop_while_the_link_is_out_no_result_is_made_up(
    tmp_path, monkeypatch
) -> None:
    lose_link(monkeypatch, set(range(5, 10**6)), "left")
    machine = a_machine(tmp_path, 'use = "sim"')
    machine.stopping = lambda: bool(machine._lost) or machine.benches[0].closed
    assert list(machine.measure()) == []


def test_time_is_accounted_for(tmp_path) -> None:
    machine = a_machine(tmp_path)
    list(machine.measure())
    assert 0 < machine.accounting.measuring_s <= machine.accounting.wall_s


def test_models_are_loaded_side_by_side_by_workers_of_one_thread(
    tmp_path, monkeypatch
) -> None:
    import threading

    threads = {"launch": set(), "open": set()}
    started, opened = SimWorker.__init__, SimWorker.open

    def start(self, **settings):
        threads["launch"].add(threading.get_ident())
        started(self, **settings)

    def open_it(self):
        threads["open"].add(threading.get_ident())
        return opened(self)

    monkeypatch.setattr(SimWorker, "__init__", start)
    monkeypatch.setattr(SimWorker, "open", open_it)
    list(a_machine(tmp_path).measure())
    assert threads["launch"] == {threading.get_ident()}
    assert threading.get_ident() not in threads["open"] or os.cpu_count() == 0


def test_a_bench_alone_measures_like_one_of_a_machine(tmp_path) -> None:
    """The same case, seed and device give the same medians either way."""
    (alone,) = sim_benches(tmp_path, 'use = "sim"\ndevice = "alone"')
    (other,) = sim_benches(tmp_path, 'use = "sim"\ndevice = "shared"')
    measured(alone)
    list(Machine(name="m", benches=[other], seed=3).measure())
    for one, two in zip(alone.blocks, other.blocks, strict=True):
        assert one.values("latency").tolist() == two.values("latency").tolist()


def test_a_board_that_holds_one_worker_is_given_one_case_after_the_other(
    tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr(Sim, "workers_max", 1)
    benches = sim_benches(tmp_path, 'use = "sim"\nlatency_us = [500.0, 1000.0]')
    found = list(Machine(name="board", benches=benches, seed=0).measure())
    assert [result.status for result in found] == [Status.OK] * 2
    assert all(len(result.workers) == 1 for result in found)
    first, second = ([b.offset_ns for b in r.blocks] for r in found)
    assert max(first) < min(second)
