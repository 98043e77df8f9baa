"""The report's section on sustained load."""

from types import SimpleNamespace

from support.soaked import soak_value

from tierbench.reports.page import render
from tierbench.reports.soak import finalists, warnings

QUICK_FIRST = soak_value((9.9, 10.0, 10.1), (12.9, 13.0, 13.1))
STEADY = soak_value((10.9, 11.0, 11.1), (10.9, 11.0, 11.1))
CHANGING = soak_value((10.9, 11.0, 11.1), None)


def rows(examples: SimpleNamespace) -> list[dict]:
    return [
        examples.measured_row(place="a", soak=QUICK_FIRST),
        examples.measured_row(place="b", soak=STEADY),
        examples.measured_row(place="c", soak=CHANGING),
        examples.measured_row(place="d", soak=None, soak_reason="not a finalist"),
        examples.measured_row(place="old"),
    ]


def test_each_finalist_has_a_line(examples: SimpleNamespace) -> None:
    found = finalists(rows(examples))
    assert [line.place for line in found] == ["a", "b", "c"]
    first, _, last = found
    assert (first.minute_1.text, first.minute_1.spread) == ("10.000", "± 0.100")
    assert (first.steady.text, first.verdict) == ("13.000", "sagged")
    assert first.ratio.text == "1.300"
    assert first.effort == "30.0 min"
    simulated = rows(examples)[0] | {"evidence": "SIMULATED"}
    assert finalists([simulated])[0].effort == "30.0 min, simulated"
    assert (last.steady.text, last.verdict) == ("n/a", "still changing")
    assert last.steady.reason == "it still changed by +9.0%"
    assert last.ratio.reason == "there is no steady state"


def test_throttling_under_load_is_told(examples: SimpleNamespace) -> None:
    told = {"throttled": "throttled", "throttled_reason": "the clock fell by 20%"}
    line, *_ = finalists([examples.measured_row(soak=QUICK_FIRST | told)])
    assert line.throttling == "throttled: the clock fell by 20%"
    line, *_ = finalists([examples.measured_row(soak=QUICK_FIRST)])
    assert line.throttling == "throttling unknown"
    clean = QUICK_FIRST | {"throttled": "clean"}
    page = render([examples.measured_row(soak=clean)], title="t")
    assert "sagged<small>clean</small>" in page


def test_a_flip_is_warned_of_at_the_top(examples: SimpleNamespace) -> None:
    (warning,) = warnings(rows(examples))
    page = render(rows(examples), title="t")
    assert page.index("flips under sustained load") < page.index("What was asked")
    assert "fp32 on a is faster than fp32 on b in minute 1" in warning
    assert page.count("Under sustained load") == 2  # the heading and the region's name


def test_without_any_there_is_no_section(examples: SimpleNamespace) -> None:
    page = render([examples.measured_row()], title="t")
    assert "Under sustained load" not in page
    assert "flips" not in page


def test_hostile_names_are_shown_and_not_interpreted(examples: SimpleNamespace) -> None:
    one, other, *_ = rows(examples)
    bad = '<script>alert("x")</script>'
    page = render([one | {"place": bad}, other], title="t")
    assert bad not in page
    assert "&lt;script&gt;alert" in page
