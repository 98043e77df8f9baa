"""The device half for LiteRT's interpreter on a CPU."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from ...harness.device.session import Session, SessionError
from ...harness.device.wire import Tensor


class LitertSession(Session):
    """One model in the interpreter, inputs in the interpreter's own tensors."""

    def __init__(self, model: str, options: dict[str, Any], batch: int) -> None:
        """Load the model and give its inputs their batch."""
        self._threads = int(options["threads"])
        self._xnnpack = bool(options["xnnpack"])
        self.on_cpu = self._threads == 1
        self._interpreter = self._load(model)
        self._resize(batch)
        self._input_details = self._interpreter.get_input_details()
        self._output_details = self._interpreter.get_output_details()

    def _load(self, model: str) -> Any:
        resolver = (
            OpResolverType.AUTO
            if self._xnnpack
            else OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        )
        try:
            return Interpreter(
                model_path=model,
                num_threads=self._threads,
                experimental_op_resolver_type=resolver,
            )
        except (ValueError, RuntimeError, TypeError) as exc:
            raise SessionError(f"LiteRT refuses the model: {exc}") from exc

    def _resize(self, batch: int) -> None:
        for detail in self._interpreter.get_input_details():
            shape = [int(n) for n in detail["shape"]]
            if shape and shape[0] != batch:
                if shape[0] != 1:
                    raise SessionError(
                        f"input {detail['name']!r} has a fixed batch of {shape[0]}, "
                        f"not {batch}"
                    )
                self._interpreter.resize_tensor_input(
                    detail["index"], [batch, *shape[1:]]
                )
        try:
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as exc:
            raise SessionError(
                f"LiteRT cannot run the model with batch {batch}: {exc}"
            ) from exc

    def inputs(self) -> list[dict[str, Any]]:
        """Describe the inputs, with scale and zero point where they are quantised."""
        return [_describe(detail) for detail in self._input_details]

    def bind(self, tensors: Sequence[Tensor]) -> None:
        """Copy the inputs into the interpreter's tensors."""
        given = {tensor.name: tensor for tensor in tensors}
        for detail in self._input_details:
            tensor = given.get(detail["name"])
            if tensor is None:
                raise SessionError(f"input {detail['name']!r} was not given")
            array = np.frombuffer(tensor.data, tensor.dtype).reshape(tensor.shape)
            try:
                self._interpreter.set_tensor(detail["index"], array)
            except ValueError as exc:
                raise SessionError(f"input {detail['name']!r}: {exc}") from exc

    def infer(self) -> None:
        """Run the graph once."""
        self._interpreter.invoke()

    def outputs(self) -> list[Tensor]:
        """Return the outputs of the last run."""
        found = []
        for detail in self._output_details:
            array = np.ascontiguousarray(self._interpreter.get_tensor(detail["index"]))
            found.append(
                Tensor(detail["name"], str(array.dtype), array.shape, array.data)
            )
        return found

    def ran(self) -> dict[str, Any]:
        """Tell which kernels took how many of the model's operators.

        The interpreter has no setting for spinning: its threads sleep between calls.
        """
        return {
            "provider": "XNNPACK" if self._delegated() else "builtin kernels",
            "accelerated_share": None,
            "precision": None,
            "precision_reason": "the kernels compute in the types of the file",
            "delegates": self._delegated(),
            "threads": self._threads,
            "call": "invoke",
        }

    def _delegated(self) -> int:
        """Return the number of delegate nodes in the graph that runs."""
        operators = self._interpreter._get_ops_details()
        return sum(1 for op in operators if op["op_name"] == "DELEGATE")


def _describe(detail: dict[str, Any]) -> dict[str, Any]:
    quantisation = detail["quantization_parameters"]
    scales, zeros = quantisation["scales"], quantisation["zero_points"]
    per_tensor = len(scales) == 1
    return {
        "name": detail["name"],
        "dtype": np.dtype(detail["dtype"]).name,
        "shape": [int(n) for n in detail["shape"]],
        "scale": float(scales[0]) if per_tensor else None,
        "zero_point": int(zeros[0]) if per_tensor else None,
    }


def open_session(model: str, options: dict[str, Any], batch: int) -> Session:
    """Load a model file."""
    return LitertSession(model, options, batch)
