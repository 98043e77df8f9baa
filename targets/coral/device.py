"""The device half for the Edge TPU: TensorFlow Lite with libedgetpu as its delegate.

Written from the published sources of google-coral/libedgetpu (e35aed1) and
google-coral/pycoral (46f06c8); it has not run on a device.
"""

from __future__ import annotations

import ctypes
import os
from collections import Counter
from collections.abc import Callable, Sequence
from importlib import metadata
from typing import Any, NamedTuple

import numpy as np

from ...harness.device.session import Session, SessionError, translated
from ...harness.device.wire import Tensor

LIBRARY = "libedgetpu.so.1"
CUSTOM_OP = "edgetpu-custom-op"
ON_CHIP_BYTES = 8 << 20
"""The Edge TPU's own memory; weights beyond it come over the bus at each call."""

WHERE = (
    "install libedgetpu1-std from Google's Coral packages, or a newer build from "
    "github.com/feranick/libedgetpu"
)


class Runtime(NamedTuple):
    """An interpreter, how it loads the delegate, and what is told of it."""

    name: str
    interpreter: Any
    load_delegate: Callable[[dict[str, str]], Any]


def runtime() -> Runtime:
    """Return the first of the interpreters that this Python has.

    Google's pycoral is known by ``pycoral.utils.edgetpu``: the package index has an
    unrelated tool of that name.

    Raises:
        SessionError: it has none.
    """
    try:
        from pycoral.utils import edgetpu
        from tflite_runtime.interpreter import Interpreter
    except ImportError:
        pass
    else:
        return Runtime(
            f"pycoral, {_version('tflite_runtime')}",
            Interpreter,
            edgetpu.load_edgetpu_delegate,
        )
    try:
        from tflite_runtime import interpreter as tflite
    except ImportError:
        pass
    else:
        return Runtime(
            _version("tflite_runtime"),
            tflite.Interpreter,
            lambda options: tflite.load_delegate(LIBRARY, options),
        )
    try:
        from ai_edge_litert import interpreter as litert
    except ImportError as exc:
        raise SessionError(
            f"neither pycoral nor tflite_runtime nor ai_edge_litert is there: {exc}; "
            "pip install ai-edge-litert"
        ) from exc
    return Runtime(
        _version("ai-edge-litert"),
        litert.Interpreter,
        lambda options: litert.load_delegate(LIBRARY, options),
    )


class CoralSession(Session):
    """One compiled model on one Edge TPU."""

    def __init__(self, model: str, options: dict[str, Any], batch: int) -> None:
        """Load the delegate and the model; refuse operators left to the CPU."""
        self._options = options
        self._device = str(options["device"])
        self._size_bytes = os.path.getsize(model)
        self._runtime = runtime()
        self._library = _library()
        with translated("the Edge TPU's delegate does not load"):
            delegate = _delegate(self._runtime, self._device)
        with translated("the model is refused"):
            self._interpreter = self._runtime.interpreter(
                model_path=model, experimental_delegates=[delegate]
            )
            self._interpreter.allocate_tensors()
            self._inputs = self._interpreter.get_input_details()
            self._outputs = self._interpreter.get_output_details()
            operators = self._interpreter._get_ops_details()
        names = Counter(str(operator["op_name"]) for operator in operators)
        # What a delegate took stays in the list, beside a node of the delegate's.
        self._graphs = names.pop(CUSTOM_OP, 0)
        self._delegates = names.pop("DELEGATE", 0)
        self._on_cpu = dict(sorted(names.items()))
        self._check(batch)

    def _check(self, batch: int) -> None:
        if not self._graphs:
            raise SessionError(
                "no operator is compiled for the Edge TPU; run edgetpu_compiler on the "
                "file, from Google's Coral packages"
            )
        if self._delegates < self._graphs:
            raise SessionError(
                f"the Edge TPU took {self._delegates} of {self._graphs} compiled graphs"
            )
        if self._on_cpu and not self._options["cpu_fallback"]:
            named = ", ".join(f"{n} {name}" for name, n in self._on_cpu.items())
            raise SessionError(
                f"operators run on the CPU: {named}; set cpu_fallback = true to allow "
                "that, or change the model"
            )
        for detail in self._inputs:
            if len(detail["shape"]) and int(detail["shape"][0]) != batch:
                raise SessionError(
                    f"input {detail['name']!r} has a batch of {detail['shape'][0]}, "
                    f"not {batch}; a compiled model's is fixed"
                )

    def inputs(self) -> list[dict[str, Any]]:
        """Describe the inputs, with scale and zero point where they are quantised."""
        return [_describe(detail) for detail in self._inputs]

    def bind(self, tensors: Sequence[Tensor]) -> None:
        """Copy the inputs into the interpreter's tensors."""
        given = {tensor.name: tensor for tensor in tensors}
        for detail in self._inputs:
            tensor = given.get(detail["name"])
            if tensor is None:
                raise SessionError(f"input {detail['name']!r} was not given")
            array = np.frombuffer(tensor.data, tensor.dtype).reshape(tensor.shape)
            with translated(f"input {detail['name']!r}"):
                self._interpreter.set_tensor(detail["index"], array)

    def infer(self) -> None:
        """Run the graph once: inputs to the chip, outputs back, over the bus."""
        try:
            self._interpreter.invoke()
        except Exception as exc:
            raise SessionError(f"the Edge TPU does not run the model: {exc}") from exc

    def outputs(self) -> list[Tensor]:
        """Return the outputs of the last run."""
        found = []
        for detail in self._outputs:
            array = np.ascontiguousarray(self._interpreter.get_tensor(detail["index"]))
            found.append(
                Tensor(detail["name"], str(array.dtype), array.shape, array.data)
            )
        return found

    def ran(self) -> dict[str, Any]:
        """Tell what ran where, and whether weights are streamed."""
        told = {
            "provider": "Edge TPU",
            "precision": "int8",
            **self._share(),
            "cpu_operators": self._on_cpu,
            "tpu_graphs": self._graphs,
            "device": self._device or "any",
            "interpreter": self._runtime.name,
            "libedgetpu": _text(self._library.edgetpu_version),
            "call": "invoke",
        }
        return {**told, **self._streamed()}

    def _share(self) -> dict[str, Any]:
        """Return the share of operators on the chip: of a graph there is no count."""
        if not self._on_cpu:
            return {"accelerated_share": 1.0}
        mapped = int(self._options["tpu_operators"])
        if mapped < 0:
            return {
                "accelerated_share": None,
                "accelerated_share_reason": "a compiled file does not tell how many "
                "operators its graphs on the Edge TPU stand for",
            }
        return {"accelerated_share": mapped / (mapped + sum(self._on_cpu.values()))}

    def _streamed(self) -> dict[str, Any]:
        """Return the weights that are streamed, and a warning where they are."""
        told = int(self._options["streamed_bytes"])
        if told > 0:
            warning = (
                "weights do not fit on the chip and come over the bus at each call"
            )
            return {"streamed_bytes": told, "warning": warning}
        if told < 0 and self._size_bytes > ON_CHIP_BYTES:
            warning = (
                f"the file has {self._size_bytes} bytes, more than the chip's "
                f"{ON_CHIP_BYTES}: weights beyond them come over the bus at each call"
            )
            return {"streamed_bytes": None, "warning": warning}
        return {"streamed_bytes": 0}

    def close(self) -> None:
        """Free the model before the delegate that it runs on."""
        self._interpreter = None


