"""What the report says of a device's state."""

from types import SimpleNamespace

from tierbench.reports.condition import condition, throttled
from tierbench.reports.page import render

STATE = {
    "clocks": [{"name": "cpu", "during_hz": 2e9}, {"name": "old", "during_hz": None}],
    "temperatures": [{"name": "a", "during_max_c": 61.4}],
    "governor": "performance",
    "power_mode": "2",
}


def test_what_was_seen_stands_behind_the_verdict(examples: SimpleNamespace) -> None:
    row = examples.measured_row(throttled="clean", state=STATE)
    assert condition(row) == ("clean, 2.00 GHz, performance, power mode 2, up to 61 °C")


def test_rows_without_a_state_tell_the_verdict_alone(examples: SimpleNamespace) -> None:
    assert condition(examples.measured_row()) == "throttling unknown"
    nothing = dict.fromkeys(STATE)
    assert condition(examples.measured_row(state=nothing)) == "throttling unknown"
    assert condition(examples.unmeasured_row("failed", "it died")) == ""


def test_odd_states_are_no_crash(examples: SimpleNamespace) -> None:
    for state in ("x", [1], {"clocks": "abc", "temperatures": [None, {}]}):
        assert condition(examples.measured_row(state=state)) == "throttling unknown"


def test_a_throttled_case_is_listed_with_its_evidence(
    examples: SimpleNamespace,
) -> None:
    why = "the clock of <cpu> fell by 11%"
    row = examples.measured_row(throttled="throttled", throttled_reason=why)
    assert throttled(row) == why
    page = render([row], title="t")
    assert "the clock of &lt;cpu&gt; fell by 11%" in page
    assert throttled(examples.measured_row(throttled="clean")) is None
