"""Options of targets, and what the host half tells before anything runs."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from store_examples import example_case

from tierbench.harness.target import WORKER_BYTES, Option, Target, Tier

COUNT = Option(name="n", kind=int, default=1, help="", minimum=1, maximum=8)
SHARE = Option(name="x", kind=float, default=0.5, help="", minimum=0, maximum=1)
LEVEL = Option(name="level", kind=str, default="a", help="", choices=("a", "b"))
SWITCH = Option(name="on", kind=bool, default=True, help="")


class Lacking(Target):
    """A target whose runtime is installed nowhere."""

    name = "lacking"
    tier = Tier.ACCELERATOR
    formats = ("onnx",)
    runtime = "tierbench-no-such-runtime"
    remedy = "buy one"
    device_modules = ()
    options = (COUNT, SWITCH)


class Present(Lacking):
    """A target whose runtime is always installed: NumPy."""

    runtime = "numpy"


@pytest.mark.parametrize(
    ("option", "value"),
    [(COUNT, 1), (COUNT, 8), (SHARE, 0), (SHARE, 1.0), (LEVEL, "b"), (SWITCH, False)],
)
def test_valid_values_have_no_problem(option: Option, value: object) -> None:
    assert option.problem(value) is None


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        (COUNT, 0, "at least 1, not 0"),
        (COUNT, 9, "at most 8, not 9"),
        (COUNT, "1", "must be int, not '1'"),
        (COUNT, True, "must be int, not True"),
        (COUNT, 1.0, "must be int, not 1.0"),
        (SHARE, -0.1, "at least 0"),
        (SHARE, math.nan, "finite float, not nan"),
        (SHARE, math.inf, "finite float, not inf"),
        (SHARE, False, "must be float"),
        (LEVEL, "c", "one of 'a', 'b', not 'c'"),
        (SWITCH, 1, "must be bool, not 1"),
        (SWITCH, None, "must be bool"),
    ],
)
def test_a_problem_names_the_value_and_what_is_valid(option, value, words) -> None:
    assert words in option.problem(value)


@given(st.floats() | st.integers() | st.text() | st.none() | st.lists(st.integers()))
def test_no_value_outside_the_range_passes(value: object) -> None:
    if SHARE.problem(value) is None:
        assert 0 <= value <= 1


def test_settings_are_completed_with_defaults() -> None:
    assert Lacking().settings == {"n": 1, "on": True}
    assert Lacking({"n": 3}).settings == {"n": 3, "on": True}


def test_a_missing_runtime_is_a_reason_with_a_remedy() -> None:
    missing = Lacking().unavailable()
    assert missing is not None
    assert "tierbench-no-such-runtime is not installed in" in missing.reason
    assert missing.remedy == "buy one"
    assert Present().unavailable() is None


def test_a_missing_python_is_a_reason(tmp_path: Path) -> None:
    missing = Present(python=str(tmp_path / "python")).unavailable()
    assert missing is not None
    assert str(tmp_path / "python") in missing.reason


def test_the_environment_names_the_runtimes_version() -> None:
    import numpy

    found = Present().describe()
    assert (found.runtime, found.runtime_version) == ("numpy", numpy.__version__)
    assert found.tier == "accelerator"


def test_a_larger_model_is_expected_to_take_more_memory() -> None:
    variant = example_case().variant
    assert Lacking().footprint_bytes(variant) == WORKER_BYTES + 3 * variant.size_bytes


def test_by_default_a_target_takes_the_file_as_it_is() -> None:
    case = example_case()
    assert Lacking().prepare(case.variant) == case.variant.path
    assert Lacking().check(case.variant, case.workload) is None
