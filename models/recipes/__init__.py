"""Recipes: how a variant is made from a model's fp32 file, without training."""

from __future__ import annotations

from .onnx_fp16 import ONNX_FP16
from .onnx_qdq import onnx_static
from .recipe import Conversion, FileRecipe
from .tflite import TFLITE_FP16, tflite_static

FP16 = FileRecipe(
    "fp16",
    "weights as 16-bit floats",
    {"onnx": ONNX_FP16, "tflite": TFLITE_FP16},
)
INT8 = FileRecipe(
    "int8",
    "weights and activations as 8-bit integers, a scale for each channel",
    {"onnx": onnx_static(), "tflite": tflite_static()},
)
INT8_PER_TENSOR = FileRecipe(
    "int8-per-tensor",
    "weights and activations as 8-bit integers, one scale for each tensor",
    {
        "onnx": onnx_static(per_channel=False),
        "tflite": tflite_static(per_channel=False),
    },
)
INT16X8 = FileRecipe(
    "int16x8",
    "activations as 16-bit, weights as 8-bit integers",
    {
        "onnx": onnx_static(activation_bits=16),
        "tflite": tflite_static(activation_bits=16),
    },
)
INT4 = FileRecipe(
    "int4",
    "most weights as 4-bit, activations as 8-bit integers",
    {"onnx": onnx_static(weight_bits=4), "tflite": tflite_static(weight_bits=4)},
)

RECIPES = {
    recipe.name: recipe for recipe in (FP16, INT8, INT8_PER_TENSOR, INT16X8, INT4)
}
"""Every recipe by its name, the mildest first."""

__all__ = [
    "FP16",
    "INT4",
    "INT8",
    "INT8_PER_TENSOR",
    "INT16X8",
    "RECIPES",
    "Conversion",
    "FileRecipe",
]
