"""Offsets on a machine's clock."""

from tierbench.harness.timeline import Timeline


def test_a_timeline_goes_on_where_it_stopped() -> None:
    timeline = Timeline()
    assert [timeline.offset_ns(t) for t in (500, 600, 550)] == [0, 100, 50]
    later = Timeline(first_ns=1000)
    assert [later.offset_ns(t) for t in (70, 80)] == [1000, 1010]
