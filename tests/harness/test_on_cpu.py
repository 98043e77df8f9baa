"""Both views of latencies: as scheduled, and without preempted calls."""

import pytest
from support.measured import a_block

from tierbench.harness.on_cpu import OFF_CPU_NS, on_cpu


def blocks(count: int = 20):
    """Return blocks of twenty calls, of which the last is preempted for 9 ms."""
    return [
        a_block(
            index,
            [1000.0 + call for call in range(19)] + [10_000.0],
            off_cpu_us=[0.0] * 18 + [OFF_CPU_NS / 1e3, 9000.0],
        )
        for index in range(count)
    ]


def test_preempted_calls_are_left_out_and_counted() -> None:
    found = on_cpu(blocks())

    assert found.flagged_share == pytest.approx(0.05)
    assert found.samples == 20 * 19
    assert found.median_ns.value == 1_009_000
    assert found.p90_ns.value == 1_017_000
    assert found.p90_ns.interval.high <= 1_018_000


def test_its_percentiles_need_as_much_support() -> None:
    assert "p99 needs 1,000 effective samples" in on_cpu(blocks()).p99_ns.reason
    assert on_cpu(blocks(60)).p99_ns.value == 1_018_000


def test_a_block_without_any_call_on_the_cpu_has_no_part_in_it() -> None:
    gone = a_block(20, [9000.0] * 20, off_cpu_us=[8000.0] * 20)
    found = on_cpu([*blocks(), gone])

    assert found.median_ns == on_cpu(blocks()).median_ns
    assert found.flagged_share == pytest.approx((20 + 20) / 420)


def test_where_every_call_was_preempted_nothing_is_known() -> None:
    found = on_cpu([a_block(0, [9.0, 9.0], off_cpu_us=[30.0, 20.001])])

    assert (found.samples, found.flagged_share) == (0, 1.0)
    assert found.p99_ns.reason == "every call was preempted"


@pytest.mark.parametrize(
    "unknown",
    [
        [],
        [a_block(0, [9.0])],
        [a_block(0, [9.0], off_cpu_us=[0.0]), a_block(1, [9.0])],
        [a_block(0, [9.0, 8.0], off_cpu_us=[0.0])],
    ],
    ids=["nothing", "no times", "times of one block only", "too few times"],
)
def test_without_a_time_for_each_call_there_is_no_such_view(unknown) -> None:
    assert on_cpu(unknown) is None
