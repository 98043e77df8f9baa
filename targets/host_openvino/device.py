"""The device half for OpenVINO's CPU plugin."""

from __future__ import annotations

import os
import sys
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

# At its import OpenVINO would write a client's id to the home folder and report itself
# to a web service; where this package cannot be imported it takes its own silent one.
sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]

import openvino as ov  # noqa: E402
from openvino._pyopenvino import InferRequest  # noqa: E402

from ...harness.device.session import Session, SessionError  # noqa: E402
from ...harness.device.wire import Tensor  # noqa: E402

DTYPES = {
    "boolean": "bool",
    "i8": "int8",
    "u8": "uint8",
    "i16": "int16",
    "u16": "uint16",
    "i32": "int32",
    "u32": "uint32",
    "i64": "int64",
    "u64": "uint64",
    "f16": "float16",
    "f32": "float32",
    "f64": "float64",
}

NO_KERNEL = ("Const", "Input", "Output", "Reorder", "Reshape")
"""Nodes of the graph that runs which compute nothing."""


class OpenvinoSession(Session):
    """One compiled model and its requests, whose own tensors are bound."""

    def __init__(self, model: str, options: dict[str, Any], batch: int) -> None:
        """Compile the model for the CPU with the batch; refuse another precision."""
        threads, precision = int(options["threads"]), str(options["precision"])
        self.depth = int(options["depth"])
        with _translated("refuses the model"):
            core = ov.Core()
            tflite = _is_tflite(model)
            graph = _read_tflite(core, model) if tflite else core.read_model(model)
        self._inputs = [_describe(port, batch, tflite) for port in graph.inputs]
        # Compiling merges tensors, after which a port may go by another's name.
        self._outputs = [(port.any_name, _dtype(port)) for port in graph.outputs]
        with _translated(f"cannot run the model with batch {batch}"):
            shapes = [spec["shape"] for spec in self._inputs]
            graph.reshape(dict(zip(graph.inputs, shapes)))
            settings = _settings(threads, self.depth, precision)
            self._compiled = core.compile_model(graph, "CPU", settings)
            self._requests = [
                self._compiled.create_infer_request() for _ in range(self.depth)
            ]
        self._check(threads * self.depth, precision)
        self.on_cpu = threads == self.depth == 1
        self._request = self._requests[0]
        self._under_way: deque[int] = deque()
        # Nothing new at the inputs, outputs shared, no strings: the bare call.
        self._run = partial(InferRequest.infer, self._request, {}, True, False)

    def _check(self, threads: int, precision: str) -> None:
        """Refuse what the plugin silently made of the threads and the precision."""
        ran = self._property("INFERENCE_NUM_THREADS")
        if ran != threads:
            what = "threads" if self.depth == 1 else "threads times depth"
            raise SessionError(
                f"OpenVINO runs {ran} threads on this machine, not {threads}; "
                f"set {what} to at most {ran}"
            )
        found = self._precision()
        if precision not in ("default", found):
            raise SessionError(
                f"OpenVINO computes in {found!r} on this CPU where {precision!r} is "
                f"asked for; set precision to {found!r}"
            )

    def inputs(self) -> list[dict[str, Any]]:
        """Describe the inputs; a free first dimension is the batch, others are 1."""
        return self._inputs

    def bind(self, tensors: Sequence[Tensor]) -> None:
        """Copy the inputs into the request's own tensors."""
        given = {tensor.name: tensor for tensor in tensors}
        for index, spec in enumerate(self._inputs):
            name, dtype, shape = spec["name"], spec["dtype"], tuple(spec["shape"])
            tensor = given.get(name)
            if tensor is None:
                raise SessionError(f"input {name!r} was not given")
            if (tensor.dtype, tuple(tensor.shape)) != (dtype, shape):
                raise SessionError(
                    f"input {name!r} takes {dtype} {list(shape)}, "
                    f"not {tensor.dtype} {list(tensor.shape)}"
                )
            array = np.frombuffer(tensor.data, dtype).reshape(shape)
            for request in self._requests:
                np.copyto(request.get_input_tensor(index).data, array)

    def infer(self) -> None:
        """Run the request once; outputs are left where they are, not copied."""
        self._run()

    def submit(self, slot: int) -> None:
        """Start a request, which a stream of its own runs."""
        InferRequest.start_async(self._requests[slot], {}, None)
        self._under_way.append(slot)

    def wait(self) -> int:
        """Wait for the request that was started first."""
        slot = self._under_way.popleft()
        self._requests[slot].wait()
        return slot

    def outputs(self) -> list[Tensor]:
        """Return the outputs of the last run."""
        found = []
        for index, (name, dtype) in enumerate(self._outputs):
            data = self._request.get_output_tensor(index).data
            array = np.ascontiguousarray(data, dtype)
            found.append(Tensor(name, dtype, data.shape, array.data))
        return found

    def ran(self) -> dict[str, Any]:
        """Tell what the compiled model says of itself, and its kernels by precision."""
        return {
            "provider": ", ".join(self._property("EXECUTION_DEVICES")),
            "accelerated_share": None,
            "precision": self._precision(),
            "kernels": self._kernels(),
            "dynamic_quantization_group": int(
                self._property("DYNAMIC_QUANTIZATION_GROUP_SIZE")
            ),
            "threads": self._property("INFERENCE_NUM_THREADS"),
            "streams": self._property("NUM_STREAMS"),
            "performance_hint": str(self._property("PERFORMANCE_HINT")),
            "cpu_pinning": self._property("ENABLE_CPU_PINNING"),
            "hyper_threading": self._property("ENABLE_HYPER_THREADING"),
            "call": "infer",
            "depth": self.depth,
            "version": ov.get_version(),
        }

    def _property(self, name: str) -> Any:
        return self._compiled.get_property(name)

    def _precision(self) -> str:
        return str(self._property("INFERENCE_PRECISION_HINT").get_type_name())

    def _kernels(self) -> dict[str, int]:
        """Count operators by the precision that ends their kernel's name."""
        count: Counter[str] = Counter()
        for node in self._compiled.get_runtime_model().get_ops():
            told = node.get_rt_info()
            if told["layerType"].astype(str) not in NO_KERNEL:
                kernel = told["primitiveType"].astype(str)
                count[kernel.rpartition("_")[2].lower()] += 1
        return dict(sorted(count.items()))


