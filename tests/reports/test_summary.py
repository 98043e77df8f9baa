from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from tierbench.reports.summary import (
    asked,
    counts,
    highlights,
    outcome,
    place_name,
    workload,
)


def test_counts_add_up(examples: SimpleNamespace) -> None:
    rows = [*examples.sweep_rows(), examples.projected_row()]
    found = dict(counts(rows))
    assert found == {
        "measured": 13,
        "not converged": 1,
        "failed": 1,
        "skipped": 1,
        "projected": 1,
    }


@given(st.lists(st.tuples(st.text(), st.text())))
def test_counts_add_up_for_any_status(pairs: list[tuple[str, str]]) -> None:
    rows = [{"status": status, "evidence": evidence} for status, evidence in pairs]
    assert sum(count for _, count in counts(rows)) == len(rows)


def test_ok_counts_as_its_evidence(examples: SimpleNamespace) -> None:
    assert outcome(examples.measured_row()) == "measured"
    assert outcome(examples.projected_row()) == "projected"
    assert outcome(examples.measured_row(status="timed_out")) == "timed out"


def test_what_was_asked(examples: SimpleNamespace) -> None:
    assert asked(examples.sweep_rows()) == (
        "4 variants of 1 model on 2 targets under 2 workloads"
    )
    assert asked([examples.measured_row()]) == (
        "1 variant of 1 model on 1 target under 1 workload"
    )


def test_the_highlights_name_the_best_with_their_intervals(
    examples: SimpleNamespace,
) -> None:
    found = highlights(examples.sweep_rows())
    assert found["defect"] == (
        "fp16 on host-onnxruntime is the most accurate, accuracy 0.973 "
        "(95 % interval 0.952 to 0.985), though the intervals of 2 other variants "
        "overlap it; int8 on host-onnxruntime, with accuracy 0.963, is the fastest at "
        "single stream, batch\N{NO-BREAK SPACE}1, median 0.2719 ms "
        "(95 % interval 0.2689 to 0.2752)."
    )


def test_a_lone_file_stands_out_by_its_target(examples: SimpleNamespace) -> None:
    found = highlights([examples.measured_row(variant="as is", place="chip[n=1]")])
    sentence = found["defect"]
    assert "as is" not in sentence
    assert sentence.startswith("chip[n=1] is the most accurate")


def test_only_converged_measurements_can_stand_out(examples: SimpleNamespace) -> None:
    slow = examples.measured_row()
    latency = slow["latency_ms"] | {"median": 0.1, "median_ci95": [0.09, 0.11]}
    for change in ({"status": "not_converged"}, {"evidence": "EMULATED"}):
        rival = examples.measured_row(variant="rival", latency_ms=latency, **change)
        (sentence,) = highlights([rival, slow]).values()
        assert "rival" not in sentence
    assert highlights([rival]) == {}


def test_the_most_accurate_need_not_have_converged(examples: SimpleNamespace) -> None:
    best = {"metric": "accuracy", "value": 0.99, "ci95": None}
    rival = examples.measured_row(
        variant="rival", status="not_converged", accuracy=best
    )
    (sentence,) = highlights([examples.measured_row(), rival]).values()
    assert sentence.startswith("rival on host-onnxruntime is the most accurate")
    assert "; fp32 on host-onnxruntime, with accuracy 0.973, is the fastest" in sentence


def test_of_equally_accurate_cases_the_fastest_stands_out(
    examples: SimpleNamespace,
) -> None:
    quick = examples.measured_row()["latency_ms"] | {"median": 0.1, "median_ci95": None}
    rows = [
        examples.measured_row(),
        examples.measured_row(target="quick", latency_ms=quick),
    ]
    (sentence,) = highlights(rows).values()
    assert sentence.startswith("fp32 on quick is the most accurate")


def test_the_fastest_is_sought_in_the_simplest_workload(
    examples: SimpleNamespace,
) -> None:
    quick = examples.measured_row()["latency_ms"] | {"median": 0.1, "median_ci95": None}
    rows = [
        examples.measured_row(variant="b", scenario="offline", latency_ms=quick),
        examples.measured_row(variant="c", batch=8, latency_ms=quick),
        examples.measured_row(variant="a"),
    ]
    (sentence,) = highlights(rows).values()
    assert "; a on host-onnxruntime, with" in sentence


def test_accuracies_of_different_metrics_are_not_compared(
    examples: SimpleNamespace,
) -> None:
    other = examples.measured_row(
        variant="other",
        accuracy={"metric": "auc", "value": 0.999, "ci95": None, "n": 9},
    )
    (sentence,) = highlights([examples.measured_row(), other]).values()
    assert "fp32 on host-onnxruntime is the most accurate" in sentence


def test_the_lowest_error_is_the_most_accurate(examples: SimpleNamespace) -> None:
    rows = [
        examples.measured_row(
            variant=name, accuracy={"metric": "mae", "value": value, "ci95": None}
        )
        for name, value in (("worse", 0.05), ("better", 0.03))
    ]
    (sentence,) = highlights(rows).values()
    assert sentence.startswith("better on host-onnxruntime is the most accurate, mae")


def test_a_workload_in_words(examples: SimpleNamespace) -> None:
    row = examples.measured_row(scenario="multi_stream", batch=4)
    assert workload(row) == "multi stream, batch\N{NO-BREAK SPACE}4"


def test_options_tell_targets_apart() -> None:
    row = {"target": "host", "place": "host[threads=2]"}
    assert place_name(row) == "host[threads=2]"
    assert place_name({"target": "host", "place": None}) == "host"
