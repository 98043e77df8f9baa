"""The device half for ONNX Runtime's CPU provider."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnxruntime as ort

from ...harness.device.session import Session, SessionError
from ...harness.device.wire import Tensor

PROVIDER = "CPUExecutionProvider"

LEVELS = {
    "disabled": ort.GraphOptimizationLevel.ORT_DISABLE_ALL,
    "basic": ort.GraphOptimizationLevel.ORT_ENABLE_BASIC,
    "extended": ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
    "all": ort.GraphOptimizationLevel.ORT_ENABLE_ALL,
}

DTYPES = {
    "tensor(bool)": "bool",
    "tensor(int8)": "int8",
    "tensor(uint8)": "uint8",
    "tensor(int16)": "int16",
    "tensor(uint16)": "uint16",
    "tensor(int32)": "int32",
    "tensor(uint32)": "uint32",
    "tensor(int64)": "int64",
    "tensor(uint64)": "uint64",
    "tensor(float16)": "float16",
    "tensor(float)": "float32",
    "tensor(double)": "float64",
}


class OrtSession(Session):
    """One model in ONNX Runtime with its inputs and outputs bound."""

    def __init__(self, model: str, options: dict[str, Any], batch: int) -> None:
        """Load the model on the CPU provider and no other."""
        self._threads = int(options["threads"])
        self._level = str(options["graph_optimization"])
        self._arena = bool(options["memory_arena"])
        self._prepacking = bool(options["prepacking"])
        self.on_cpu = self._threads == 1
        self._session = _load(model, self._settings())
        self._batch = batch
        self._binding = self._session.io_binding()
        self._run = self._session._sess.run_with_iobinding
        self._bound = self._binding._iobinding
        self._held: list[Any] = []

    def inputs(self) -> list[dict[str, Any]]:
        """Describe the inputs; a free first dimension is the batch, others are 1."""
        return [self._describe(node) for node in self._session.get_inputs()]

    def bind(self, tensors: Sequence[Tensor]) -> None:
        """Copy the inputs into the runtime's memory and reserve the outputs'."""
        given = {tensor.name: tensor for tensor in tensors}
        self._binding.clear_binding_inputs()
        self._binding.clear_binding_outputs()
        self._held = []
        for spec in self.inputs():
            tensor = given.get(spec["name"])
            if tensor is None:
                raise SessionError(f"input {spec['name']!r} was not given")
            array = np.frombuffer(tensor.data, tensor.dtype).reshape(tensor.shape)
            value = ort.OrtValue.ortvalue_from_numpy(array.copy())
            self._held.append(value)
            self._binding.bind_ortvalue_input(spec["name"], value)
        for node in self._session.get_outputs():
            self._binding.bind_output(node.name, "cpu")

    def feed(self, tensors: Sequence[Tensor]) -> None:
        """Copy new values into the bound inputs, whose memory stays where it is."""
        given = {tensor.name: tensor for tensor in tensors}
        for spec, value in zip(self.inputs(), self._held):
            tensor = given[spec["name"]]
            array = np.frombuffer(tensor.data, tensor.dtype).reshape(tensor.shape)
            value.update_inplace(array)

    def after_first_call(self) -> None:
        """Bind the first run's outputs, so that later runs write to the same memory.

        The bindings are replaced, never cleared: before 1.30 the values that
        ``get_outputs`` returns lie within them and would be freed with them.
        """
        values = self._binding.get_outputs()
        for node, value in zip(self._session.get_outputs(), values):
            self._binding.bind_ortvalue_output(node.name, value)

    def infer(self) -> None:
        """Run once on the bound memory."""
        self._run(self._bound, None)

    def outputs(self) -> list[Tensor]:
        """Return the outputs of the last run."""
        found = []
        nodes = self._session.get_outputs()
        for node, value in zip(nodes, self._binding.get_outputs()):
            array = np.ascontiguousarray(value.numpy())
            found.append(Tensor(node.name, str(array.dtype), array.shape, array.data))
        return found

    def ran(self) -> dict[str, Any]:
        """Tell the provider, threads and settings that really ran."""
        return {
            "provider": self._session.get_providers()[0],
            "accelerated_share": None,
            "precision": None,
            "precision_reason": "the provider computes in the types of the file",
            "threads": self._threads,
            "graph_optimization": self._level,
            "memory_arena": self._arena,
            "prepacking": self._prepacking,
            "allow_spinning": False,
            "call": "run_with_iobinding",
            "version": ort.__version__,
        }

    def _settings(self) -> ort.SessionOptions:
        """Return options under which an idle session costs nothing.

        Threads of the pool would spin for some 50 ms after a call and take that time
        from whoever is measured next; with spinning off they sleep at once.
        """
        settings = ort.SessionOptions()
        settings.intra_op_num_threads = self._threads
        settings.inter_op_num_threads = 1
        settings.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
        settings.graph_optimization_level = LEVELS[self._level]
        settings.enable_cpu_mem_arena = self._arena
        unpacked = "0" if self._prepacking else "1"
        settings.add_session_config_entry("session.disable_prepacking", unpacked)
        settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
        settings.add_session_config_entry("session.inter_op.allow_spinning", "0")
        settings.log_severity_level = 4
        return settings

    def _describe(self, node: Any) -> dict[str, Any]:
        dtype = DTYPES.get(node.type)
        if dtype is None:
            raise SessionError(
                f"input {node.name!r} is a {node.type}; supported are tensors of "
                f"{', '.join(sorted(DTYPES.values()))}"
            )
        shape = [n if isinstance(n, int) and n > 0 else -1 for n in node.shape]
        if shape and shape[0] not in (-1, self._batch):
            raise SessionError(
                f"input {node.name!r} has a fixed batch of {shape[0]}, "
                f"not {self._batch}"
            )
        free = [self._batch if i == 0 else 1 for i in range(len(shape))]
        shape = [free[i] if n == -1 else n for i, n in enumerate(shape)]
        return {"name": node.name, "dtype": dtype, "shape": shape}


def _load(model: str, settings: ort.SessionOptions) -> ort.InferenceSession:
    try:
        return ort.InferenceSession(model, settings, providers=[PROVIDER])
    except MemoryError:
        raise
    except Exception as exc:
        raise SessionError(f"onnxruntime refuses the model: {exc}") from exc


def open_session(model: str, options: dict[str, Any], batch: int) -> Session:
    """Load a model file."""
    return OrtSession(model, options, batch)
