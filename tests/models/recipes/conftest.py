import pytest
from support.small_onnx import write_tokens
from support.small_tflite import write_adding


@pytest.fixture
def tokens_onnx(tmp_path):
    """Return an ONNX file with the inputs ``ids`` and ``x``."""
    return write_tokens(tmp_path / "tokens.onnx")


@pytest.fixture
def adding_tflite(tmp_path):
    """Return a TFLite file that adds its inputs ``a`` and ``b``, float32 [1, 4]."""
    return write_adding(tmp_path / "adding.tflite")
