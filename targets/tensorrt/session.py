"""An engine at work: inputs and outputs in pinned host memory, one stream a slot."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorrt as trt

from ...harness.device.session import Session, SessionError
from ...harness.device.wire import Tensor
from . import cuda, engine, layers

DTYPES = {
    "FLOAT": "float32",
    "HALF": "float16",
    "INT8": "int8",
    "UINT8": "uint8",
    "INT32": "int32",
    "INT64": "int64",
    "BOOL": "bool",
}


UNTOLD = "the engine's inspector tells of no layer that computes"


class Slot:
    """An execution context with its stream and buffers: one call at a time."""

    def __init__(self, made: Any, log: engine.Log, batch: int) -> None:
        """Allocate all that a call needs."""
        self._log = log
        self.context = made.create_execution_context()
        if self.context is None:
            raise SessionError(f"TensorRT makes no execution context: {log.said}")
        self.stream = cuda.stream()
        self.inputs: list[cuda.Buffer] = []
        self.outputs: list[cuda.Buffer] = []
        self._graph: Any = None
        names = [made.get_tensor_name(i) for i in range(made.num_io_tensors)]
        # TensorRT knows the outputs' shapes once it has those of all inputs.
        for name in sorted(names, key=lambda name: not _is_input(made, name)):
            self._add(made, name, batch)

    def _add(self, made: Any, name: str, batch: int) -> None:
        dtype = made.get_tensor_dtype(name)
        if dtype.name not in DTYPES:
            raise SessionError(
                f"{name!r} is of type {dtype.name}; supported are {', '.join(DTYPES)}"
            )
        if _is_input(made, name):
            free = [batch if i == 0 else 1 for i in range(8)]
            told = tuple(made.get_tensor_shape(name))
            shape = tuple(free[i] if n == -1 else n for i, n in enumerate(told))
            if not self.context.set_input_shape(name, shape):
                raise SessionError(
                    f"TensorRT refuses {shape} for {name!r}: {self._log.said}"
                )
        else:
            shape = tuple(self.context.get_tensor_shape(name))
        if -1 in shape:
            raise SessionError(f"the shape of {name!r} depends on data: {shape}")
        buffer = cuda.Buffer(name, DTYPES[dtype.name], shape)
        (self.inputs if _is_input(made, name) else self.outputs).append(buffer)
        if not self.context.set_tensor_address(name, int(buffer.device)):
            raise SessionError(f"TensorRT refuses memory for {name!r}")

    def launch(self) -> None:
        """Begin a call: copy in, compute, copy out."""
        if self._graph is not None:
            cuda.call("cuGraphLaunch", self._graph, self.stream)
        else:
            self._enqueue()

    def _enqueue(self) -> None:
        for buffer in self.inputs:
            buffer.to_device(self.stream)
        if not self.context.execute_async_v3(int(self.stream)):
            raise SessionError(f"TensorRT cannot run the engine: {self._log.said}")
        for buffer in self.outputs:
            buffer.to_host(self.stream)

    def wait(self) -> None:
        """Wait for the call."""
        cuda.wait(self.stream)

    def record(self) -> None:
        """Make a graph of the call; the first call after a new shape must be over."""
        self.launch()
        self.wait()
        self._graph = cuda.recorded(self.stream, self._enqueue)

    def close(self) -> None:
        """Free what the device holds."""
        self.wait()
        if self._graph is not None:
            cuda.call("cuGraphExecDestroy", self._graph)
        for buffer in (*self.inputs, *self.outputs):
            buffer.close()
        cuda.call("cuStreamDestroy", self.stream)


class TensorRtSession(Session):
    """An engine with as many slots as streams were asked for."""

    device_clock = "CUDA events"

    def __init__(
        self,
        model: str,
        identity: Mapping[str, Any],
        wish: engine.Wish,
        handle: Any,
        options: Mapping[str, Any],
    ) -> None:
        """Load the engine; refuse one that is not what was asked for."""
        cuda.use(handle)
        own_memory = not cuda.integrated(handle)
        free = cuda.free_bytes()
        self._wish, self._log = wish, engine.Log()
        self._engine, self._runtime = engine.load(model, identity, wish, self._log)
        self.depth = int(options["streams"])
        self._layers = _layers(self._engine, wish)
        slots = range(self.depth)
        self._slots = [Slot(self._engine, self._log, wish.batch) for _ in slots]
        self._device_bytes = max(0, free - cuda.free_bytes()) if own_memory else None
        self._graphs = bool(options["cuda_graph"])
        self._under_way: deque[int] = deque()
        self._first = self._slots[0]
        self._timer = cuda.Timer(self._first.stream)

    def inputs(self) -> list[dict[str, Any]]:
        """Describe the inputs, which have the shape that the engine was built for."""
        return [
            {"name": one.name, "dtype": one.dtype, "shape": list(one.shape)}
            for one in self._first.inputs
        ]

    def bind(self, tensors: Sequence[Tensor]) -> None:
        """Copy the inputs into each slot's pinned memory."""
        given = {tensor.name: tensor for tensor in tensors}
        for one in self._first.inputs:
            tensor = given.get(one.name)
            if tensor is None:
                raise SessionError(f"input {one.name!r} was not given")
            if (tensor.dtype, tuple(tensor.shape)) != (one.dtype, one.shape):
                raise SessionError(
                    f"input {one.name!r} takes {one.dtype} {list(one.shape)}, "
                    f"not {tensor.dtype} {list(tensor.shape)}"
                )
        for slot in self._slots:
            for one in slot.inputs:
                data = np.frombuffer(given[one.name].data, one.dtype)
                np.copyto(one.array, data.reshape(one.shape))

    def after_first_call(self) -> None:
        """Record each slot's call as a graph, where that is asked for."""
        if self._graphs:
            for slot in self._slots:
                slot.record()

    def infer(self) -> None:
        """Run once, from pinned host memory to pinned host memory."""
        self._first.launch()
        self._first.wait()

    def device_ns(self) -> int:
        """Run once and return the time between events around both copies."""
        return self._timer.around(self._first.launch)

    def submit(self, slot: int) -> None:
        """Start a call in a slot's own stream."""
        self._slots[slot].launch()
        self._under_way.append(slot)

    def wait(self) -> int:
        """Wait for the call that was started first."""
        slot = self._under_way.popleft()
        self._slots[slot].wait()
        return slot

    def outputs(self) -> list[Tensor]:
        """Return the outputs of the last call."""
        return [
            Tensor(one.name, one.dtype, one.shape, one.array.tobytes())
            for one in self._first.outputs
        ]

    def ran(self) -> dict[str, Any]:
        """Tell what the engine says of its layers, and how it was called."""
        told, dla = self._layers, self._wish.dla >= 0
        precision = layers.by_precision(told or []) or None
        share = layers.dla_share(told or []) if dla else 1.0
        reasons = {"precision_reason": UNTOLD} if precision is None else {}
        if share is None:
            reasons["accelerated_share_reason"] = UNTOLD
        return {
            "provider": f"TensorRT, DLA {self._wish.dla}" if dla else "TensorRT",
            "precision": precision,
            "accelerated_share": share,
            **reasons,
            "layers": None if told is None else len(told),
            "tf32": self._wish.tf32,
            "gpu_fallback": self._wish.gpu_fallback,
            "streams": self.depth,
            "cuda_graph": self._graphs,
            "version": trt.__version__,
        }

    def memory(self) -> dict[str, Any]:
        """Return by how much the device's free memory fell as the engine was loaded."""
        return {"device_bytes": self._device_bytes}

    def close(self) -> None:
        """Free buffers, streams and contexts, then the engine, then the runtime."""
        self._timer.close()
        for slot in self._slots:
            slot.close()
        self._slots.clear()
        del self._first, self._engine, self._runtime


def _is_input(made: Any, name: str) -> bool:
    return bool(made.get_tensor_mode(name) == trt.TensorIOMode.INPUT)


def _layers(made: Any, wish: engine.Wish) -> list[dict[str, Any]] | None:
    """Return the engine's layers; refuse a precision or a device nobody asked for."""
    inspector = made.create_engine_inspector()
    text = inspector.get_engine_information(trt.LayerInformationFormat.JSON)
    found = layers.layers(text)
    if found is None:
        return None
    if not wish.tf32 and "tf32" in layers.by_precision(found):
        raise SessionError(
            "the engine computes in TF32 though tf32 is false; set tf32 = true to allow"
        )
    share = layers.dla_share(found)
    if wish.dla >= 0 and not wish.gpu_fallback and share != 1.0:
        raise SessionError(
            f"only {share or 0:.0%} of the model runs on DLA {wish.dla}, the rest on "
            "the GPU; set gpu_fallback = true to allow it"
        )
    return found
