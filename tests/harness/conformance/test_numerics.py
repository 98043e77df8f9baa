"""How far outputs may be off, and what is found out by it."""

import numpy as np
import pytest

from tierbench.harness.conformance.honesty import refuse_dishonest_share
from tierbench.harness.conformance.numerics import compare, judge
from tierbench.harness.conformance.precision import (
    NAMES,
    TOLERANCES,
    of_file,
    precisions,
)

DUE = [np.linspace(-1, 1, 100, dtype=np.float32)]


def judged(found: list[np.ndarray], computed: tuple[str, ...]) -> None:
    judge("outputs", computed, compare(found, DUE, computed, ()))


@pytest.mark.parametrize("precision", TOLERANCES)
def test_a_tolerance_is_where_it_is_said(precision: str) -> None:
    allowed = TOLERANCES[precision]
    judged([DUE[0] + np.float32(0.9 * allowed)], (precision,))
    with pytest.raises(AssertionError, match=f"is what {precision} explains"):
        judged([DUE[0] + np.float32(1.1 * allowed)], (precision,))


def test_one_output_that_is_off_is_enough() -> None:
    wrong = DUE[0].copy()
    wrong[7] += 0.01
    with pytest.raises(AssertionError, match=r"off by 0\.01 of the largest"):
        judged([wrong], ("fp32",))


def test_integers_are_judged_by_steps() -> None:
    due = [np.arange(100, dtype=np.int8)]
    for share, passes in ((0.85, True), (0.75, False)):
        found = due[0].copy()
        found[round(100 * share) :] -= 2
        figures = compare([found], due, ("int8",), ())
        assert figures["within_one_step"] == share
        if passes:
            judge("outputs", ("int8",), figures)
        else:
            with pytest.raises(AssertionError, match="within one step"):
                judge("outputs", ("int8",), figures)


def test_real_outputs_of_integers_have_steps_too() -> None:
    step = 2 / 255
    assert compare([DUE[0] + step], DUE, ("int8",), ())["within_one_step"] > 0.9
    assert compare([DUE[0] + 2 * step], DUE, ("int8",), ())["within_one_step"] == 0


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([], "0 outputs"),
        ([DUE[0], DUE[0]], "2 outputs"),
        ([DUE[0][:5]], "shape"),
        ([np.full_like(DUE[0], np.nan)], "NaN"),
    ],
)
def test_outputs_of_another_kind_are_refused(found, said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        judged(found, ("fp32",))


def test_precisions_have_the_names_that_runtimes_give_them() -> None:
    assert precisions("f32") == precisions("FLOAT") == ("fp32",)
    assert precisions({"f16": 3, "int8": 9, "half": 1}) == ("fp16", "int8")
    assert {name for name in NAMES if precisions(name) == (name,)} == set(NAMES)
    for wrong in ("", "fast", {}, None, 7, {"fp32": 1, "fast": 2}):
        with pytest.raises(ValueError, match="is not known; valid: fp64"):
            precisions(wrong)


def test_a_file_asks_for_a_precision() -> None:
    assert of_file(None, None) == ("fp32",)
    assert of_file(32, 32) == ("fp32",)
    assert of_file(8, 16) == ("int8", "fp16")


def refused(share: object, accelerated: bool, helps: bool, provider: str = "x") -> bool:
    try:
        ran = {"accelerated_share": share, "provider": provider}
        refuse_dishonest_share(ran, accelerated, helps)
    except AssertionError:
        return True
    return False


def test_a_share_is_possible_and_was_asked_for() -> None:
    assert not refused(1.0, True, False)
    assert not refused(0.4, True, True)
    assert not refused(0, False, False)
    assert refused(0.4, True, False)
    assert refused(1.5, True, True)
    assert refused(-0.1, True, True)
    assert refused(True, True, True)
    assert refused("all", True, True)
    assert refused(1.0, False, False)
    assert refused(1.0, True, False, "CPUExecutionProvider")