def _is_tflite(model: str) -> bool:
    """Return whether a file holds the format's identifier, whatever its name is."""
    with open(model, "rb") as file:
        return file.read(8)[4:] == b"TFL3"


def _read_tflite(core: ov.Core, model: str) -> Any:
    """Read a file under a name by which OpenVINO knows what it is."""
    with TemporaryDirectory() as folder:
        link = os.path.join(folder, "model.tflite")
        os.symlink(os.path.abspath(model), link)
        return core.read_model(link)


def _settings(threads: int, streams: int, precision: str) -> dict[str, Any]:
    """Return settings under which the model computes in what was asked for.

    Each stream runs requests of its own, with as many threads.

    Left alone the plugin computes float models in bfloat16 where the CPU can, and turns
    what meets 8-bit weights into 8 bits too, whatever the precision.
    """
    settings = {
        "INFERENCE_NUM_THREADS": threads * streams,
        "NUM_STREAMS": streams,
        "PERFORMANCE_HINT": "LATENCY",
    }
    if precision == "default":
        return settings
    return {
        **settings,
        "INFERENCE_PRECISION_HINT": precision,
        "DYNAMIC_QUANTIZATION_GROUP_SIZE": 0,
    }


def _describe(port: Any, batch: int, resizable: bool) -> dict[str, Any]:
    name, shape = port.any_name, port.partial_shape
    if shape.rank.is_dynamic:
        raise SessionError(f"input {name!r} does not say how many dimensions it has")
    lengths = [n.get_length() if n.is_static else -1 for n in shape]
    if lengths and lengths[0] not in (-1, 1 if resizable else -1, batch):
        raise SessionError(
            f"input {name!r} has a fixed batch of {lengths[0]}, not {batch}"
        )
    rest = [1 if n == -1 else n for n in lengths[1:]]
    return {
        "name": name,
        "dtype": _dtype(port),
        "shape": [batch, *rest] if lengths else [],
    }


def _dtype(port: Any) -> str:
    kind = port.element_type.get_type_name()
    if kind not in DTYPES:
        raise SessionError(
            f"{port.any_name!r} is of {kind!r}; supported are "
            f"{', '.join(sorted(DTYPES))}"
        )
    return DTYPES[kind]


@contextmanager
def _translated(what: str) -> Iterator[None]:
    """Turn the runtime's exceptions into the session's."""
    try:
        yield
    except MemoryError:
        raise
    except Exception as exc:
        raise SessionError(f"OpenVINO {what}: {exc}") from exc


def open_session(model: str, options: dict[str, Any], batch: int) -> Session:
    """Load a model file."""
    return OpenvinoSession(model, options, batch)
