import numpy as np

from tierbench.models import prediction


def test_both_formats_give_the_same_probabilities(probabilities):
    onnx, tflite = probabilities("fp32", "onnx"), probabilities("fp32", "tflite")
    assert onnx.shape == tflite.shape == (1_200, 8)
    np.testing.assert_allclose(onnx, tflite, atol=1e-4)
    np.testing.assert_allclose(onnx.sum(axis=1), 1.0, atol=1e-5)


def test_a_batch_changes_nothing(built, evaluation, probabilities):
    few = evaluation.inputs["input"][:9]
    for format in ("onnx", "tflite"):
        path = built("fp32", format).path
        single = [prediction.probabilities(path, few[i : i + 1]) for i in range(9)]
        together = probabilities("fp32", format)[:9]
        np.testing.assert_allclose(np.concatenate(single), together, atol=1e-5)


def test_integer_outputs_come_back_as_probabilities(probabilities):
    made = probabilities("int8", "tflite")
    assert made.dtype == np.float32
    assert made.min() >= 0.0
    np.testing.assert_allclose(made.sum(axis=1), 1.0, atol=8 / 256)


def test_top1_is_the_share_of_right_answers(built, evaluation, probabilities):
    path = built("fp32", "onnx").path
    images, labels = evaluation.inputs["input"][:40], evaluation.labels[:40]
    right = probabilities("fp32", "onnx")[:40].argmax(axis=1) == labels
    assert prediction.top1(path, images, labels) == right.mean()
