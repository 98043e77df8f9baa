from types import SimpleNamespace
from typing import Any

import pytest

from tierbench.harness.sweep import parse_sweep
from tierbench.reports.asked import outcomes, questions


def test_a_sweep_in_words(examples: SimpleNamespace) -> None:
    (question,) = questions(examples.runs)
    assert (question.name, question.runs) == ("panel-defect", 1)
    parts = dict(question.parts)
    assert parts["Models"] == ("defect: fp32, fp16, int8, int4",)
    assert parts["Targets"] == ("host-onnxruntime: threads 1, 2", "host-litert")
    assert parts["Scenarios"] == ("single stream",)
    assert parts["Batch sizes"] == ("1, 8",)
    assert parts["Constraints"] == ("accuracy at least 0.95",)
    (profile,) = parts["Profile"]
    assert profile.startswith("nightly: each case until the interval")
    assert "3\u00a0%, by 3 processes over 10 s; for 30 s at most" in profile


def test_what_a_sweep_file_says_is_understood(tmp_path) -> None:
    text = (
        'name = "n"\n[[model]]\nuse = "defect"\nvariants = ["int8"]\n'
        '[[target]]\nuse = "host-litert"\nthreads = [1, 4]\n'
    )
    sweep = parse_sweep(text, "n.toml", tmp_path).plain
    (question,) = questions([{"sweep": sweep}])
    parts = dict(question.parts)
    assert parts["Models"] == ("defect: int8",)
    assert parts["Targets"] == ("host-litert: threads 1, 4",)
    assert parts["Batch sizes"] == ("1",)
    assert "Constraints" not in parts


def test_runs_of_one_sweep_are_one_question(examples: SimpleNamespace) -> None:
    (run,) = examples.runs
    other = run | {"sweep": examples.sweep | {"name": "other"}}
    found = questions([run, other, run])
    assert [(one.name, one.runs) for one in found] == [
        ("panel-defect", 2),
        ("other", 1),
    ]


@pytest.mark.parametrize(
    "sweep",
    [None, {}, [], "x", {"models": 3, "targets": [None], "constraints": []}],
)
def test_what_is_no_sweep_asks_nothing(sweep: Any) -> None:
    assert questions([{"sweep": sweep}, {}]) == []


def test_outcomes_add_up(examples: SimpleNamespace) -> None:
    found = outcomes(examples.sweep_rows())
    assert found.names == ("measured", "not converged", "failed", "skipped")
    assert found.rows == (
        ("host-onnxruntime", (6, 0, 1, 1)),
        ("host-litert", (7, 1, 0, 0)),
    )


def test_what_a_load_was_told_is_shown() -> None:
    sweep = {"name": "line", "server_p99_ms": 20.0, "frame_rate_fps": 60.0}
    (question,) = questions([{"sweep": sweep}])
    assert dict(question.parts)["Load"] == (
        "server: 20 ms for p99",
        "pipeline: 60 frames a second",
    )
