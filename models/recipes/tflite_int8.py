"""Static int8 quantisation of a TFLite file by Google's ai-edge-quantizer."""

from __future__ import annotations

import warnings
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from .recipe import Recipe

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BATCH = 32
"""Samples run at once while calibrating; extremes do not depend on it."""


def _quantise(source: Path, calibration: NDArray[np.float32], out: Path) -> None:
    """Write weights (per channel), activations, inputs and outputs as int8.

    The quantiser's own default follows a moving average of each sample's range,
    which clips; here the ranges are the extremes over all samples.
    """
    from ai_edge_litert.interpreter import Interpreter
    from ai_edge_quantizer import calibrator, quantizer, recipe, recipe_manager
    from ai_edge_quantizer.utils import qsv_utils

    signatures = Interpreter(model_path=str(source), num_threads=1).get_signature_list()
    signature, tensors = next(iter(signatures.items()))
    steps = recipe.static_wi8_ai8()
    manager = recipe_manager.RecipeManager()
    manager.load_quantization_recipe(steps)
    batches = [
        {tensors["inputs"][0]: calibration[start : start + _BATCH]}
        for start in range(0, len(calibration), _BATCH)
    ]
    with warnings.catch_warnings(), redirect_stderr(StringIO()):
        # It warns of the memory that it takes, and shows a bar none can switch off.
        warnings.filterwarnings("ignore", "Warning: Enabling", UserWarning)
        ranges = calibrator.Calibrator(
            str(source), num_threads=1, qsv_update_func=qsv_utils.min_max_update
        )
        ranges.calibrate({signature: batches}, manager)
        result = quantizer.Quantizer(str(source), steps).quantize(
            ranges.get_model_qsvs(),
            enable_progress_bar=False,
            enable_progress_report=False,
        )
    out.write_bytes(bytes(result.quantized_model))


TFLITE_INT8 = Recipe(
    name="int8",
    format="tflite",
    weight_bits=8,
    activation_bits=8,
    tools=("ai-edge-litert", "ai-edge-quantizer"),
    parameters={
        "steps": "static_wi8_ai8",
        "ranges": "minimum and maximum",
        "inputs and outputs": "int8",
    },
    apply=_quantise,
)
