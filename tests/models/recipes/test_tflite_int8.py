import hashlib

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from tierbench.harness.errors import ModelError
from tierbench.models.recipes import TFLITE_INT8, Calibration, build


@pytest.fixture(scope="module")
def interpreter(built):
    return Interpreter(model_path=str(built("int8", "tflite").path), num_threads=1)


def test_two_builds_are_equal_to_the_last_byte(built, calibration, tmp_path):
    again = tmp_path / "again.tflite"
    TFLITE_INT8.apply(built("fp32", "tflite").path, calibration, again)
    known = built("int8", "tflite").path.read_bytes()
    assert hashlib.sha256(again.read_bytes()).digest() == hashlib.sha256(known).digest()


def test_building_says_nothing(built, calibration, tmp_path, capsys):
    out = tmp_path / "net.tflite"
    TFLITE_INT8.apply(built("fp32", "tflite").path, calibration, out)
    assert capsys.readouterr() == ("", "")


def test_inputs_and_outputs_are_int8(interpreter):
    (given,), (made,) = (
        interpreter.get_input_details(),
        interpreter.get_output_details(),
    )
    assert given["dtype"] is made["dtype"] is np.int8
    assert made["quantization"] == (1 / 256, -128)


def test_input_range_is_that_of_all_samples(interpreter, calibration):
    scale, zero_point = interpreter.get_input_details()[0]["quantization"]
    low, high = scale * (-128 - zero_point), scale * (127 - zero_point)
    # The zero must be on the grid, so the range may start below the samples'.
    assert low == pytest.approx(min(0.0, calibration.min()), abs=scale)
    assert high == pytest.approx(calibration.max(), abs=scale)


def test_every_tensor_is_an_integer(interpreter):
    tensors = interpreter.get_tensor_details()
    assert {np.dtype(t["dtype"]).name for t in tensors} == {"int8", "int32"}


def test_kernels_are_symmetric_per_channel(interpreter):
    kernels = [
        t["quantization_parameters"]
        for t in interpreter.get_tensor_details()
        if t["dtype"] is np.int8 and len(t["quantization_parameters"]["scales"]) > 1
    ]
    assert len(kernels) == 14
    assert not any(kernel["zero_points"].any() for kernel in kernels)


def test_file_is_less_than_half_of_its_source(built):
    small, large = built("int8", "tflite").path, built("fp32", "tflite").path
    assert small.stat().st_size < 0.5 * large.stat().st_size


def test_other_content_is_refused(tmp_path):
    source = tmp_path / "net.tflite"
    source.write_bytes(b"no model at all")
    samples = Calibration(sha256="0" * 64, load=lambda: np.zeros((2, 4), np.float32))
    with pytest.raises(ModelError, match="'int8' cannot be applied to"):
        build(TFLITE_INT8, source, samples, tmp_path / "cache")
