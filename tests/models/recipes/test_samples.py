import numpy as np
import pytest

from tierbench.harness.errors import DataError
from tierbench.models.recipes.samples import Input, portions

IDS = np.arange(70).reshape(70, 1)
X = np.linspace(0, 1, 70, dtype=np.float64)
FREE = {"x": Input(dtype="float32", batch=None)}


def test_all_samples_come_in_order():
    made = list(portions({"x": X}, FREE))
    assert [len(portion["x"]) for portion in made] == [32, 32, 6]
    joined = np.concatenate([portion["x"] for portion in made])
    np.testing.assert_array_equal(joined, X.astype(np.float32))


def test_a_prescribed_number_is_kept_and_the_rest_left_out():
    inputs = {"x": Input(dtype="float32", batch=8)}
    assert [len(portion["x"]) for portion in portions({"x": X}, inputs)] == [8] * 8


def test_token_ids_stay_whole_numbers_beside_floats():
    inputs = {"ids": Input(dtype="int32", batch=1), **FREE}
    made = list(portions({"ids": IDS, "x": X, "unused": X}, inputs))
    assert len(made) == 70
    assert made[3].keys() == {"ids", "x"}
    assert made[3]["ids"].dtype == np.int32
    assert made[3]["ids"] == [[3]]


@pytest.mark.parametrize(
    ("samples", "inputs", "told"),
    [
        ({"y": X}, FREE, r"arrays \['y'\], but none for its input 'x'"),
        ({"x": X}, {"x": Input(dtype="int64", batch=None)}, "of 'float64' .* 'int64'"),
        (
            {"x": X},
            {"x": Input(dtype="float32", batch=71)},
            "70 calibration samples, of which it takes 71",
        ),
        ({"x": X[:0]}, FREE, "0 calibration samples"),
        (
            {"a": X, "b": X},
            {name: Input(dtype="float32", batch=n) for name, n in (("a", 1), ("b", 2))},
            "take 1 and 2 samples at once",
        ),
    ],
)
def test_samples_that_do_not_fit_are_refused(samples, inputs, told):
    with pytest.raises(DataError, match=told):
        list(portions(samples, inputs))
