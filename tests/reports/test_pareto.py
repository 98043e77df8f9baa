from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tierbench.harness.front import State
from tierbench.reports.pareto import LATENCY, costs, fronts, states


def row_at(
    examples: SimpleNamespace,
    latency: float,
    accuracy: float,
    latency_half: float | None = 0.0,
    accuracy_half: float | None = 0.0,
    metric: str = "accuracy",
    **changes: Any,
) -> dict[str, Any]:
    """Return a row at this point with intervals of these half-widths."""

    def ends(value: float, half: float | None) -> list[float] | None:
        return None if half is None else [value - half, value + half]

    row = examples.measured_row(variant_sha256=None, **changes)
    row["latency_ms"] |= {"median": latency, "median_ci95": ends(latency, latency_half)}
    row["accuracy"] |= {
        "metric": metric,
        "value": accuracy,
        "ci95": ends(accuracy, accuracy_half),
    }
    return row


def by_latency(rows: list[dict[str, Any]]) -> list[State | None]:
    found = states(fronts(rows))
    return [found.get(place, {}).get("latency") for place in range(len(rows))]


def test_the_three_states(examples: SimpleNamespace) -> None:
    rows = [
        row_at(examples, 1.0, 0.90, 0.1, 0.01),
        row_at(examples, 2.0, 0.95, 0.1, 0.01),
        row_at(examples, 2.15, 0.94, 0.1, 0.01),
        row_at(examples, 3.0, 0.92, 0.1, 0.01),
    ]
    assert by_latency(rows) == [
        State.FRONT,
        State.FRONT,
        State.WITHIN_NOISE,
        State.DOMINATED,
    ]


def test_overlap_in_either_coordinate_is_noise(examples: SimpleNamespace) -> None:
    best = row_at(examples, 1.0, 0.95, 0.1, 0.01)
    slower = row_at(examples, 2.0, 0.94, 0.1, 0.01)
    worse = row_at(examples, 1.1, 0.80, 0.1, 0.01)
    noise = State.WITHIN_NOISE
    assert by_latency([best, slower, worse]) == [State.FRONT, noise, noise]


def test_touching_intervals_dominate_surely(examples: SimpleNamespace) -> None:
    rows = [
        row_at(examples, 1.0, 0.9375, 0.25, 0.0625),
        row_at(examples, 1.5, 0.8125, 0.25, 0.0625),
    ]
    assert by_latency(rows) == [State.FRONT, State.DOMINATED]


def test_without_an_interval_nothing_is_sure(examples: SimpleNamespace) -> None:
    best = row_at(examples, 1.0, 0.95)
    blind = row_at(examples, 50.0, 0.5, latency_half=None)
    assert by_latency([best, blind]) == [State.FRONT, State.WITHIN_NOISE]
    blind = row_at(examples, 50.0, 0.5, accuracy_half=None)
    assert by_latency([best, blind]) == [State.FRONT, State.WITHIN_NOISE]


def test_one_files_accuracies_are_compared_as_they_are(
    examples: SimpleNamespace,
) -> None:
    rows = [
        row_at(examples, latency, 0.9, 0.1, 0.05) | {"variant_sha256": "a"}
        for latency in (1.0, 2.0)
    ]
    assert by_latency(rows) == [State.FRONT, State.DOMINATED]
    rows[1]["variant_sha256"] = "b"
    assert by_latency(rows) == [State.FRONT, State.WITHIN_NOISE]


def test_equal_cases_stand_together(examples: SimpleNamespace) -> None:
    pair = [row_at(examples, 1.0, 0.9)] * 2
    assert by_latency(pair) == [State.FRONT] * 2
    twins = [row_at(examples, 2.0, 0.8, 0.5, 0.2) | {"variant_sha256": "a"}] * 2
    better = row_at(examples, 1.9, 0.81, 0.5, 0.2)
    assert by_latency([better, *twins])[1:] == [State.WITHIN_NOISE] * 2


