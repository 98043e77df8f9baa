"""The sensitivity of an ONNX file's layers, on ONNX Runtime."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import onnx_file, onnx_weights, sensitivity
from . import samples as calibration
from .layers import Widths
from .onnx_qdq import prepared, quantise, quantised_types
from .onnx_ranges import ranges

if TYPE_CHECKING:
    from numpy.typing import NDArray


def measure(source: Path, samples: Mapping[str, NDArray[Any]], out: Path) -> None:
    """Write the curve of a file as JSON.

    Raises:
        ModelError: the file cannot be quantised.
    """
    model = prepared(source)
    given = onnx_file.inputs(model)
    found = ranges(model, calibration.portions(samples, given), quantised_types(model))
    portions = list(calibration.portions(sensitivity.first(samples), given))

    def outputs(widths: Widths | None) -> list[NDArray[Any]]:
        if widths is None:
            return _run(source, portions)
        with tempfile.TemporaryDirectory(dir=out.parent) as folder:
            path = Path(folder) / "narrow.onnx"
            quantise(model, found, path, widths)
            return _run(path, portions)

    layers = (layer for layer, _ in onnx_weights.layers(model).values())
    sensitivity.measure(layers, outputs).write(out)


def _run(path: Path, portions: list[dict[str, NDArray[Any]]]) -> list[NDArray[Any]]:
    import numpy as np
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        path, options, providers=["CPUExecutionProvider"]
    )
    found = [session.run(None, portion) for portion in portions]
    return [np.concatenate(parts) for parts in zip(*found, strict=True)]
