"""What is special to the files that ship with the model."""

import pytest

EVERY_TIER_RUNS = {
    "ADD",
    "AVERAGE_POOL_2D",
    "CONV_2D",
    "DEPTHWISE_CONV_2D",
    "FULLY_CONNECTED",
    "SOFTMAX",
}


def test_images_are_monochrome_and_of_eight_classes(defect):
    assert defect.evaluation.inputs["input"].shape == (1_200, 64, 64, 1)
    assert len(defect.evaluation.classes) == 8


def test_no_class_is_much_harder_than_the_others(defect):
    assert min(defect.right_by_class().values()) > 0.6


@pytest.mark.parametrize("variant", ["fp32", "int8"])
def test_tflite_needs_no_operator_beyond_the_common_ones(defect, variant):
    assert defect.tflite_operators(variant) == EVERY_TIER_RUNS


def test_parameters_are_counted(defect):
    assert defect.onnx_floats() == defect.lineage["parameters"]