def test_an_error_is_better_where_it_is_lower(examples: SimpleNamespace) -> None:
    rows = [row_at(examples, 1.0, 0.03), row_at(examples, 2.0, 0.05)]
    assert by_latency(rows) == [State.FRONT, State.FRONT]
    rows = [
        row_at(examples, 1.0, 0.03, metric="mae"),
        row_at(examples, 2.0, 0.05, metric="mae"),
    ]
    assert by_latency(rows) == [State.FRONT, State.DOMINATED]


def test_offline_more_throughput_is_better(examples: SimpleNamespace) -> None:
    rows = examples.offline_rows()
    assert [cost.name for cost in costs(rows[0])] == ["throughput", "size", "memory"]
    front = next(f for f in fronts(rows) if f.cost.name == "throughput")
    rates = [rows[place]["throughput_per_s"] for place in front.members]
    assert rates == sorted(rates, reverse=True)
    fastest = max(front.states, key=lambda place: rows[place]["throughput_per_s"])
    assert front.members[0] == fastest


def test_kinds_of_evidence_never_share_a_front(examples: SimpleNamespace) -> None:
    rows = [
        row_at(examples, 1.0, 0.9),
        row_at(examples, 9.0, 0.5, evidence="SIMULATED"),
        examples.projected_row(),
    ]
    latency = [front for front in fronts(rows) if front.cost == LATENCY]
    assert [front.evidence for front in latency] == [
        "measured",
        "simulated",
        "projected, accuracy emulated",
    ]
    assert [front.members for front in latency] == [(0,), (1,), (2,)]


def test_models_workloads_and_metrics_have_fronts_of_their_own(
    examples: SimpleNamespace,
) -> None:
    rows = [
        row_at(examples, 1.0, 0.9),
        row_at(examples, 2.0, 0.8, model="other"),
        row_at(examples, 2.0, 0.8, batch=8),
        row_at(examples, 2.0, 0.8, metric="auc"),
    ]
    assert by_latency(rows) == [State.FRONT] * 4


def test_only_cases_that_ran_and_know_both_take_part(
    examples: SimpleNamespace,
) -> None:
    rows = [
        row_at(examples, 1.0, 0.9, status="not_converged"),
        row_at(examples, 1.0, 0.9, status="failed"),
        row_at(examples, 1.0, 0.9) | {"accuracy": None},
        row_at(examples, 1.0, 0.9) | {"latency_ms": None},
        row_at(examples, 1.0, 0.9) | {"memory": None},
    ]
    found = states(fronts(rows))
    assert set(found) == {0, 3, 4}
    assert set(found[0]) == {"latency", "size", "memory"}
    assert set(found[3]) == {"size", "memory"}
    assert set(found[4]) == {"latency", "size"}


def test_size_and_memory_are_exact(examples: SimpleNamespace) -> None:
    rows = [row_at(examples, 1.0, 0.9), row_at(examples, 1.0, 0.8)]
    rows[1]["size_bytes"] += 1
    found = states(fronts(rows))
    assert found[1]["size"] is State.DOMINATED


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 6), st.integers(1, 6), st.integers(0, 2)),
        min_size=1,
        max_size=12,
    )
)
def test_a_front_is_what_its_definition_says(
    examples: SimpleNamespace, drawn: list[tuple[int, int, int]]
) -> None:
    rows = [row_at(examples, x, y, half / 4, half / 4) for x, y, half in drawn]
    front = next(f for f in fronts(rows) if f.cost == LATENCY)
    points = np.array([(x, -y) for x, y, _ in drawn])
    for place, point in enumerate(points):
        beaten = ((points <= point).all(1) & (points < point).any(1)).any()
        assert (front.states[place] is State.FRONT) == (not beaten)
        x, y, half = drawn[place]
        sure = any(
            a - c / 4 >= y + half / 4 and b + c / 4 <= x - half / 4
            for n, (b, a, c) in enumerate(drawn)
            if n != place and ((b, a) != (x, y) or c or half)
        )
        if beaten:
            assert (front.states[place] is State.DOMINATED) == sure
    assert list(front.members) == sorted(front.members, key=lambda n: tuple(points[n]))


@pytest.mark.parametrize("rows", [[], [{}]])
def test_nothing_to_judge(rows: list[dict[str, Any]]) -> None:
    assert fronts(rows) == []
