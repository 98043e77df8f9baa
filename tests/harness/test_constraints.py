"""A constraint holds only where it is shown to."""

import pytest
from support.measured import a_result

from tierbench.harness.constraints import broken
from tierbench.harness.results import row
from tierbench.harness.sweep import Constraints
from tierbench.harness.values import Accuracy

TOP1 = Accuracy(metric="top1", value=0.95, low=0.93, high=0.97, n=400)
MAE = Accuracy(metric="mae", value=2.5, low=2.1, high=2.9, n=400)
MANY = [1000.0 + index for index in range(50)]


def problems(accuracy: Accuracy | None = TOP1, **limits: float) -> list[str]:
    result = a_result(
        medians_us=MANY, accuracy=accuracy, accuracy_reason="no data was given"
    )
    return broken(row(result), Constraints(**limits))


def test_what_holds_says_nothing() -> None:
    assert problems() == []
    assert problems(latency_p90_ms_max=1.3, accuracy_min=0.95) == []
    assert problems(MAE, error_max=2.5) == []


@pytest.mark.parametrize(
    ("accuracy", "limits", "words"),
    [
        (
            TOP1,
            {"accuracy_min": 0.96},
            "accuracy_min = 0.96 does not hold: top1 is 0.95",
        ),
        (MAE, {"error_max": 2.4}, "error_max = 2.4 does not hold: mae is 2.5"),
        (TOP1, {"latency_p90_ms_max": 1.1}, "= 1.1 does not hold: p90 latency is 1.2"),
        (TOP1, {"energy_mj_max": 5.0}, "is not shown to hold: gross energy (not known"),
        (None, {"accuracy_min": 0.1}, "accuracy (not known: no data was given)"),
        (None, {"error_max": 9.0}, "accuracy (not known: no data was given)"),
        (MAE, {"accuracy_min": 0.1}, "mae is an error, which error_max limits"),
        (TOP1, {"error_max": 1.0}, "top1 is no error; accuracy_min limits it"),
    ],
)
def test_what_does_not_hold_or_is_not_shown_to_is_told(accuracy, limits, words) -> None:
    (problem,) = problems(accuracy, **limits)
    assert words in problem


def test_each_metric_is_held_against_its_own_limit_where_both_are_given() -> None:
    both = {"accuracy_min": 0.9, "error_max": 3.0}
    assert problems(TOP1, **both) == []
    assert problems(MAE, **both) == []


def test_every_broken_constraint_is_told() -> None:
    limits = {"latency_p90_ms_max": 0.1, "energy_mj_max": 1.0, "accuracy_min": 1.0}
    assert len(problems(**limits)) == 3
