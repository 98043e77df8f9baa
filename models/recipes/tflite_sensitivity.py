"""The sensitivity of a TFLite file's layers, on LiteRT."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import samples as calibration
from . import sensitivity, tflite_file
from .layers import EIGHT, Widths
from .tflite import convert, ranges, static_steps

if TYPE_CHECKING:
    from numpy.typing import NDArray


def measure(source: Path, samples: Mapping[str, NDArray[Any]], out: Path) -> None:
    """Write the curve of a file as JSON.

    Inputs and outputs stay float32 here, so that a step of the outputs is no error.

    Raises:
        ModelError: the file cannot be quantised.
    """
    signature, names, inputs = tflite_file.signature(tflite_file.check(source))
    found = ranges(source, _steps(source, EIGHT), samples)
    portions = [
        {names[name]: array for name, array in portion.items()}
        for portion in calibration.portions(sensitivity.first(samples), inputs)
    ]

    def outputs(widths: Widths | None) -> list[NDArray[Any]]:
        if widths is None:
            return _run(source, signature, portions)
        with tempfile.TemporaryDirectory(dir=out.parent) as folder:
            path = Path(folder) / "narrow.tflite"
            convert(source, _steps(source, widths), found, path)
            return _run(path, signature, portions)

    sensitivity.measure(tflite_file.layers(source), outputs).write(out)


def _steps(source: Path, widths: Widths) -> Any:
    from ai_edge_quantizer import algorithm_manager, qtyping

    steps = static_steps(source, widths)
    for end in (qtyping.TFLOperationName.INPUT, qtyping.TFLOperationName.OUTPUT):
        nothing = algorithm_manager.AlgorithmName.NO_QUANTIZE
        steps.add_quantization_config(".*", end, algorithm_key=nothing)
    return steps


def _run(
    path: Path, signature: str, portions: list[dict[str, NDArray[Any]]]
) -> list[NDArray[Any]]:
    import numpy as np
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(path), num_threads=1)
    runner = interpreter.get_signature_runner(signature)
    found = [runner(**portion) for portion in portions]
    return [
        np.concatenate([outputs[name] for outputs in found])
        for name in sorted(found[0])
    ]