def _delegate(found: Runtime, device: str) -> Any:
    try:
        return found.load_delegate({"device": device} if device else {})
    except ValueError as exc:  # of which the delegate says nothing more
        raise SessionError(
            f"there is no Edge TPU {device or 'at all'}, or another process holds it; "
            "see that lsusb lists 1a6e:089a or 18d1:9302, or that /dev/apex_0 exists"
        ) from exc


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


class _Device(ctypes.Structure):
    """``struct edgetpu_device`` of libedgetpu's ``edgetpu_c.h``."""

    _fields_ = (("type", ctypes.c_int), ("path", ctypes.c_char_p))


_TYPES = {0: "pci", 1: "usb"}


def _library() -> Any:
    """Return libedgetpu with its C interface.

    Raises:
        SessionError: it is not there, or is none.
    """
    try:
        library = ctypes.CDLL(LIBRARY)
        library.edgetpu_version.restype = ctypes.c_char_p
        library.edgetpu_list_devices.restype = ctypes.POINTER(_Device)
        library.edgetpu_list_devices.argtypes = (ctypes.POINTER(ctypes.c_size_t),)
        library.edgetpu_free_devices.argtypes = (ctypes.POINTER(_Device),)
    except (OSError, AttributeError) as exc:
        raise SessionError(f"{LIBRARY} cannot be used: {exc}; {WHERE}") from exc
    return library


def _devices(library: Any) -> list[str]:
    """Return each Edge TPU's bus, in the library's order."""
    count = ctypes.c_size_t(0)
    found = library.edgetpu_list_devices(ctypes.byref(count))
    buses = [_TYPES.get(found[i].type, "unknown") for i in range(count.value)]
    if found:
        library.edgetpu_free_devices(found)
    return buses


def _chosen(buses: list[str], device: str) -> str | None:
    """Return the bus of the Edge TPU that is asked for, None where there is none."""
    kind, _, index = device.partition(":")
    fitting = [bus for bus in buses if kind in ("", bus)]
    place = int(index or 0)
    return fitting[place] if place < len(fitting) else None


def _driver(bus: str, library: Any) -> str | None:
    """Return the kernel's driver on PCIe; on USB the library drives the chip itself."""
    if bus == "pci":
        try:
            with open("/sys/module/apex/version", encoding="ascii") as file:
                return f"apex {file.read(100).strip()}"
        except (OSError, ValueError):
            return None
    return _text(library.edgetpu_version)


def _text(function: Callable[[], bytes | None]) -> str | None:
    found = function()
    return None if found is None else found.decode("utf-8", "replace")


def _version(distribution: str) -> str:
    try:
        return f"{distribution} {metadata.version(distribution)}"
    except metadata.PackageNotFoundError:
        return distribution


def identify(options: dict[str, Any]) -> dict[str, str | None]:
    """Return which Edge TPU and which software there are.

    Raises:
        SessionError: there is none, or not the one that is asked for.
    """
    library, found = _library(), runtime()
    buses, device = _devices(library), str(options["device"])
    bus = _chosen(buses, device)
    if bus is None:
        there = ", ".join(buses) or "none"
        raise SessionError(
            f"there is no Edge TPU {device or 'at all'} (found: {there}); plug it in, "
            "and see docs/coral.md for its driver and the group plugdev"
        )
    return {
        "device": f"Edge TPU on {bus.upper()}",
        "driver": _driver(bus, library),
        "interpreter": found.name,
        "runtime_version": _text(library.edgetpu_version),
    }


def open_session(model: str, options: dict[str, Any], batch: int) -> Session:
    """Load a compiled model file."""
    return CoralSession(model, options, batch)
