from collections import Counter

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from ai_edge_litert.tools import flatbuffer_utils
from support.small_tflite import write_convolutions

from tierbench.harness.errors import ModelError
from tierbench.harness.recipe import Calibration
from tierbench.models.recipes import RECIPES

A = np.linspace(-1, 1, 40, dtype=np.float32).reshape(10, 4)
B = np.linspace(0, 6, 40, dtype=np.float32).reshape(10, 4)
STATIC = {"int8": "int8", "int8-per-tensor": "int8", "int16x8": "int16", "int4": "int8"}


@pytest.fixture
def load(built):
    def of(name):
        path = str(built(name, "tflite").path)
        return Interpreter(model_path=path, num_threads=1)

    return of


def kernels(interpreter):
    """Return the quantisation of weights: stored integers of two axes or more."""
    stored = {t["index"]: t for t in interpreter.get_tensor_details()}
    ends = {
        index
        for operator in interpreter._get_ops_details()
        for index in operator["outputs"]
    }
    ends |= {t["index"] for t in interpreter.get_input_details()}
    return [
        tensor["quantization_parameters"]
        for index, tensor in stored.items()
        if index not in ends and tensor["dtype"] is np.int8 and len(tensor["shape"]) > 1
    ]


@pytest.mark.parametrize("name", ["int8", "int16x8", "int4"])
def test_kernels_have_a_scale_for_each_channel(load, name):
    found = kernels(load(name))
    assert len(found) == 14
    assert all(len(kernel["scales"]) in (8, 16, 32, 64, 128) for kernel in found)
    assert not any(kernel["zero_points"].any() for kernel in found)


def test_kernels_have_one_scale_for_each_tensor(load):
    found = kernels(load("int8-per-tensor"))
    assert len(found) == 14
    assert all(len(kernel["scales"]) == 1 for kernel in found)
    assert not any(kernel["zero_points"].any() for kernel in found)


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("int8", {"int8", "int32"}),
        ("int8-per-tensor", {"int8", "int32"}),
        ("int16x8", {"int8", "int16", "int64"}),
        ("int4", {"int8", "int32"}),
        ("fp16", {"float16", "float32", "int32"}),
    ],
)
def test_tensors_are_of_the_promised_types_only(load, name, kinds):
    tensors = load(name).get_tensor_details()
    assert {np.dtype(t["dtype"]).name for t in tensors} <= kinds


def test_plain_convolutions_and_dense_layers_have_four_bits(built):
    path = str(built("int4", "tflite").path)
    model = flatbuffer_utils.read_model(path)
    (graph,) = model.subgraphs
    kinds = Counter()
    for operator in graph.operators:
        code = model.operatorCodes[operator.opcodeIndex].builtinCode
        if len(operator.inputs) > 2:
            kinds[code, graph.tensors[operator.inputs[1]].type] += 1
    operators, types = schema.BuiltinOperator, schema.TensorType
    assert kinds == {
        (operators.CONV_2D, types.INT4): 6,
        (operators.DEPTHWISE_CONV_2D, types.INT8): 7,
        (operators.FULLY_CONNECTED, types.INT4): 1,
    }


@pytest.mark.parametrize("name", ["int4", "int4-weights"])
def test_a_convolution_over_one_channel_keeps_8_bits(tmp_path, name):
    """As it does in ONNX: a network trained for one suits both."""
    rng = np.random.default_rng(5)
    weights = (rng.normal(size=(n, 1, 1, m)) for n, m in ((3, 1), (5, 3), (1, 5)))
    path = write_convolutions(tmp_path / "net.tflite", *weights)
    images = rng.random((9, 4, 4, 1), np.float32)
    samples = Calibration(sha256="ab", load=lambda: {"x": images})
    built = RECIPES[name].build(path, "tflite", samples, tmp_path / "cache")
    (graph,) = flatbuffer_utils.read_model(str(built.path)).subgraphs
    types = {t.name.decode(): t.type for t in graph.tensors}
    kinds = schema.TensorType
    assert [types[f"w{i}"] for i in range(3)] == [kinds.INT8, kinds.INT4, kinds.INT4]
    Interpreter(model_path=str(built.path), num_threads=1).allocate_tensors()


def test_range_of_the_input_is_that_of_all_samples(load, calibration):
    scale, zero_point = load("int8").get_input_details()[0]["quantization"]
    low, high = scale * (-128 - zero_point), scale * (127 - zero_point)
    # The zero must be on the grid, so the range may start below the samples'.
    assert low == pytest.approx(min(0.0, calibration.min()), abs=scale)
    assert high == pytest.approx(calibration.max(), abs=scale)


@pytest.mark.parametrize("name", [name for name in STATIC if name != "int4"])
def test_each_input_gets_its_own_samples(adding_tflite, tmp_path, name):
    samples = Calibration(sha256="ab", load=lambda: {"b": B, "a": A})
    built = RECIPES[name].build(adding_tflite, "tflite", samples, tmp_path / "cache")
    interpreter = Interpreter(model_path=str(built.path), num_threads=1)
    tops = {}
    for tensor in interpreter.get_input_details():
        assert np.dtype(tensor["dtype"]).name == STATIC[name]
        scale, zero_point = tensor["quantization"]
        tops[tensor["name"]] = scale * (np.iinfo(tensor["dtype"]).max - zero_point)
    assert tops == pytest.approx({"a": 1.0, "b": 6.0}, rel=0.02)


def test_missing_input_is_named(adding_tflite, tmp_path):
    samples = Calibration(sha256="a", load=lambda: {"a": A})
    with pytest.raises(ModelError, match=r"arrays \['a'\], but none for its input 'b'"):
        RECIPES["int8"].build(adding_tflite, "tflite", samples, tmp_path / "cache")


def test_without_a_signature_it_says_so(adding_tflite, tmp_path):
    model = flatbuffer_utils.read_model(str(adding_tflite))
    model.signatureDefs = []
    content = flatbuffer_utils.convert_object_to_bytearray(model)
    adding_tflite.write_bytes(bytes(content))
    samples = Calibration(sha256="ab", load=lambda: {"a": A, "b": B})
    with pytest.raises(ModelError, match="has no signature; convert it with a newer"):
        RECIPES["int8"].build(adding_tflite, "tflite", samples, tmp_path / "cache")
