"""Recipes: how a variant is made from a model's fp32 file, without training."""

from __future__ import annotations

from .onnx_int8 import ONNX_INT8
from .recipe import Calibration, Recipe, build
from .tflite_int8 import TFLITE_INT8

RECIPES: dict[tuple[str, str], Recipe] = {
    (recipe.name, recipe.format): recipe for recipe in (ONNX_INT8, TFLITE_INT8)
}
"""Every recipe by its name and the format it reads and writes."""

__all__ = [
    "ONNX_INT8",
    "RECIPES",
    "TFLITE_INT8",
    "Calibration",
    "Recipe",
    "build",
]
