"""What is special to the files that ship with the model."""

import pytest

A_MICROCONTROLLER_RUNS = {
    "ADD",
    "AVERAGE_POOL_2D",
    "CONV_2D",
    "DEPTHWISE_CONV_2D",
    "FULLY_CONNECTED",
    "SOFTMAX",
}


@pytest.fixture(scope="module")
def bearing(shipped):
    return shipped("bearing")


def test_recordings_are_images_of_height_one(bearing):
    assert bearing.evaluation.inputs["input"].shape == (1_200, 1, 1_024, 1)


def test_each_file_fits_a_microcontrollers_flash(bearing):
    for record in bearing.lineage["files"].values():
        assert record["size_bytes"] < 200_000


def test_no_class_is_much_harder_than_the_others(bearing):
    assert min(bearing.right_by_class().values()) > 0.6


@pytest.mark.parametrize("variant", ["fp32", "int8"])
def test_tflite_needs_no_operator_that_a_microcontroller_lacks(bearing, variant):
    assert bearing.tflite_operators(variant) == A_MICROCONTROLLER_RUNS


def test_parameters_are_counted(bearing):
    assert bearing.onnx_floats() == bearing.lineage["parameters"]
