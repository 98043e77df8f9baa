"""Calibration samples fit the model and are apart from the evaluation data."""

import numpy as np
import pytest

from tierbench.harness.calibration import calibration_of
from tierbench.harness.errors import DataError
from tierbench.harness.model import Data
from tierbench.harness.sources import DataSource
from tierbench.harness.values import TensorSpec

X = TensorSpec(name="x", dtype="float32", shape=(-1, 4))
IDS = TensorSpec(name="ids", dtype="int64", shape=(-1, 2))
RNG = np.random.default_rng(6)
ROWS = RNG.random((10, 4), np.float32)
TOKENS = np.arange(20).reshape(10, 2)


def source(name: str, **inputs) -> DataSource:
    data = Data(name=name, inputs=inputs, labels=None, metric=None, sha256=name)
    return DataSource(name, name, lambda: data)


def test_all_samples_come_in_the_inputs_type_and_name() -> None:
    given = source("c", any_name=ROWS.astype(np.float64))
    found = calibration_of(given, None, [X])
    assert found.sha256 == "c"
    assert list(found.load()) == ["x"]
    np.testing.assert_array_equal(found.load()["x"], ROWS, strict=True)


def test_samples_apart_from_the_evaluation_data_are_taken() -> None:
    found = calibration_of(source("c", x=ROWS[:8]), source("e", x=ROWS[8:]), [X])
    assert len(found.load()["x"]) == 8


def test_too_few_samples_are_refused() -> None:
    with pytest.raises(DataError, match="'c': 7 samples; give 8 at least"):
        calibration_of(source("c", x=ROWS[:7]), None, [X])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_samples_that_are_evaluated_as_well_are_counted(dtype) -> None:
    """Also where one file holds them in another type, or under another name."""
    evaluation = source("e", other=ROWS[7:].astype(dtype))
    with pytest.raises(DataError, match=r"'c': 3 of its 10 samples are also in .* 'e'"):
        calibration_of(source("c", x=ROWS), evaluation, [X])


def test_a_sample_is_the_same_only_in_all_its_inputs() -> None:
    one, other = source("c", x=ROWS, ids=TOKENS), source("e", x=ROWS, ids=TOKENS + 1)
    assert calibration_of(one, other, [X, IDS])
    with pytest.raises(DataError, match="10 of its 10 samples"):
        calibration_of(one, one, [X, IDS])


def test_samples_that_do_not_fit_are_refused() -> None:
    with pytest.raises(DataError, match=r"shape \(3,\); the model takes \(4,\)"):
        calibration_of(source("c", x=ROWS[:, :3]), None, [X])
    with pytest.raises(DataError, match="name the arrays like these"):
        calibration_of(source("c", x=ROWS), None, [X, IDS])
