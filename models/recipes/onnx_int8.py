"""Static int8 quantisation of an ONNX file by ONNX Runtime's quantiser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .recipe import Recipe

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BATCH = 32
"""Samples run at once while calibrating; extremes do not depend on it."""


def _quantise(source: Path, calibration: NDArray[np.float32], out: Path) -> None:
    """Write weights (int8, per channel) and activations (uint8) in QDQ form.

    Ranges are the extremes over all samples; weights are symmetric, inputs and
    outputs of the file stay float32. On x86-64 the runtime has integer kernels for
    unsigned activations only: with signed ones a part of the graph stays in float
    between conversions, which was seen to take 3.5 times as long.
    """
    import onnx
    from onnxruntime.quantization import (
        CalibrationMethod,
        QuantFormat,
        QuantType,
        quantize_static,
    )

    model = onnx.shape_inference.infer_shapes(onnx.load(source))
    _mark_prepared(model)
    quantize_static(
        model,
        out,
        _reader(model.graph.input[0].name, calibration),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        weight_type=QuantType.QInt8,
        activation_type=QuantType.QUInt8,
        calibrate_method=CalibrationMethod.MinMax,
        extra_options={"WeightSymmetric": True, "ActivationSymmetric": False},
    )
    made = onnx.load(out)
    del made.metadata_props[:]
    out.write_bytes(made.SerializeToString(deterministic=True))


def _reader(name: str, calibration: NDArray[np.float32]) -> Any:
    """Return the samples in the form in which the quantiser asks for them."""
    from onnxruntime.quantization import CalibrationDataReader

    class Samples(CalibrationDataReader):  # type: ignore[misc, unused-ignore]
        def __init__(self) -> None:
            self._batches: Iterator[dict[str, Any]] = (
                {name: calibration[start : start + _BATCH]}
                for start in range(0, len(calibration), _BATCH)
            )

        def get_next(self) -> dict[str, Any] | None:
            return next(self._batches, None)

    return Samples()


def _mark_prepared(model: Any) -> None:
    """Tell the quantiser that shapes are known, or it logs advice at every build."""
    mark = model.metadata_props.add()
    mark.key, mark.value = "onnx.quant.pre_process", "onnxruntime.quant"


ONNX_INT8 = Recipe(
    name="int8",
    format="onnx",
    weight_bits=8,
    activation_bits=8,
    tools=("onnx", "onnxruntime"),
    parameters={
        "form": "QDQ",
        "weights": "symmetric, per channel",
        "activations": "uint8, asymmetric, per tensor",
        "ranges": "minimum and maximum",
    },
    apply=_quantise,
)
