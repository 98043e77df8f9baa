"""Run a model file over samples, to judge it: not to measure its speed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..harness.data import dequantise, quantise
from ..harness.values import TensorSpec

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Run = Callable[[NDArray[np.float32]], list[NDArray[np.float32]]]

_BATCH = 50


def top1(path: Path, inputs: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """Return the share of samples whose most probable class is the true one."""
    return float(np.mean(probabilities(path, inputs).argmax(axis=1) == labels))


def probabilities(path: Path, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return class probabilities, float32 [n, classes], by the file's own runtime.

    A file with integer inputs gets them quantised, its outputs are turned back.
    """
    return runner(path)(inputs)[0]


def runner(path: Path) -> Run:
    """Load a file; return what gives all its outputs, float32 [n, ...] each.

    What is given and put out is what ``probabilities`` has it.
    """
    run = _tflite(path) if path.suffix == ".tflite" else _onnx(path)

    def outputs(inputs: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        batches = [
            run(inputs[start : start + _BATCH])
            for start in range(0, len(inputs), _BATCH)
        ]
        return [np.concatenate(parts) for parts in zip(*batches, strict=True)]

    return outputs


def _onnx(path: Path) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        path, options, providers=["CPUExecutionProvider"]
    )
    name = session.get_inputs()[0].name
    return lambda batch: session.run(None, {name: batch})


def _tflite(path: Path) -> Any:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(path), num_threads=1)
    given = interpreter.get_input_details()[0]
    made = interpreter.get_output_details()

    def run(batch: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        interpreter.resize_tensor_input(given["index"], batch.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(given["index"], _stored(batch, given))
        interpreter.invoke()
        return [_real(interpreter.get_tensor(one["index"]), one) for one in made]

    return run


def _stored(real: NDArray[np.float32], tensor: Any) -> NDArray[Any]:
    """Round as the harness does: inputs halfway between two steps are not rare."""
    return real if tensor["dtype"] is np.float32 else quantise(real, _spec(tensor))


def _real(stored: NDArray[Any], tensor: Any) -> NDArray[np.float32]:
    if tensor["dtype"] is np.float32:
        return stored
    return dequantise(stored, _spec(tensor))


def _spec(tensor: Any) -> TensorSpec:
    scale, zero_point = tensor["quantization"]
    return TensorSpec(
        name=tensor["name"],
        dtype=np.dtype(tensor["dtype"]).name,
        shape=tuple(tensor["shape"]),
        scale=scale,
        zero_point=zero_point,
    )
