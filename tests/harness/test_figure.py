import pytest

from tierbench.harness.figure import Figure
from tierbench.harness.values import Evidence


def figure(**numbers: object) -> Figure:
    return Figure(
        quantity="latency",
        unit="ns",
        evidence=Evidence.PROJECTED,
        **numbers,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    "numbers",
    [
        {"value": 7.0},
        {"low": 1.0, "mid": 2.0, "high": 2.0, "coverage": 0.8},
        {"reason": "no board of this core was measured"},
    ],
)
def test_one_of_three(numbers: dict[str, object]) -> None:
    assert figure(**numbers).quantity == "latency"


@pytest.mark.parametrize(
    ("numbers", "why"),
    [
        ({}, "give a value, a band or a reason"),
        ({"value": 1.0, "reason": "none"}, "give a value, a band or a reason"),
        ({"value": float("nan")}, "not finite"),
        ({"low": 1.0, "mid": 2.0, "high": 3.0}, "a band needs"),
        ({"low": 2.0, "mid": 1.0, "high": 3.0, "coverage": 0.8}, "not in order"),
        ({"low": -1.0, "mid": 1.0, "high": 3.0, "coverage": 0.8}, "not in order"),
        (
            {"low": 1.0, "mid": 2.0, "high": float("inf"), "coverage": 0.8},
            "not in order",
        ),
        ({"low": 1.0, "mid": 2.0, "high": 3.0, "coverage": 1.0}, "coverage"),
    ],
)
def test_any_other_is_refused(numbers: dict[str, object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        figure(**numbers)
