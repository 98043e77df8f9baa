"""The energy phase: what the load does, and what a meter may do wrong."""

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from support.benches import a_bench, measured
from support.known_power import Seen
from support.meter_trees import POWERCAP, rapl_amd
from support.plans import plan_of
from support.sysfs_tree import Replay, set_file, write_tree

from tierbench.harness.errors import MeterError, WorkerDied
from tierbench.harness.meter import Load, PowerMeter, Recording, Specification
from tierbench.harness.metering import MARKER, REPEATS, Metering
from tierbench.harness.reader_meter import ReaderMeter
from tierbench.harness.results import row
from tierbench.harness.values import BlockKind, Series
from tierbench.harness.worker import Measured, Stretch
from tierbench.targets.sim import Sim
from tierbench.targets.sim.meter import SimMeter
from tierbench.targets.sim.worker import SimWorker

S = 10**9
AHEAD_NS = 7_000 * S
STRETCH = Stretch(kind=BlockKind.SLICE, calls_min=5, calls_max=9, duration_ns=1)
SETTINGS = {**Sim().settings, "noise": 0.0, "worker": "w"}


class Told(PowerMeter):
    """A meter that remembers the load, and fails where it is told to."""

    name = "told"

    def __init__(self, update_s: float = 0.1, fails: str = "") -> None:
        super().__init__()
        self.load: Load | None = None
        self.closed = False
        self._update_s, self._fails = update_s, fails

    def specifications(self) -> tuple[Specification, ...]:
        if self._fails == "specifications":
            raise MeterError("no such meter")
        return (Seen(update_s=self._update_s).specification(),)

    def start(self) -> None:
        if self._fails == "start":
            raise MeterError("it does not start")

    def stop(self, load: Load) -> tuple[Recording, ...]:
        self.load = load
        if self._fails == "stop":
            raise MeterError("it was unplugged")
        return ()

    def close(self) -> None:
        self.closed = True


def workers(count: int = 3, machine: str = "m") -> list[SimWorker]:
    return [
        SimWorker(machine=machine, settings=SETTINGS, batch=1) for _ in range(count)
    ]


def gone_through(*meters: PowerMeter, energy_s: float = 1.0) -> Metering:
    phase = Metering(meters=meters, energy_ns=int(energy_s * S))
    kept: list[int] = []

    def keep(found: Measured, place: int) -> int:
        kept.append(place)
        return len(kept) - 1

    phase.run(workers(), STRETCH, keep)
    assert kept in ([], [turn % 3 for turn in range(REPEATS)])
    return phase


@pytest.mark.parametrize(
    ("update_s", "energy_s", "busy_s"), [(0.001, 1, 1), (0.1, 10, 12.5), (1, 10, 125)]
)
def test_windows_are_long_enough_for_the_slowest_meter(update_s, energy_s, busy_s):
    fast, slow = Told(update_s=0.001), Told(update_s=update_s)
    phase = gone_through(fast, slow, energy_s=energy_s)
    busy = sum(end - begin for begin, end in phase.busy[-REPEATS:])
    idle = [end - begin for begin, end in phase.idle]
    assert busy == pytest.approx(busy_s * S, rel=0.02)
    assert idle == pytest.approx([busy_s * S / 2] * 2)
    assert phase.idle[0][1] < phase.busy[-REPEATS][0]
    assert phase.busy[-1][1] < phase.idle[1][0]


def test_windows_are_long_enough_for_a_meter_that_is_asked_less_often() -> None:
    """RAPL is renewed each millisecond, but read every 20: 1 s holds 50 readings."""
    meter = Told(update_s=0.001)
    meter.period_ns = ReaderMeter.period_ns
    assert meter.period_ns == 20_000_000
    phase = gone_through(meter, energy_s=1.0)
    busy = sum(end - begin for begin, end in phase.busy[-REPEATS:])
    assert busy == pytest.approx(2.5 * S, rel=0.02)


def test_the_marker_is_shown_to_a_meter_that_wants_it() -> None:
    meter = Told()
    assert len(gone_through(meter).busy) == 1 + REPEATS
    meter.wants_marker = True
    phase = gone_through(meter)
    assert len(phase.busy) == sum(MARKER) + 1 + REPEATS
    assert meter.load is not None
    assert meter.load.busy == tuple(phase.busy)
    shown = phase.busy[: sum(MARKER)]
    steps = [round((begin - shown[0][0]) / (0.5 * S)) for begin, _ in shown]
    assert steps == [place for place, high in enumerate(MARKER) if high]


