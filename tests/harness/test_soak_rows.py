"""What rows say of sustained runs."""

from collections.abc import Mapping

import pytest
from support.measured import a_result
from support.soaked import soak_blocks, soak_value

from tierbench.harness.results import notes, row
from tierbench.harness.soak_rows import flip_sentence, flips
from tierbench.harness.values import Result, Status

QUICK_FIRST = ((9.9, 10.0, 10.1), (12.9, 13.0, 13.1))
STEADY = ((10.9, 11.0, 11.1), (10.9, 11.0, 11.1))


def soaked(place: str, value: Mapping, **changes) -> dict:
    return {**row(a_result()), "place": place, "soak": value, **changes}


def soak_of(result: Result):
    found = row(result)
    return found["soak"], found.get("soak_reason")


def test_a_row_holds_minute_1_and_steady_state_apart() -> None:
    medians = [1000.0] * 12 + [1300.0] * 48
    blocks = (*a_result().blocks, *soak_blocks(medians))
    told, reason = soak_of(a_result(blocks=blocks))
    assert reason is None
    assert told["minute_1"] == {
        "median_ms": pytest.approx(1.0),
        "median_ms_ci95": pytest.approx([1.0, 1.0]),
    }
    assert told["steady"]["median_ms"] == pytest.approx(1.3)
    assert told["steady"]["from_s"] == 150
    assert told["ratio"] == pytest.approx(1.3)
    assert told["verdict"] == "sagged"
    assert told["throttled"] == "unknown"
    assert told["throttled_reason"] == "the target has no sensor that tells"
    rest = row(a_result())
    whole = row(a_result(blocks=blocks))
    for key in ("latency_ms", "n", "slices", "workers", "throughput_per_s"):
        assert whole[key] == rest[key], "a soak is no part of other statistics"


def test_without_a_steady_state_there_is_a_reason() -> None:
    medians = [1000.0 + 10 * place for place in range(80)]
    told, _ = soak_of(a_result(blocks=soak_blocks(medians)))
    assert told["steady"] is None
    assert "still changed" in told["steady_reason"]
    assert told["ratio"] is None
    assert told["ratio_reason"]
    assert told["verdict"] == "still changing"


def test_without_a_sustained_run_there_is_a_reason() -> None:
    assert "procurement" in soak_of(a_result())[1]
    none = soak_of(a_result(soak_reason="not a finalist: too slow"))
    assert none == (None, "not a finalist: too slow")
    died = a_result(blocks=(), status=Status.FAILED, reason="it died")
    assert soak_of(died) == (None, "it died")
    broken = soak_blocks([1.0] * 9, asked_s=1800.0)
    assert soak_of(a_result(blocks=broken, soak_reason="it failed"))[1] == "it failed"


def test_two_that_change_places_flip() -> None:
    one = soaked("a", soak_value(*QUICK_FIRST))
    other = soaked("b", soak_value(*STEADY))
    for rows in ([one, other], [other, one]):
        (flip,) = flips(rows)
        assert (flip.early["place"], flip.late["place"]) == ("a", "b")
        text = flip_sentence(flip)
        assert (
            "fp32 on a is faster than fp32 on b in minute 1 (10 against 11 ms)" in text
        )
        assert "slower in the steady state (13 against 11 ms)" in text
        assert f"warning: {text}" in notes(rows)
    made_up = [row | {"evidence": "SIMULATED"} for row in (one, other)]
    assert "batch 1 (SIMULATED) flips" in flip_sentence(flips(made_up)[0])


@pytest.mark.parametrize(
    "other",
    [
        soaked("b", soak_value((10.05, 11.0, 11.1), STEADY[1])),
        soaked("b", soak_value(STEADY[0], (10.9, 11.0, 12.95))),
        soaked("b", soak_value(STEADY[0], None)),
        soaked("b", soak_value(*QUICK_FIRST)),
        soaked("b", soak_value((20.0, 20.1, 20.2), (20.0, 20.1, 20.2))),
        soaked("b", None),
        soaked("b", soak_value(*STEADY), model="another"),
        soaked("b", soak_value(*STEADY), batch=8),
        soaked("b", soak_value(*STEADY), scenario="offline"),
        soaked("b", soak_value(*STEADY), evidence="SIMULATED"),
    ],
    ids=[
        "overlap in minute 1",
        "overlap in the end",
        "no steady state",
        "equal",
        "always slower",
        "no soak",
        "model",
        "batch",
        "scenario",
        "evidence",
    ],
)
def test_others_do_not(other: dict) -> None:
    assert flips([soaked("a", soak_value(*QUICK_FIRST)), other]) == []


def test_no_interval_is_no_order() -> None:
    value = soak_value(*STEADY)
    value["minute_1"] = {"median_ms": 11.0, "median_ms_ci95": None}
    pair = [soaked("a", soak_value(*QUICK_FIRST)), soaked("b", value)]
    assert flips(pair) == []


def test_each_pair_of_three_is_looked_at() -> None:
    rows = [
        soaked("a", soak_value(*QUICK_FIRST)),
        soaked("b", soak_value(*STEADY)),
        soaked("c", soak_value((11.2, 11.3, 11.4), (11.2, 11.3, 11.4))),
    ]
    found = {(flip.early["place"], flip.late["place"]) for flip in flips(rows)}
    assert found == {("a", "b"), ("a", "c")}
