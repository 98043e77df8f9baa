"""The device half for HailoRT: asynchronous inference by ``InferModel``.

Written from the published sources of HailoRT 4.23.0 (Hailo-8; hailo-ai/hailort 08f088d)
and 5.2.0 (Hailo-10 and 15; 41a720b), whose Python interface agrees in all that is
called here. It has not run on a device.
"""

from __future__ import annotations

import mmap
import os
from collections import deque
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

# HailoRT would write a log into the folder that it runs in.
os.environ.setdefault("HAILORT_LOGGER_PATH", "NONE")

import hailo_platform as hailo
import numpy as np

from ...harness.device.session import Session, SessionError, translated
from ...harness.device.wire import Tensor
from ...harness.formats.hef_file import CORE, HefFile, read_hef
from . import hailortcli

TIMEOUT_MS = 30_000
"""A call that takes longer has failed; the worker's own limit comes later."""

DTYPES = {"UINT8": "uint8", "UINT16": "uint16", "FLOAT32": "float32"}
RECORDS = ("HAILO_NMS_BY_SCORE", "HAILO_NMS_WITH_BYTE_MASK")
"""Orders of outputs whose shape is a number of bytes, whatever their type."""


class HailoSession(Session):
    """One network on one chip; a slot has buffers of its own for each frame."""

    def __init__(self, model: str, options: dict[str, Any], batch: int) -> None:
        """Take the device, load the HEF and make all buffers."""
        self._model, self._options, self._batch = model, options, batch
        self._format = str(options["format"])
        self._held = ExitStack()
        with translated("HailoRT opens no device"):
            wanted = str(options["device_id"])
            ids = [wanted] if wanted else None
            self._device = self._held.enter_context(hailo.VDevice(device_ids=ids))
        with translated("HailoRT refuses the model"):
            self._network = self._device.create_infer_model(model)
            self._network.set_batch_size(batch)
            self._network.set_power_mode(_power_mode(options))
            if self._format == "float32":
                for stream in (*self._network.inputs, *self._network.outputs):
                    stream.set_format_type(hailo.FormatType.FLOAT32)
            self._inputs = list(self._network.inputs)
            self._outputs = list(self._network.outputs)
            self._configured = self._held.enter_context(self._network.configure())
            self._held.callback(self._configured.shutdown)
            self._queue = int(self._configured.get_async_queue_size())
        if batch > self._queue:
            raise SessionError(
                f"a batch of {batch} frames does not fit HailoRT's queue of "
                f"{self._queue}; lower the batch"
            )
        self.depth = max(1, min(int(options["depth"]), self._queue // batch))
        with translated("HailoRT takes no buffers"):
            self._slots = [self._slot() for _ in range(self.depth)]
        self._under_way: deque[tuple[int, Any]] = deque()

    def _slot(self) -> _Slot:
        frames = []
        for _ in range(self._batch):
            ins = {stream.name: _buffer(stream) for stream in self._inputs}
            outs = {stream.name: _buffer(stream) for stream in self._outputs}
            bound = self._configured.create_bindings(
                input_buffers=ins, output_buffers=outs
            )
            frames.append((bound, ins, outs))
        return _Slot(frames)

    def inputs(self) -> list[dict[str, Any]]:
        """Describe the inputs: those of one frame after the batch."""
        return [
            {
                "name": stream.name,
                "dtype": _dtype(stream),
                "shape": [self._batch, *map(int, stream.shape)],
                **_scale(stream),
            }
            for stream in self._inputs
        ]

    def bind(self, tensors: Sequence[Tensor]) -> None:
        """Copy each frame into the buffers of every slot."""
        given = {tensor.name: tensor for tensor in tensors}
        for spec in self.inputs():
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
            for slot in self._slots:
                for frame, values in zip(slot.inputs, array):
                    np.copyto(frame[name], values)

    def infer(self) -> None:
        """Run all frames of the first slot and wait for them."""
        self._finish(0, self._start(0))

    def submit(self, slot: int) -> None:
        """Start a slot's frames; HailoRT queues them."""
        self._under_way.append((slot, self._start(slot)))

    def wait(self) -> int:
        """Wait for the slot that was started first."""
        slot, job = self._under_way.popleft()
        self._finish(slot, job)
        return slot

    def _start(self, index: int) -> Any:
        slot = self._slots[index]
        try:
            self._configured.wait_for_async_ready(
                timeout_ms=TIMEOUT_MS, frames_count=self._batch
            )
            return self._configured.run_async(slot.bindings, slot.completed)
        except Exception as exc:
            raise _failed(exc) from exc

    def _finish(self, index: int, job: Any) -> None:
        """Wait for a job; what failed in it only its callback was told."""
        slot = self._slots[index]
        try:
            job.wait(TIMEOUT_MS)
        except Exception as exc:
            raise _failed(exc) from exc
        failed, slot.failed = slot.failed, None
        if failed is not None:
            raise _failed(failed) from failed

    def outputs(self) -> list[Tensor]:
        """Return the outputs of the last call, quantised ones as real numbers."""
        found = []
        for stream in self._outputs:
            name = stream.name
            whole = np.stack([frame[name] for frame in self._slots[0].outputs])
            values = np.ascontiguousarray(_real(stream, whole))
            dtype = values.dtype.name
            found.append(Tensor(name, dtype, values.shape, values.data))
        return found

    def ran(self) -> dict[str, Any]:
        """Tell what HailoRT was given, and what of the network is not on the chip."""
        hef = read_hef(self._model)
        streams = [*self._inputs, *self._outputs]
        return {
            "provider": f"HailoRT {hailo.__version__}",
            "precision": None,
            "precision_reason": "a network computes in integers, and HailoRT does not "
            "tell of how many bits",
            **_share(hef),
            "host_operators": hef.on_host,
            "graphs_on_chip": hef.operators.get(CORE, 0),
            "architecture": hef.architecture,
            "compiler": hef.compiler,
            "formats": {s.name: f"{_dtype(s)} {s.format.order.name}" for s in streams},
            "conversion": "none" if self._format == "native" else "by HailoRT, timed",
            "power_mode": str(self._options["power_mode"]),
            "queue_frames": self._queue,
            "depth": self.depth,
            "call": "run_async, wait",
            "hailortcli": hailortcli.kept(
                self._model, _asked(self._options, self._batch)
            ),
        }

    def close(self) -> None:
        """Let go of the network and of the device."""
        self._held.close()


class _Slot:
    """The frames of one call, and whether it failed."""

    def __init__(self, frames: list[tuple[Any, dict[str, Any], dict[str, Any]]]):
        self.bindings = [bound for bound, _, _ in frames]
        self.inputs = [ins for _, ins, _ in frames]
        self.outputs = [outs for _, _, outs in frames]
        self.failed: Exception | None = None

    def completed(self, completion_info: Any) -> None:
        """Keep what went wrong; HailoRT calls this on a thread of its own."""
        self.failed = completion_info.exception or self.failed


def _share(hef: HefFile) -> dict[str, Any]:
    """Return the share on the chip; one graph there stands for many operators."""
    if not hef.on_host:
        return {"accelerated_share": 1.0}
    named = ", ".join(f"{n} {name}" for name, n in sorted(hef.on_host.items()))
    return {
        "accelerated_share": None,
        "accelerated_share_reason": f"HailoRT runs {named} on the CPU, and the HEF "
        "does not tell how many operators its graphs on the chip stand for",
    }


def _failed(exc: Exception) -> SessionError:
    return SessionError(
        f"HailoRT does not run the network: {exc or type(exc).__name__}"
    )


def _buffer(stream: Any) -> Any:
    """Return an array on pages of its own, which HailoRT takes without copying."""
    dtype, shape = np.dtype(_dtype(stream)), tuple(map(int, stream.shape))
    count = int(np.prod(shape, dtype=np.int64))
    pages = mmap.mmap(-1, max(count * dtype.itemsize, 1))
    return np.frombuffer(pages, dtype, count).reshape(shape)


def _dtype(stream: Any) -> str:
    if stream.format.order.name in RECORDS:
        return "uint8"
    name = stream.format.type.name
    if name not in DTYPES:
        raise SessionError(f"{stream.name!r} is of format {name}; set format = float32")
    return DTYPES[name]


def _scale(stream: Any) -> dict[str, Any]:
    """Return scale and zero point of an input that has one whole pair of them.

    HailoRT's zero point is a float: between two numbers it cannot be told on.
    """
    infos = stream.quant_infos
    if _dtype(stream) == "float32" or len(infos) != 1:
        return {"scale": None, "zero_point": None}
    zero, scale = float(infos[0].qp_zp), float(infos[0].qp_scale)
    if not (scale > 0 and zero == round(zero)):
        return {"scale": None, "zero_point": None}
    return {"scale": scale, "zero_point": int(zero)}


def _real(stream: Any, stored: Any) -> Any:
    """Return (stored - zero point) * scale, by channel where there are several."""
    if stored.dtype.kind == "f" or stream.is_nms:
        return stored
    infos = stream.quant_infos
    if len(infos) not in (1, stored.shape[-1]):
        raise SessionError(
            f"output {stream.name!r} has {len(infos)} scales for "
            f"{stored.shape[-1]} channels; set format = float32"
        )
    zero = np.array([info.qp_zp for info in infos], np.float64)
    scale = np.array([info.qp_scale for info in infos], np.float64)
    return ((stored - zero) * scale).astype(np.float32)


def _power_mode(options: dict[str, Any]) -> Any:
    return getattr(hailo.HailoPowerMode, str(options["power_mode"]).upper())


def _asked(options: dict[str, Any], batch: int) -> dict[str, Any]:
    return {
        "batch": batch,
        "device_id": str(options["device_id"]),
        "seconds": int(options["device_latency_s"]),
    }


def identify(options: dict[str, Any]) -> dict[str, str | None]:
    """Return which chip and firmware there are.

    Raises:
        SessionError: there is none, or not the one that is asked for.
    """
    with translated("HailoRT finds no device"):
        there = [str(name) for name in hailo.Device.scan()]
    wanted = str(options["device_id"])
    if not there:
        raise SessionError(
            "HailoRT finds no device; see that hailortcli scan lists one, else seat "
            "the module again and load its driver, from Hailo"
        )
    if wanted and wanted not in there:
        raise SessionError(
            f"HailoRT finds no device {wanted!r}; there are {', '.join(there)}"
        )
    name = wanted or there[0]
    with translated("the device does not answer"), hailo.Device(name) as device:
        board = device.control.identify()
    return {
        "device": board.device_architecture.name,
        "device_id": name,
        "product": board.product_name.rstrip("\x00") or None,
        "part_number": board.part_number.rstrip("\x00") or None,
        "firmware": str(board.firmware_version),
        "runtime_version": str(hailo.__version__),
        "power_mode": str(options["power_mode"]),
    }


def build(model: str, options: dict[str, Any], batch: int) -> None:
    """Let hailortcli time the network while no session holds the device."""
    hailortcli.measure(model, _asked(options, batch))


def open_session(model: str, options: dict[str, Any], batch: int) -> Session:
    """Load a HEF."""
    return HailoSession(model, options, batch)
