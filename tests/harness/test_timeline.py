"""The time of a run on one machine."""

from tierbench.harness.timeline import Timeline


def test_time_begins_at_0_with_the_first_moment() -> None:
    timeline = Timeline()
    assert [timeline.offset_ns(at) for at in (700, 950, 700)] == [0, 250, 0]


def test_a_clock_that_began_anew_goes_on_at_the_offset() -> None:
    timeline = Timeline()
    timeline.offset_ns(1_000_000)
    timeline.resume(500)
    assert [timeline.offset_ns(at) for at in (3, 10)] == [500, 507]


def test_an_interrupted_run_goes_on_where_it_stopped() -> None:
    timeline = Timeline(40)
    assert [timeline.offset_ns(at) for at in (10_000, 10_001)] == [40, 41]
