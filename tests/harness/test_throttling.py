"""The verdict on throttling: what speaks for it, and what proves nothing."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.sysfs_tree import CPUFREQ, Replay, processor, set_file, write_tree, zone
from support.watched import SLICE_NS, a_block, slices

from tierbench.harness.device.quantities import GOVERNORS
from tierbench.harness.throttling import Verdict, throttling
from tierbench.harness.values import Block, BlockKind, Phase
from tierbench.harness.watch import StateReader, Watch
from tierbench.harness.worker import Limits, Stretch, SubprocessWorker
from tierbench.targets.sim import Sim


def noisy(level: float, seed: int, size: float = 0.005) -> Callable[[int], float]:
    chance = np.random.default_rng(seed)
    noise = chance.normal(1, size, 1000)
    return lambda i: level * float(noise[i])


def test_a_flat_clock_is_clean_and_says_at_what() -> None:
    found = throttling(slices(10, clock__cpu=lambda i: 2e9))
    assert found == Verdict(state="clean", reason="cpu worked at 2.00 GHz throughout")


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("share", [0.10, 0.15, 0.5])
def test_a_clock_that_drops_by_a_tenth_is_throttled(seed: int, share: float) -> None:
    clock = noisy(2e9, seed)
    found = throttling(
        slices(20, clock__cpu=lambda i: clock(i) * (1 - share * (i >= 12)))
    )
    assert found.state == "throttled"
    assert "the clock of cpu fell by" in found.reason


@pytest.mark.parametrize("seed", range(20))
def test_turbo_steps_and_noise_are_no_drop(seed: int) -> None:
    chance = np.random.default_rng(seed)
    steps = chance.choice([0, 1e8], 100)
    clock = noisy(1.0, seed)
    found = throttling(slices(100, clock__cpu=lambda i: (3e9 + steps[i]) * clock(i)))
    assert found.state == "clean"


def test_a_drop_between_warm_up_and_measuring_counts() -> None:
    """The first second ran on turbo, and everything that was measured did not."""
    blocks = [a_block(i, {"clock: cpu": [3e9] * 4}, Phase.WARMUP) for i in range(3)] + [
        a_block(i, {"clock: cpu": [2.4e9] * 4}) for i in range(3, 12)
    ]
    assert "fell by 20%" in throttling(blocks).reason


def test_a_drop_within_the_warm_up_alone_does_not_count() -> None:
    clock = [3e9] * 3 + [2.4e9] * 3 + [3e9] * 8
    blocks = [
        a_block(
            i, {"clock: cpu": [hertz] * 4}, Phase.WARMUP if i < 6 else Phase.MEASURE
        )
        for i, hertz in enumerate(clock)
    ]
    assert throttling(blocks).state == "clean"


def test_one_odd_reading_is_no_drop() -> None:
    found = throttling(slices(20, clock__cpu=lambda i: 1e9 if i == 7 else 2e9))
    assert found.state == "clean"


def test_a_clock_that_is_low_because_idle_is_no_drop() -> None:
    """Between blocks the governor lowers the clock, and raises it within them."""
    idle = lambda i: [8e8, 2e9, 2e9, 2e9 if i % 2 else 8e8]  # noqa: E731
    assert throttling(slices(10, clock__cpu=idle)).state == "clean"
    ramp = lambda i: [8e8, 1.2e9 if i > 5 else 2e9, 2e9, 8e8]  # noqa: E731
    assert throttling(slices(10, clock__cpu=ramp)).state == "clean"


def test_readings_while_nothing_worked_are_not_judged() -> None:
    found = throttling(
        slices(
            12,
            clock__cpu=lambda i: [8e8, 2e9 if i < 6 else 8e8, 2e9, 8e8],
            busy__cpu=lambda i: [0.0, 1.0 if i < 6 else 0.1, 1.0, 0.0],
        )
    )
    assert found.state == "clean"


def test_a_bystander_among_the_processors_is_not_judged() -> None:
    """The efficient cores idle, and once in a while one of them wakes up."""
    found = throttling(
        slices(
            20,
            **{
                "clock__cpu 5.00 GHz": lambda i: 5e9,
                "busy__cpu 5.00 GHz": lambda i: 1.0,
                "clock__cpu 3.90 GHz": lambda i: 3.9e9 if i < 4 else 8e8,
                "busy__cpu 3.90 GHz": lambda i: 1.0 if i % 5 == 0 else 0.0,
            },
        )
    )
    assert found.state == "clean"


def test_a_sustained_block_is_judged_second_by_second() -> None:
    times = np.arange(0, 60 * 10**9, 10**8)
    clock = np.where(times < 40 * 10**9, 2e9, 1.7e9)
    block = a_block(0, {"clock: gpu": clock}, times=times, elapsed_ns=60 * 10**9)
    assert "gpu fell by 15%" in throttling([block]).reason
    flat = a_block(
        0, {"clock: gpu": np.full(600, 2e9)}, times=times, elapsed_ns=60 * 10**9
    )
    assert throttling([flat]).state == "clean"


def test_a_device_that_warms_while_its_clock_falls_is_throttled() -> None:
    found = throttling(
        slices(
            20,
            clock__cpu=lambda i: 2e9 * (1 - 0.0025 * i),
            temperature__soc=lambda i: 50 + i,
        )
    )
    assert found.state == "throttled"
    assert "soc warmed by" in found.reason


def test_warming_alone_is_no_throttling() -> None:
    found = throttling(
        slices(20, clock__cpu=lambda i: 2e9, temperature__soc=lambda i: 50 + i)
    )
    assert found.state == "clean"


def test_a_trip_point_that_is_reached_is_throttling() -> None:
    found = throttling(
        slices(20, clock__cpu=lambda i: 2e9, margin__soc=lambda i: 15.0 - i)
    )
    assert found.state == "throttled"
    assert "soc was at its trip point in 25% of blocks" in found.reason


def test_a_governor_that_changed_is_named() -> None:
    names = [GOVERNORS.index(name) for name in ("performance", "powersave")]
    found = throttling(
        slices(10, clock__cpu=lambda i: 2e9, governor__cpu=lambda i: names[i > 6])
    )
    assert found.state == "throttled"
    assert "governor of cpu changed from performance to powersave" in found.reason


@pytest.mark.parametrize(
    ("channel", "before", "after", "words"),
    [
        ("boost__cpu", 1.0, 0.0, "the boost of cpu changed from 1 to 0"),
        (
            "power_mode__nvpmodel",
            0.0,
            2.0,
            "power mode of nvpmodel changed from 0 to 2",
        ),
        ("clock_limit__cpu", 2e9, 1.5e9, "between 2 and 1.5 GHz"),
        ("power_limit__gpu", 300.0, 250.0, "between 300 and 250"),
        ("throttle__gpu power cap", 0.0, 1.0, "gpu power cap in 40% of blocks"),
    ],
)
def test_what_changed_or_was_set_is_evidence(
    channel: str, before: float, after: float, words: str
) -> None:
    found = throttling(slices(10, **{channel: lambda i: after if i > 5 else before}))
    assert found.state == "throttled"
    assert words in found.reason


def test_a_reason_that_is_set_before_a_block_alone_is_not_its_own() -> None:
    found = throttling(slices(5, throttle__gpu=lambda i: [1.0, 0.0, 0.0, 0.0]))
    assert found.state == "clean"
    assert throttling(slices(5, throttle__gpu=lambda i: [0, 0, 0, 1.0])).state == (
        "throttled"
    )


def test_a_counter_counts_only_within_blocks() -> None:
    between = throttling(slices(5, throttle_count__cpu=lambda i: float(i)))
    assert between == Verdict(state="clean", reason="no throttle count grew")
    within = throttling(slices(5, throttle_count__cpu=lambda i: [i, i, i, i + 1.0]))
    assert within.state == "throttled"
    assert "throttle count of cpu grew by 5" in within.reason


@pytest.mark.parametrize(
    "channels",
    [
        {},
        {"temperature__soc": lambda i: 50.0},
        {"governor__cpu": lambda i: 0.0},
        {"margin__soc": lambda i: 30.0, "boost__cpu": lambda i: 1.0},
        {"clock__cpu": lambda i: [2e9, np.nan, np.nan, 2e9]},
        {"clock__cpu": lambda i: 2e9 if i < 4 else np.nan},
        {"throttle__gpu": lambda i: 0.0 if i < 4 else np.nan},
        {"throttle_count__cpu": lambda i: [np.nan, 3.0, np.nan, np.nan]},
        {"protection__hailo": lambda i: 1.0, "temperature__hailo": lambda i: 60.0},
    ],
)
def test_without_a_sensor_that_would_have_told_nothing_is_clean(channels) -> None:
    found = throttling(slices(10, **channels))
    assert found.state == "unknown"
    assert found.reason


def test_why_there_is_no_sensor_is_said_once() -> None:
    missing = {"a": "no cpufreq", "b": "no zone", "c": "no zone"}
    assert throttling([], missing).reason == "no cpufreq; no zone"


@settings(deadline=None, max_examples=200)
@given(
    st.lists(
        st.lists(
            st.floats(allow_nan=True, allow_infinity=True), min_size=4, max_size=4
        ),
        max_size=12,
    ),
    st.sampled_from(
        ["clock", "busy", "temperature", "margin", "throttle", "governor", "odd"]
    ),
)
def test_whatever_was_read_there_is_a_verdict(readings, quantity) -> None:
    blocks = [
        a_block(i, {f"{quantity}: x": four, "clock: x": four} if quantity != "clock"
                else {"clock: x": four})
        for i, four in enumerate(readings)
    ]  # fmt: skip
    with np.errstate(all="ignore"):
        found = throttling(blocks)
    assert found.state in ("clean", "throttled", "unknown")
    assert found.reason


# Through the real reader, the monitor's process and a real worker's blocks.


def _flat(root: Path, second: float) -> None:
    set_file(root, f"{CPUFREQ}/scaling_cur_freq", 1_999_000 + int(second * 100) % 3)


def _drop(root: Path, second: float) -> None:
    set_file(
        root, f"{CPUFREQ}/scaling_cur_freq", 1_800_000 if second > 0.6 else 2_000_000
    )


def _ramp(root: Path, second: float) -> None:
    set_file(
        root, "sys/class/thermal/thermal_zone0/temp", int(50_000 + 40_000 * second)
    )


def _govern(root: Path, second: float) -> None:
    name = "powersave" if second > 0.6 else "performance"
    set_file(root, f"{CPUFREQ}/scaling_governor", name)


def _idle(root: Path, second: float) -> None:
    """Change nothing: there is nothing to read."""


MACHINE = {**processor(), **zone(trip=75)}


@pytest.mark.parametrize(
    ("files", "step", "state", "words"),
    [
        (MACHINE, _drop, "throttled", "the clock of cpu fell by 10%"),
        (MACHINE, _ramp, "throttled", "cpu-thermal was at its trip point"),
        (MACHINE, _govern, "throttled", "changed from performance to powersave"),
        (MACHINE, _flat, "clean", "cpu worked at 2.00 GHz throughout"),
        ({"proc/none": ""}, _idle, "unknown", "no clock of the processor"),
    ],
    ids=["10 % clock drop", "thermal ramp", "governor change", "flat", "no sensor"],
)
def test_a_replayed_trace_is_judged_rightly(
    tmp_path: Path, files, step, state: str, words: str
) -> None:
    root = write_tree(tmp_path, files)
    readers = [
        StateReader(
            module=f"tierbench.harness.device.{name}", options={"root": str(root)}
        )
        for name in ("cpufreq", "thermal", "hwmon")
    ]
    with Watch(readers) as watch, Replay(lambda second: step(root, second)):
        blocks = _measured(watch, readers, count=20)
        found = throttling(blocks, watch.why_missing(readers))
    assert found.state == state, found.reason
    assert words in found.reason


def _measured(watch: Watch, readers: list[StateReader], count: int) -> list[Block]:
    """Return slices of a worker that spends real time."""
    stretch = Stretch(
        kind=BlockKind.SLICE, calls_min=1, calls_max=10**5, duration_ns=SLICE_NS
    )
    blocks = []
    settings = {**Sim({"clock": "real", "latency_us": 500.0}).settings, "worker": 0}
    with SubprocessWorker(
        modules=Sim.device_modules,
        artifact=Path("unread"),
        options=settings,
        batch=1,
        limits=Limits(),
    ) as worker:
        worker.open()
        worker.bind({})
        for index in range(count):
            measured, seen = watch.around(readers, lambda: worker.block(stretch))
            blocks.append(
                Block(
                    index=index,
                    worker=0,
                    round=index,
                    kind=BlockKind.SLICE,
                    phase=Phase.MEASURE,
                    started_at_ns=measured.started_at_ns,
                    offset_ns=index,
                    elapsed_ns=measured.elapsed_ns,
                    calls=len(measured.latency_ns),
                    series=seen,
                )
            )
    return blocks


def test_an_energy_phase_that_nobody_watched_does_not_blur_the_verdict() -> None:
    watched = slices(5, throttle__gpu=lambda _: 0.0)
    energy = [a_block(place, {}, phase=Phase.ENERGY) for place in range(5, 16)]
    assert throttling(watched).state == "clean"
    assert throttling([*watched, *energy]) == throttling(watched)


def soaked(p_odd: float, seed: int, drop: float = 0.0) -> list[Block]:
    """Return half an hour with one reading a second, of which some are 15 % low."""
    chance = np.random.default_rng(seed)
    second = 10**9
    times = [-(10**6), *(k * second for k in range(1, 5)), 5 * second + 10**6]
    blocks = []
    for i in range(360):
        odd = np.where(chance.random(6) < p_odd, 0.85, 1.0)
        level = 3e9 * (1 - drop * (i > 100))
        read = level * odd * chance.normal(1, 0.005, 6)
        blocks.append(
            a_block(i, {"clock: cpu": read}, Phase.SOAK, times, elapsed_ns=5 * second)
        )
    return blocks


@pytest.mark.parametrize("seed", range(10))
def test_odd_readings_of_a_sustained_run_are_no_drop(seed: int) -> None:
    """One reading a second: a level that is one reading takes each odd one for it."""
    assert throttling(soaked(0.05, seed)).state == "clean"
    assert throttling(soaked(0.05, seed, drop=0.1)).state == "throttled"


@pytest.mark.parametrize("warms", [0.0, 1.0])
def test_a_clock_that_stands_still_tells_nothing(warms: float) -> None:
    """Devices gate their clocks while they idle, and read as 0 Hz then."""
    heat = {"temperature__gpu": lambda i: 40 + warms * i}
    still = throttling(slices(20, clock__gpu=lambda i: 0.0, **heat))
    assert still.state == "unknown"
    gated = throttling(slices(20, clock__gpu=lambda i: 0.0 if i > 12 else 1e9, **heat))
    assert gated.state == "clean"


def test_a_monitor_that_died_on_the_way_is_the_reason() -> None:
    early = slices(3, clock__cpu=lambda i: 2e9)
    blocks = [*early, *(a_block(i, {}) for i in range(3, 20))]
    found = throttling(blocks, {"reader": "the worker was killed by SIGKILL"})
    assert found.state == "unknown"
    assert "read in too few blocks" in found.reason
    assert "SIGKILL" in found.reason
