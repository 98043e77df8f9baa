from types import SimpleNamespace

import pytest

from tierbench.reports.metrics import NO_REASON, lower_is_better, number, read, words


def test_a_point_has_its_value_and_interval(examples: SimpleNamespace) -> None:
    metric = read(examples.measured_row(), "latency_ms", "median")
    assert metric.value == 0.61834
    assert metric.interval == (0.60921, 0.62733)
    assert metric.evidence == "MEASURED"
    assert metric.reason is None
    assert not metric.band


def test_accuracy_has_its_interval_as_ci95(examples: SimpleNamespace) -> None:
    metric = read(examples.measured_row(), "accuracy", "value")
    assert metric.interval == (0.9514, 0.9846)


def test_a_scalar_has_no_interval(examples: SimpleNamespace) -> None:
    metric = read(examples.measured_row(), "throughput_per_s")
    assert (metric.value, metric.interval) == (1589.3, None)


def test_a_projection_is_a_band_with_its_own_evidence(
    examples: SimpleNamespace,
) -> None:
    row = examples.projected_row()
    latency = read(row, "latency_ms", "median")
    assert latency.band
    assert (latency.value, latency.interval, latency.coverage) == (55, (41, 74), 0.8)
    assert latency.evidence == "PROJECTED"
    assert read(row, "accuracy", "value").evidence == "EMULATED"
    assert read(row, "latency_ms", "p99").reason == "projected as one band only"


def test_a_scalar_may_be_a_band(examples: SimpleNamespace) -> None:
    band = {"low": 1.0, "mid": 2.0, "high": 4.0, "evidence": "PROJECTED"}
    metric = read(examples.measured_row(throughput_per_s=band), "throughput_per_s")
    assert (metric.value, metric.interval, metric.band) == (2.0, (1.0, 4.0), True)
    assert metric.evidence == "PROJECTED"


def test_the_nearest_reason_counts(examples: SimpleNamespace) -> None:
    row = examples.measured_row()
    assert "are worth 310" in (read(row, "latency_ms", "p99").reason or "")
    assert read(row, "energy_mj", "gross").reason == "no power meter is attached"
    row = examples.measured_row(latency_ms=None, reason="worker died", status="failed")
    assert read(row, "latency_ms", "p99").reason == "worker died"
    assert read({}, "latency_ms", "p99").reason == NO_REASON


@pytest.mark.parametrize("bad", [None, True, "1", float("nan"), float("inf"), [1]])
def test_only_finite_numbers_are_numbers(bad: object) -> None:
    assert number(bad) is None
    assert read({"size_bytes": bad}, "size_bytes").value is None


def test_words_are_on_one_line() -> None:
    assert words(" a\r\n\tb ") == "a b"


def test_what_cannot_be_shown_is_escaped() -> None:
    assert words("a\x00\u202e\ud800") == "a\\x00\\u202e\\ud800"


def test_only_errors_are_better_where_they_are_lower() -> None:
    assert lower_is_better("mae")
    assert not any(map(lower_is_better, ("top1", "top5", "auc", "accuracy", "")))