@pytest.mark.parametrize("fails", ["specifications", "start", "stop"])
def test_a_meter_that_fails_costs_the_others_nothing(fails: str) -> None:
    broken, other = Told(fails=fails), SimMeter("m", 5.0, 1.0, 0)
    phase = gone_through(broken, other)
    assert list(phase.missing) == ["told"]
    assert len(phase.recordings) == 1
    assert broken.closed


def test_without_a_meter_that_can_be_read_no_time_is_spent() -> None:
    phase = gone_through(Told(fails="specifications"))
    assert phase.busy == []
    block = phase.block(3, 0, lambda moment: moment)
    assert block.context["metering"]["missing"] == {"told": "no such meter"}
    assert (block.calls, block.series) == (0, ())


class Away(SimWorker):
    """A worker of a machine whose clock is far ahead of this one's."""

    machine = "board"

    def now_ns(self) -> int:
        return time.monotonic_ns() + AHEAD_NS


class Bench(Told):
    """A meter on this host's clock, whose one reading was at its time 1000."""

    name = "here"

    def stop(self, load: Load) -> tuple[Recording, ...]:
        super().stop(load)
        reading = np.array([1.0]), np.array([1000])
        series = Series(quantity="power", unit="W", values=reading[0], times=reading[1])
        return (Recording(specification=self.specifications()[0], series=series),)


def away() -> list[SimWorker]:
    return [Away(machine="m", settings=SETTINGS, batch=1) for _ in range(3)]


def test_a_meter_of_this_host_is_laid_beside_the_other_machines_clock() -> None:
    meter = Bench()
    phase = Metering(meters=[meter], energy_ns=S)
    phase.run(away(), STRETCH, lambda found, place: 0)
    assert meter.load is not None
    moved = {
        there - here
        for (here, _), (there, _) in zip(meter.load.busy, phase.busy, strict=True)
    }
    (by_ns,) = moved
    (recording,) = phase.recordings
    assert recording.clock_offset_ns == by_ns
    assert abs(by_ns - AHEAD_NS) <= recording.clock_error_ns < S
    assert "round trips" in recording.clock


def test_a_meter_of_a_third_machine_tells_why_it_is_of_no_use() -> None:
    class Elsewhere(Told):
        machine = "other"

    phase = Metering(meters=[Elsewhere()], energy_ns=S)
    phase.run(away(), STRETCH, lambda found, place: 0)
    assert phase.missing == {"told": "it reads other, and the target runs elsewhere"}


def test_two_meters_of_one_kind_each_say_why() -> None:
    phase = gone_through(
        *(Told(fails=fails) for fails in ("specifications", "start", "start"))
    )
    assert phase.missing == {"told": "no such meter; it does not start"}


def test_a_worker_that_dies_leaves_no_meter_open() -> None:
    meter = Told()
    phase = Metering(meters=(meter,), energy_ns=S)

    class Dead(SimWorker):
        def block(self, stretch: Stretch) -> Measured:
            raise WorkerDied("it is gone")

    dead = Dead(machine="m", settings=SETTINGS, batch=1)
    with pytest.raises(WorkerDied):
        phase.run([dead], STRETCH, lambda measured, place: 0)
    assert meter.closed
    assert meter.load is not None


def test_a_case_in_real_time_beside_a_counter_that_is_replayed(tmp_path) -> None:
    """The whole way: processes, the monitor, RAPL's files, the row of results."""
    tree = rapl_amd()
    write_tree(tmp_path / "root", tree)
    counter: Callable[[float], None] = lambda spent_s: set_file(  # noqa: E731
        tmp_path / "root",
        f"{POWERCAP}/intel-rapl:0/energy_uj",
        int(10_000_000 + spent_s * 20e6),
    )
    target = 'use = "sim"\nclock = "real"\nlatency_us = 2000.0'
    meter = f'[[meter]]\nuse = "rapl"\nroot = "{tmp_path}/root"\n'
    (planned,) = plan_of(tmp_path, target, rest=meter).cases
    with Replay(counter):
        bench = a_bench(planned)
        bench.profile = replace(bench.profile, energy_ns=2 * S)
        found = row(measured(bench).close())
    assert found["power"]["scope"] == "module"
    # A busy machine replays with pauses.
    assert found["power"]["mean_w"] == pytest.approx(20.0, rel=0.3)
    assert found["power"]["idle_w"] == pytest.approx(20.0, rel=0.3)
    low, high = found["energy_mj"]["gross_ci95"]
    assert low < found["energy_mj"]["gross"] < high
    assert abs(found["energy_mj"]["net"]) < 0.3 * found["energy_mj"]["gross"]
    assert found["power"]["evidence"] == "MEASURED"
