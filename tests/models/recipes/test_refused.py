"""Files and samples that no recipe can use: refused with the reason."""

import numpy as np
import onnx
import pytest
from support.models import write_linear, write_onnx
from support.small_tflite import write_convolutions

from tierbench.harness.errors import DataError, ModelError
from tierbench.harness.recipe import Calibration
from tierbench.models.recipes import RECIPES

ROWS = np.linspace(-1, 1, 60, dtype=np.float32).reshape(10, 6)
ONNX = [name for name in RECIPES if "onnx" in RECIPES[name].formats]
TFLITE = [name for name in RECIPES if "tflite" in RECIPES[name].formats]
CALIBRATED = [name for name in ONNX if RECIPES[name].calibrated("onnx")]


def build(name, path, cache, **samples):
    given = Calibration(sha256="ab", load=lambda: samples or {"x": ROWS})
    return RECIPES[name].build(path, path.suffix[1:], given, cache)


@pytest.fixture
def linear(tmp_path):
    return write_linear(tmp_path / "net.onnx", np.eye(6))


@pytest.mark.parametrize("name", ONNX)
def test_an_operator_that_nobody_knows(linear, tmp_path, name):
    net = onnx.load(linear)
    net.graph.node[0].op_type = "NoSuchOperator"
    onnx.save(net, linear)
    told = f"'{name}' cannot be applied .* opset 17 has no operator 'NoSuchOperator'"
    with pytest.raises(ModelError, match=told):
        build(name, linear, tmp_path / "cache")


@pytest.mark.parametrize("name", ONNX)
def test_an_opset_from_the_future(linear, tmp_path, name):
    net = onnx.load(linear)
    net.opset_import[0].version = 99
    onnx.save(net, linear)
    with pytest.raises(ModelError, match=r"opset 99, .* knows up to \d+; export it"):
        build(name, linear, tmp_path / "cache")


@pytest.mark.parametrize("name", ONNX)
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_weights_that_are_not_finite(tmp_path, name, bad):
    weights = np.eye(6)
    weights[2, 3] = bad
    path = write_linear(tmp_path / "net.onnx", weights)
    with pytest.raises(ModelError, match="weights 'w' hold NaN or infinity; train"):
        build(name, path, tmp_path / "cache")


@pytest.mark.parametrize("name", [name for name in ONNX if name != "fp16"])
def test_a_file_with_nothing_to_quantise(tmp_path, name):
    ends = {"x": (np.float32, ["n", 6])}, ("y", ["n", 6])
    path = write_onnx(tmp_path / "net.onnx", [("Erf", ["x"], "y")], *ends, {})
    with pytest.raises(ModelError, match=r"can be quantised: Erf|it has no"):
        build(name, path, tmp_path / "cache")


@pytest.mark.parametrize("name", CALIBRATED)
def test_samples_that_are_too_few(linear, tmp_path, name):
    with pytest.raises(DataError, match=f"recipe '{name}': 7 samples; give 8 at least"):
        build(name, linear, tmp_path / "cache", x=ROWS[:7])


@pytest.mark.parametrize("bad", [np.nan, -np.inf])
def test_samples_that_are_not_finite(linear, tmp_path, bad):
    rows = ROWS.copy()
    rows[4, 1] = bad
    with pytest.raises(DataError, match="'x' holds NaN or infinity; leave those out"):
        build("int8", linear, tmp_path / "cache", x=rows)


@pytest.mark.parametrize("name", CALIBRATED)
def test_activations_that_are_not_finite(tmp_path, name):
    """A square root of what is negative in one sample, which a rectifier hides."""
    nodes = [
        ("MatMul", ["x", "w"], "m"),
        ("Sqrt", ["m"], "root"),
        ("Relu", ["root"], "y"),
    ]
    ends = {"x": (np.float32, ["n", 6])}, ("y", ["n", 6])
    weights = {"w": np.eye(6, dtype=np.float32)}
    path = write_onnx(tmp_path / "net.onnx", nodes, *ends, weights)
    rows = np.abs(ROWS)
    assert build(name, path, tmp_path / "cache", x=rows).path.exists()
    rows[7, 2] = -1
    with pytest.raises(ModelError, match="'root' is not finite over the calibration"):
        build(name, path, tmp_path / "other", x=rows)


def test_tflite_activations_that_are_not_finite(adding_tflite, tmp_path):
    large = np.full((9, 4), 3e38, np.float32)
    with pytest.raises(ModelError, match="'sum' is not finite over the calibration"):
        build("int8", adding_tflite, tmp_path / "cache", a=large, b=large)


@pytest.mark.parametrize("name", [n for n in TFLITE if n.startswith("int4")])
def test_a_tflite_file_without_weights_has_none_for_4_bits(
    adding_tflite, tmp_path, name
):
    rows = ROWS[:, :4]
    with pytest.raises(ModelError, match="no weight that 4 bits are enough for"):
        build(name, adding_tflite, tmp_path / "cache", a=rows, b=rows)


@pytest.mark.parametrize("name", ["fp16", "int8-weights", "int8-dynamic"])
def test_a_tflite_file_without_weights_has_nothing_to_convert(
    adding_tflite, tmp_path, name
):
    with pytest.raises(ModelError, match="can be quantised so: ADD; use it in float32"):
        build(name, adding_tflite, tmp_path / "cache")


@pytest.mark.parametrize("name", TFLITE)
def test_tflite_weights_that_are_not_finite(tmp_path, name):
    weights = np.ones((2, 1, 1, 3), np.float32)
    weights[1, 0, 0, 1] = np.nan
    path = write_convolutions(tmp_path / "net.tflite", weights)
    with pytest.raises(ModelError, match="weights 'w0' hold NaN or infinity; train"):
        build(name, path, tmp_path / "cache")
