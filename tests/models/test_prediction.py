import numpy as np

from tierbench.models import prediction


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
