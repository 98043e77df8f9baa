"""The device half for TensorFlow Lite Micro's interpreter in its Python package."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from typing import Any

import numpy as np
from tflite_micro import runtime

from ...harness.device.session import Session, SessionError
from ...harness.device.wire import Tensor

ARENA_MIN_BYTES = 4 << 20
ARENA_MAX_BYTES = 256 << 20


class MicroSession(Session):
    """One model in the interpreter, in an arena that is large enough."""

    on_cpu = True

    def __init__(self, model: str, batch: int) -> None:
        """Load the model."""
        if batch != 1:
            raise SessionError(f"a microcontroller runs a batch of 1, not {batch}")
        with open(model, "rb") as stream:
            content = stream.read()
        self._interpreter = _load(content)
        self._names = _names(content)
        self._inputs = [
            self._interpreter.get_input_details(i) for i in range(len(self._names[0]))
        ]

    def inputs(self) -> list[dict[str, Any]]:
        """Describe the inputs, with scale and zero point where they are quantised."""
        return [
            _describe(name, detail)
            for name, detail in zip(self._names[0], self._inputs)
        ]

    def bind(self, tensors: Sequence[Tensor]) -> None:
        """Copy the inputs; a model with a state starts anew."""
        given = {tensor.name: tensor for tensor in tensors}
        self._interpreter.reset()
        for index, name in enumerate(self._names[0]):
            tensor = given.get(name)
            if tensor is None:
                raise SessionError(f"input {name!r} was not given")
            array = np.frombuffer(tensor.data, tensor.dtype).reshape(tensor.shape)
            try:
                self._interpreter.set_input(array, index)
            except (ValueError, RuntimeError) as exc:
                raise SessionError(f"input {name!r}: {exc}") from exc

    def infer(self) -> None:
        """Run the graph once."""
        self._interpreter.invoke()

    def outputs(self) -> list[Tensor]:
        """Return the outputs of the last run."""
        found = []
        for index, name in enumerate(self._names[1]):
            array = np.ascontiguousarray(self._interpreter.get_output(index))
            found.append(Tensor(name, str(array.dtype), array.shape, array.data))
        return found

    def ran(self) -> dict[str, Any]:
        """Tell what ran: reference kernels, as they are compiled for a core too."""
        return {
            "provider": "TensorFlow Lite Micro reference kernels",
            "accelerated_share": None,
            "precision": None,
            "precision_reason": "the kernels compute in the types of the file",
            "threads": 1,
            "call": "Invoke",
        }


def _load(content: bytes) -> Any:
    size = max(ARENA_MIN_BYTES, 10 * len(content))
    while True:
        interpreter, words = _made(content, size)
        if interpreter is not None:
            return interpreter
        if "Requested" not in words:  # what the allocator says where room is short
            raise SessionError(f"TensorFlow Lite Micro refuses the model: {words}")
        if size >= ARENA_MAX_BYTES:
            raise SessionError(f"it needs an arena of more than {size} bytes")
        size = min(4 * size, ARENA_MAX_BYTES)


def _made(content: bytes, size: int) -> tuple[Any, str]:
    """Return an interpreter, or None and why in the runtime's own words on stderr."""
    kept = os.dup(2)
    interpreter, error = None, ""
    with tempfile.TemporaryFile() as words:
        os.dup2(words.fileno(), 2)
        try:
            interpreter = runtime.Interpreter.from_bytes(content, arena_size=size)
        except Exception as exc:  # of many kinds, as damage would have it
            error = " ".join(str(exc).split()) or type(exc).__name__
        finally:
            os.dup2(kept, 2)
            os.close(kept)
        words.seek(0)
        said = " ".join(words.read(4096).decode("utf-8", "replace").split())
    return interpreter, (said or error)[:400]


def _names(content: bytes) -> tuple[list[str], list[str]]:
    """Return the names of inputs and outputs, which the interpreter does not tell."""
    model = runtime.schema_fb.Model.GetRootAs(content)
    graph = model.Subgraphs(0)

    def named(place: int) -> str:
        return str((graph.Tensors(place).Name() or b"").decode("utf-8", "replace"))

    inputs = [named(graph.Inputs(i)) for i in range(graph.InputsLength())]
    outputs = [named(graph.Outputs(i)) for i in range(graph.OutputsLength())]
    return inputs, outputs


def _describe(name: str, detail: dict[str, Any]) -> dict[str, Any]:
    quantisation = detail["quantization_parameters"]
    scales, zeros = quantisation["scales"], quantisation["zero_points"]
    per_tensor = len(scales) == 1
    return {
        "name": name,
        "dtype": np.dtype(detail["dtype"]).name,
        "shape": [int(n) for n in detail["shape"]],
        "scale": float(scales[0]) if per_tensor else None,
        "zero_point": int(zeros[0]) if per_tensor else None,
    }


def open_session(model: str, options: dict[str, Any], batch: int) -> Session:
    """Load a model file."""
    return MicroSession(model, batch)
