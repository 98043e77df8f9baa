"""What windows under load say."""

from dataclasses import replace

import pytest
from support.loads import PIPELINE, SERVER, a_window
from support.measured import a_block

from tierbench.harness.load import (
    WINDOWS_MIN,
    bracket,
    counted,
    levels,
    none_met,
    rule_of,
    throughput,
    under_load,
)
from tierbench.harness.profiles import PROFILES, SMOKE
from tierbench.harness.values import Phase, Scenario, Workload

QUICK, LATE = 1_000.0, 11_000.0
STRICT = replace(SERVER, profile="smoke")


def one(blocks, workload=STRICT):
    (level,) = levels(workload, blocks)
    return level


def test_the_profile_says_how_much_must_be_seen() -> None:
    rule = rule_of(STRICT)
    assert (rule.queries_min, rule.windows_min) == (SMOKE.queries_min, WINDOWS_MIN)
    assert rule_of(SERVER).queries_min == 1
    assert max(profile.workers for profile in PROFILES.values()) <= WINDOWS_MIN


def test_a_load_is_met_only_when_enough_was_seen() -> None:
    windows = [a_window(i, 50.0, [QUICK] * 200) for i in range(5)]
    assert one(windows).met is True
    assert one(windows[:4]).met is None
    long = [a_window(i, 50.0, [QUICK] * 1000) for i in range(4)]
    assert one(long).met is None, "four windows are not enough, however long"


@pytest.mark.parametrize(("late", "met"), [(10, True), (11, False)])
def test_one_in_a_hundred_may_be_late(late: int, met: bool) -> None:
    calls = [QUICK] * (200 - late) + [LATE] * late
    rest = [a_window(i, 50.0, [QUICK] * 200) for i in range(1, 5)]
    level = one([a_window(0, 50.0, calls), *rest])
    assert (level.late, level.met) == (late, met)
    assert level.in_time == pytest.approx(1 - late / 1000)
    assert (level.tail_ns <= rule_of(STRICT).limit_ns) == met


def test_a_load_fails_as_soon_as_nothing_could_mend_it() -> None:
    assert one([a_window(0, 50.0, [LATE] * 11)]).met is False
    assert one([a_window(0, 50.0, [LATE] * 10)]).met is None


def test_what_was_never_served_is_late() -> None:
    level = one([a_window(0, 50.0, [QUICK] * 900, unserved=100)])
    assert (level.queries, level.late, level.met) == (1000, 100, False)
    assert level.tail_ns is None


def test_a_device_that_is_busy_all_the_time_bears_nothing() -> None:
    """However generous the limit: such a queue would only grow."""
    calls = [QUICK] * 1000
    assert one([a_window(0, 900.0, calls, service_us=1200.0)]).met is False
    blocks = [a_window(i, 800.0, calls, service_us=1200.0) for i in range(5)]
    assert one(blocks).busy == pytest.approx(0.96)
    assert one(blocks).met is True


def test_cameras_keep_a_device_busy_at_their_frame_rate() -> None:
    level = one([a_window(0, 4.0, [QUICK] * 10, 5200.0)], workload=PIPELINE)
    assert level.busy == pytest.approx(4 * 50 * 0.0052)
    assert level.met is False


def test_slow_calls_are_told_from_long_waits() -> None:
    waits = one([a_window(0, 50.0, [LATE] * 20)])
    slow = one([a_window(0, 50.0, [LATE] * 20, service_us=10_500.0)])
    assert (waits.slow, slow.slow) == (0, 20)


def test_a_load_that_was_met_above_one_that_was_not_does_not_count() -> None:
    blocks = [
        a_window(0, 10.0, [QUICK] * 9),
        a_window(1, 20.0, [LATE] * 9),
        a_window(2, 30.0, [QUICK] * 9),
    ]
    best, beyond = bracket(levels(SERVER, blocks))
    assert (best.offered, beyond.offered) == (10.0, 20.0)
    assert bracket([]) == (None, None)


def test_warm_up_and_energy_offer_no_load() -> None:
    window = a_window(0, 10.0, [QUICK])
    others = [replace(window, phase=phase) for phase in (Phase.WARMUP, Phase.ENERGY)]
    assert levels(SERVER, others) == []


def test_the_blocks_that_stand_for_a_case() -> None:
    met, failed = a_window(0, 10.0, [QUICK] * 9), a_window(1, 20.0, [LATE] * 9)
    assert counted(SERVER, [met, failed]) == [met]
    assert counted(SERVER, [failed]) == []
    plain = a_block(2, [1.0])
    assert counted(PIPELINE, [plain, failed]) == [plain]
    single = Workload(scenario=Scenario.SINGLE_STREAM, batch=1, profile="smoke")
    assert counted(single, [plain, met]) == [plain, met]


def test_throughput_is_the_highest_load_that_was_met() -> None:
    blocks = [a_window(0, 10.0, [QUICK] * 9), a_window(1, 20.0, [LATE] * 9)]
    assert throughput(SERVER, blocks).value == 10.0
    assert throughput(replace(SERVER, batch=4), blocks).value == 40.0
    cameras = [a_window(0, 3.0, [QUICK] * 9), a_window(1, 4.0, [30_000.0] * 9)]
    assert throughput(PIPELINE, cameras).value == 150.0


def test_where_no_load_was_met_the_reason_names_the_least_one() -> None:
    found = throughput(SERVER, [a_window(0, 7.0, [LATE] * 9)])
    assert found.value is None
    for word in ("7 queries/s", "11 ms", "limit is 10 ms"):
        assert word in found.reason
    slow = throughput(SERVER, [a_window(0, 7.0, [LATE] * 9, service_us=10_500.0)])
    assert "a call alone takes longer" in slow.reason
    camera = throughput(PIPELINE, [a_window(0, 1.0, [30_000.0] * 9)])
    assert "with 1 camera 0.00% of frames" in camera.reason
    busy = a_window(0, 10_000.0, [QUICK] * 9, service_us=120.0)
    (beyond,) = levels(SERVER, [busy])
    assert beyond.met is False
    assert "1.2 times as long" in none_met(SERVER, beyond)
    assert none_met(SERVER, None) == "no load was offered for long enough"


def test_only_limits_make_a_load() -> None:
    assert under_load(SERVER)
    assert under_load(PIPELINE)
    assert not under_load(replace(SERVER, server_p99_ms=None))
