"""Mixed precision: 8 bits for the layers that are worth them, 4 for all others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ...harness.errors import ChainError
from . import onnx_sensitivity, tflite_sensitivity
from .onnx_qdq import ONNX_TOOLS, onnx_static
from .recipe import Conversion, FileRecipe
from .sensitivity import SAMPLES, Curve
from .tflite import TFLITE_TOOLS, tflite_static

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...harness.model import BuiltVariant
    from ...harness.recipe import Calibration
    from .recipe import Apply

_SHARE = 0.1


def _curve(tools: tuple[str, ...], apply: Apply) -> Conversion:
    return Conversion(
        weight_bits=8,
        activation_bits=8,
        calibrated=True,
        tools=tools,
        parameters={"makes": "the sensitivity of layers", "samples, at most": SAMPLES},
        apply=apply,
    )


_CURVES = FileRecipe(
    "mixed",
    "what 4 bits in each layer cost",
    {
        "onnx": _curve(ONNX_TOOLS, onnx_sensitivity.measure),
        "tflite": _curve(TFLITE_TOOLS, tflite_sensitivity.measure),
    },
)
_STATIC = {"onnx": onnx_static, "tflite": tflite_static}


class MixedRecipe:
    """A recipe with a value: the share of weights that may keep 8 bits.

    The layers' sensitivity is measured once for a file and its calibration samples, and
    kept; every share is then taken from it.
    """

    summary = "4-bit weights, but 8 in the layers that lose most by them"
    formats: tuple[str, ...] = tuple(_STATIC)

    def __init__(self, name: str = "mixed", share: float = _SHARE) -> None:
        """Take the name under which it was asked for, and the share."""
        self.name = name
        self.reasons: Mapping[str, str] = {}
        self._share = share

    def with_value(self, value: str) -> MixedRecipe:
        """Return the recipe for another share of weights.

        Raises:
            ChainError: the value is no share.
        """
        try:
            share = float(value)
        except ValueError:
            share = 0.0
        if not 0 < share < 1:
            raise ChainError(
                f"'mixed({value})': must be given the share of weights that may keep 8 "
                "bits, above 0 and below 1, such as 'mixed(0.1)'"
            )
        return MixedRecipe(f"mixed({value})", share)

    def calibrated(self, format: str) -> bool:
        """Return True: ranges and sensitivity are both found on samples.

        Raises:
            NotFound: it does not know the format.
        """
        return _CURVES.calibrated(format)

    def build(
        self, source: Path, format: str, calibration: Calibration | None, cache: Path
    ) -> BuiltVariant:
        """Return the variant's file; see ``FileRecipe.build``."""
        path, _ = _CURVES.made(source, format, calibration, cache, "json")
        widths = Curve.read(path).widths(self._share)
        conversion = _STATIC[format](widths=widths)
        recipe = FileRecipe(self.name, self.summary, {format: conversion})
        return recipe.build(source, format, calibration, cache)


MIXED = MixedRecipe()
