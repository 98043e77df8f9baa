"""Ranges of activations: extremes, histograms, and what has no range."""

import numpy as np
import onnx
import pytest
from onnx.shape_inference import infer_shapes
from support.models import write_onnx

from tierbench.harness.errors import ModelError
from tierbench.models.recipes import onnx_ranges
from tierbench.models.recipes.onnx_ranges import ENTROPY, MIN_MAX, PERCENTILE, ranges

RNG = np.random.default_rng(3)
X = RNG.normal(size=(4_000, 5)).astype(np.float32)
METHODS = [MIN_MAX, ENTROPY, PERCENTILE]


@pytest.fixture
def model(tmp_path):
    """Return y = relu(log(x + 4) + w), its shapes known."""
    nodes = [
        ("Add", ["x", "four"], "above"),
        ("Log", ["above"], "log"),
        ("Add", ["log", "w"], "sum"),
        ("Relu", ["sum"], "y"),
    ]
    weights = {"four": np.full(5, 4, np.float32), "w": np.ones(5, np.float32)}
    ends = {"x": (np.float32, ["n", 5])}, ("y", ["n", 5])
    path = write_onnx(tmp_path / "log.onnx", nodes, *ends, weights)
    return infer_shapes(onnx.load(path))


def found(model, x, method=MIN_MAX, size=1_000):
    portions = ({"x": x[i : i + size]} for i in range(0, len(x), size))
    return ranges(model, portions, ["Add", "Relu"], method)


def range_of(model, x, name, method=MIN_MAX, size=1_000):
    return [float(v) for v in found(model, x, method, size)[name].range_value]


@pytest.mark.parametrize("size", [1, 7, 4_000])
def test_extremes_are_those_of_all_samples(model, size):
    x = np.clip(X[:50], -3, 3)
    assert range_of(model, x, "x", size=size) == [x.min(), x.max()]
    assert range_of(model, x, "y", size=size)[1] == pytest.approx(
        np.log(x.max() + 4) + 1
    )


def test_only_what_those_operators_read_or_make_has_a_range(model):
    names = set(found(model, np.clip(X[:9], -3, 3)).keys())
    assert names == {"x", "above", "log", "sum", "y"}
    portions = iter([{"x": np.clip(X[:9], -3, 3)}])
    assert set(ranges(model, portions, ["Relu"]).keys()) == {"sum", "y"}


@pytest.mark.parametrize("method", [ENTROPY, PERCENTILE])
def test_a_rare_value_is_left_outside(model, method):
    x = np.clip(np.repeat(X, 20, axis=0), -3, 3)
    x[70_000, 2] = 40.0
    low, high = range_of(model, x, "x", method)
    assert high < 0.75 * 40.0
    assert low == pytest.approx(-3, abs=0.1)
    assert range_of(model, x, "x")[1] == 40.0


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("bad", [-5.0, -4.0])
def test_what_is_not_finite_has_no_range(model, method, bad):
    """The logarithm of -1 is NaN and of 0 infinite; the rectifier hides either."""
    x = np.clip(X[:2_000], -3, 3)
    x[1_234, 3] = bad
    with pytest.raises(ModelError, match="'log' is not finite over the calibration"):
        found(model, x, method)


def test_every_number_that_decides_a_range_is_told():
    assert str(onnx_ranges._LEVELS) in ENTROPY.told
    assert f"{ENTROPY.bins:,}" in ENTROPY.told
    assert str(onnx_ranges._PERCENTILE) in PERCENTILE.told
    assert f"{PERCENTILE.bins:,}" in PERCENTILE.told
