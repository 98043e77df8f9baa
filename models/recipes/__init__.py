"""Recipes: how a variant is made from a model's fp32 file, without training."""

from __future__ import annotations

from ...harness.recipe import Recipe
from .layers import ALL, SUMS
from .mixed import MIXED, MixedRecipe
from .onnx_dynamic import ONNX_DYNAMIC
from .onnx_fp16 import ONNX_FP16
from .onnx_qdq import onnx_static
from .onnx_ranges import ENTROPY, PERCENTILE
from .onnx_weight_only import onnx_weight_only
from .recipe import Conversion, FileRecipe
from .tflite import TFLITE_DYNAMIC, TFLITE_FP16, tflite_static, tflite_weight_only

_EXTREMES_ONLY = (
    "ai-edge-quantizer keeps no more of a tensor than its minimum and maximum"
)
_NO_DEPTHWISE_INT4 = (
    "ai-edge-quantizer has 4-bit weights for plain convolutions and dense layers "
    "only; 'int4' has them there"
)

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
INT8_SYMMETRIC = FileRecipe(
    "int8-symmetric",
    "as int8, activations signed and around zero, biases in float32: for TensorRT",
    {"onnx": onnx_static(signed=True)},
    {"tflite": "TensorRT, which it is for, reads no .tflite file"},
)
INT8_ENTROPY = FileRecipe(
    "int8-entropy",
    "as int8, ranges clipped where the distribution changes least",
    {"onnx": onnx_static(method=ENTROPY)},
    {"tflite": _EXTREMES_ONLY},
)
INT8_PERCENTILE = FileRecipe(
    "int8-percentile",
    "as int8, ranges without the rarest values",
    {"onnx": onnx_static(method=PERCENTILE)},
    {"tflite": _EXTREMES_ONLY},
)
INT8_WEIGHTS = FileRecipe(
    "int8-weights",
    "weights as 8-bit integers, activations in float32",
    {"onnx": onnx_weight_only(), "tflite": tflite_weight_only()},
)
INT8_DYNAMIC = FileRecipe(
    "int8-dynamic",
    "weights as 8-bit integers, activations too, scaled at every call",
    {"onnx": ONNX_DYNAMIC, "tflite": TFLITE_DYNAMIC},
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
    {"onnx": onnx_static(widths=SUMS), "tflite": tflite_static(widths=SUMS)},
)
INT4_UNIFORM = FileRecipe(
    "int4-uniform",
    "all weights as 4-bit, activations as 8-bit integers",
    {"onnx": onnx_static(widths=ALL)},
    {"tflite": _NO_DEPTHWISE_INT4},
)
INT4_WEIGHTS = FileRecipe(
    "int4-weights",
    "most weights as 4-bit integers, activations in float32",
    {"onnx": onnx_weight_only(SUMS), "tflite": tflite_weight_only(SUMS)},
)

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        *(FP16, INT8, INT8_PER_TENSOR, INT8_SYMMETRIC, INT8_ENTROPY),
        INT8_PERCENTILE,
        *(INT8_WEIGHTS, INT8_DYNAMIC, INT16X8, MIXED),
        *(INT4, INT4_UNIFORM, INT4_WEIGHTS),
    )
}
"""Every recipe by its name, the mildest first."""

__all__ = [
    "FP16",
    "INT4",
    "INT4_UNIFORM",
    "INT4_WEIGHTS",
    "INT8",
    "INT8_DYNAMIC",
    "INT8_ENTROPY",
    "INT8_PERCENTILE",
    "INT8_PER_TENSOR",
    "INT8_SYMMETRIC",
    "INT8_WEIGHTS",
    "INT16X8",
    "MIXED",
    "RECIPES",
    "Conversion",
    "FileRecipe",
    "MixedRecipe",
]
