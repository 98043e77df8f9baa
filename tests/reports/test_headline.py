from types import SimpleNamespace

from tierbench.reports.headline import front_sentences
from tierbench.reports.pareto import fronts


def plain(sentences: dict[str, str]) -> dict[str, str]:
    return {k: v.replace("\N{NO-BREAK SPACE}", " ") for k, v in sentences.items()}


def test_the_front_of_the_simplest_workload(examples: SimpleNamespace) -> None:
    rows = [*examples.offline_rows(), *reversed(examples.sweep_rows())]
    assert plain(front_sentences(rows, fronts(rows))) == {
        "defect": "Single stream, batch 1: 2 of 7 cases are on the front, from int8 on "
        "host-onnxruntime (0.2719 ms, accuracy 0.963) to fp16 on host-onnxruntime "
        "(0.5995 ms, accuracy 0.973); 4 more are within noise of it."
    }


def test_a_lone_case_is_its_own_front(examples: SimpleNamespace) -> None:
    rows = [examples.measured_row()]
    assert plain(front_sentences(rows, fronts(rows)))["defect"] == (
        "Single stream, batch 1: 1 of 1 case is on the front, fp32 on "
        "host-onnxruntime (0.6183 ms, accuracy 0.973)."
    )


def test_what_was_not_measured_is_named(examples: SimpleNamespace) -> None:
    rows = [examples.projected_row()]
    (sentence,) = front_sentences(rows, fronts(rows)).values()
    assert "1 of 1 projected, accuracy emulated case is on the front" in sentence
    rows = [examples.projected_row(), examples.measured_row()]
    (sentence,) = front_sentences(rows, fronts(rows)).values()
    assert "1 of 1 case is" in sentence


def test_many_between_the_ends_are_counted(examples: SimpleNamespace) -> None:
    rows = []
    for step in range(6):
        row = examples.measured_row(variant=f"v{step}")
        row["latency_ms"] |= {"median": 1.0 + step, "median_ci95": None}
        row["accuracy"] |= {"value": 0.5 + step / 100}
        rows.append(row)
    (sentence,) = front_sentences(rows, fronts(rows)).values()
    assert "over 4 others to v5" in sentence
    (sentence,) = front_sentences(rows[:4], fronts(rows[:4])).values()
    assert "over v1 on host-onnxruntime and v2 on host-onnxruntime to v3" in sentence


def test_offline_speaks_of_throughput(examples: SimpleNamespace) -> None:
    rows = examples.offline_rows()
    (sentence,) = front_sentences(rows, fronts(rows)).values()
    assert "\N{NO-BREAK SPACE}1/s, accuracy" in sentence


def test_without_cases_there_is_nothing_to_say() -> None:
    assert front_sentences([], []) == {}
