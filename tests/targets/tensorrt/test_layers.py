"""What an engine's inspector tells, in the words of TensorRT 8 to 11."""

import json

import pytest

from tierbench.targets.tensorrt.layers import (
    by_precision,
    dla_share,
    layers,
    precision,
)


def layer(told: str, kind: str = "kgen", **more) -> dict[str, object]:
    return {"LayerType": kind, "Inputs": [{"Format/Datatype": told}], **more}


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("Row major linear FP32", "fp32"),
        ("Float", "fp32"),
        ("Channel major FP16 format where channel % 8 == 0", "fp16"),
        ("Half", "fp16"),
        ("Row major linear BFloat16 format", "bf16"),
        ("BFloat16", "bf16"),
        ("Thirty-two wide channel vectorized row major Int8 format", "int8"),
        ("Channel major INT8 format where channel % 16 == 0", "int8"),
        ("Row major linear UInt8 format", "uint8"),
        ("Row major linear FP8 format", "fp8"),
        ("Row major linear Int32", "int32"),
        ("Int64", "int64"),
        ("Row major linear BOOL", "bool"),
        ("Unknown format", "unknown"),
    ],
)
def test_the_precision_is_that_of_the_first_input(told, expected) -> None:
    assert precision(layer(told)) == expected


def test_a_kernel_that_rounds_to_tf32_is_told_apart() -> None:
    kernel = "sm80_xmma_fprop_implicit_gemm_indexed_tf32f32_tf32f32_f32_nhwckrsc"
    assert precision(layer("Row major linear FP32", TacticName=kernel)) == "tf32"
    assert precision(layer("Half", TacticName=kernel)) == "fp16"


def test_layers_that_only_move_data_or_count_places_are_not_counted() -> None:
    rest = [layer("Half", "Reformat"), layer("Int64"), layer("Row major linear BOOL")]
    text = json.dumps({"Layers": [layer("Half"), *rest]})
    found = layers(text)
    assert found is not None
    assert by_precision(found) == {"fp16": 1}


@pytest.mark.parametrize(
    "text", ["", "no JSON", "[]", "{}", '{"Layers": ["conv1", "conv2"]}']
)
def test_an_engine_that_does_not_tell_its_layers_is_not_guessed_at(text) -> None:
    assert layers(text) is None


def test_the_dla_has_a_share_of_the_nodes_of_the_model() -> None:
    three = "[ONNX Layer: conv1]\x1e[ONNX Layer: relu1]\x1e[ONNX Layer: conv2]"
    one = "[ONNX Layer: softmax]"
    found = [layer("FP16", "DLA", Metadata=three), layer("FP16", Metadata=one)]
    assert dla_share(found) == 0.75
    assert dla_share([]) is None
