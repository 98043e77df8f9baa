"""CUDA by its driver's interface (``cuda-bindings``), each call's result checked.

TensorRT works in the device's primary context, which is current here. Without a driver
``cuInit`` raises; nothing of TensorRT may be made before it has returned.
"""

from __future__ import annotations

import ctypes
import os
import re
from collections.abc import Callable
from typing import Any

import numpy as np
from cuda.bindings import driver

from ...harness.device.session import SessionError

NO_DEVICE = 100  # CUDA_ERROR_NO_DEVICE
OUT_OF_MEMORY = 2  # CUDA_ERROR_OUT_OF_MEMORY
NON_BLOCKING = 1  # CU_STREAM_NON_BLOCKING
CAPTURE = driver.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL
ATTRIBUTE = driver.CUdevice_attribute

DEVICE = re.compile(r"\d+|(GPU|MIG)-[\w/-]+")
LISTED = "; give the number or UUID of a GPU or MIG device that nvidia-smi lists"
REMEDIES = {
    NO_DEVICE: LISTED,
    OUT_OF_MEMORY: "; take a smaller batch or fewer streams",
}


def call(name: str, *arguments: Any) -> Any:
    """Return what a function of the driver returns: nothing, a value, or several.

    Raises:
        SessionError: there is no driver, it lacks the function, or it refuses.
    """
    try:
        error, *found = getattr(driver, name)(*arguments)
    except Exception as exc:  # no library, a function that an old one lacks
        raise SessionError(
            f"CUDA's {name} cannot be called: {exc}; install NVIDIA's driver"
        ) from exc
    if int(error):
        remedy = REMEDIES.get(int(error), "")
        raise SessionError(f"CUDA's {name} failed: {_text(error)}{remedy}")
    return found[0] if len(found) == 1 else tuple(found) or None


def _text(error: Any) -> str:
    _, text = driver.cuGetErrorString(error)
    return f"{text.decode() if text else 'unknown error'} ({error.name})"


def find(device: str) -> Any:
    """Start the driver and return the device's handle.

    Args:
        device: number by PCI bus, or UUID of a GPU or a MIG device; empty: the first.

    Raises:
        SessionError: there is no driver, or no such device.
    """
    if device and not DEVICE.fullmatch(device):
        raise SessionError(f"device {device!r} is neither a number nor a UUID{LISTED}")
    os.environ["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"
    if device:
        os.environ["CUDA_VISIBLE_DEVICES"] = device
    call("cuInit", 0)
    return call("cuDeviceGet", 0)


def use(handle: Any) -> None:
    """Make the device's primary context current in this thread."""
    call("cuCtxSetCurrent", call("cuDevicePrimaryCtxRetain", handle))


def capability(handle: Any) -> tuple[int, int]:
    """Return the device's compute capability, as (8, 9)."""
    major = ATTRIBUTE.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR
    minor = ATTRIBUTE.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR
    return (
        call("cuDeviceGetAttribute", major, handle),
        call("cuDeviceGetAttribute", minor, handle),
    )


def integrated(handle: Any) -> bool:
    """Return whether the device has no memory of its own."""
    attribute = ATTRIBUTE.CU_DEVICE_ATTRIBUTE_INTEGRATED
    return bool(call("cuDeviceGetAttribute", attribute, handle))


def free_bytes() -> int:
    """Return how much of the device's memory is free, for whomever."""
    free, _ = call("cuMemGetInfo")
    return int(free)


def uuid(handle: Any) -> str:
    """Return the device's UUID as NVML writes it."""
    text = bytes(call("cuDeviceGetUuid", handle).bytes).hex()
    parts = (text[:8], text[8:12], text[12:16], text[16:20], text[20:])
    return "GPU-" + "-".join(parts)


def identity(handle: Any) -> dict[str, str]:
    """Return the device's name, its compute capability, and the driver's CUDA."""
    name = call("cuDeviceGetName", 256, handle)
    version = int(call("cuDriverGetVersion"))
    return {
        "device": bytes(name).split(b"\0")[0].decode(),
        "compute_capability": "{}.{}".format(*capability(handle)),
        "cuda_version": f"{version // 1000}.{version % 1000 // 10}",
    }


class Buffer:
    """A tensor's memory on the device, and its pinned double in host memory."""

    def __init__(self, name: str, dtype: str, shape: tuple[int, ...]) -> None:
        """Allocate both; an empty tensor takes a byte."""
        self.name, self.dtype, self.shape = name, dtype, shape
        count = int(np.prod(shape, dtype=np.int64))
        self.size = max(1, count * np.dtype(dtype).itemsize)
        self._host = call("cuMemHostAlloc", self.size, 0)
        self.device = call("cuMemAlloc", self.size)
        memory = (ctypes.c_uint8 * self.size).from_address(int(self._host))
        raw = np.ctypeslib.as_array(memory)[: count * np.dtype(dtype).itemsize]
        self.array = raw.view(dtype).reshape(shape)

    def to_device(self, stream: Any) -> None:
        """Begin to copy to the device."""
        call("cuMemcpyHtoDAsync", self.device, self._host, self.size, stream)

    def to_host(self, stream: Any) -> None:
        """Begin to copy to host memory."""
        call("cuMemcpyDtoHAsync", self._host, self.device, self.size, stream)

    def close(self) -> None:
        """Free both."""
        call("cuMemFree", self.device)
        call("cuMemFreeHost", self._host)


def stream() -> Any:
    """Return a new stream, which does not wait for the default one."""
    return call("cuStreamCreate", NON_BLOCKING)


def wait(stream: Any) -> None:
    """Wait until a stream has done all that was asked of it."""
    call("cuStreamSynchronize", stream)


def recorded(stream: Any, act: Callable[[], None]) -> Any:
    """Return what an act asks of a stream as a graph that can be launched."""
    call("cuStreamBeginCapture", stream, CAPTURE)
    try:
        act()
    finally:
        graph = call("cuStreamEndCapture", stream)
    try:
        return call("cuGraphInstantiate", graph, 0)
    finally:
        call("cuGraphDestroy", graph)


class Timer:
    """Two events of a stream; CUDA resolves about half a microsecond between them."""

    def __init__(self, stream: Any) -> None:
        """Make the events once: a call that is timed shall not wait for that."""
        self._stream = stream
        self._events = (call("cuEventCreate", 0), call("cuEventCreate", 0))

    def around(self, act: Callable[[], None]) -> int:
        """Return the nanoseconds that the device takes for what an act asks of it."""
        before, after = self._events
        call("cuEventRecord", before, self._stream)
        act()
        call("cuEventRecord", after, self._stream)
        call("cuEventSynchronize", after)
        elapsed_ms: float = call("cuEventElapsedTime", before, after)
        return round(elapsed_ms * 1e6)

    def close(self) -> None:
        """Free the events."""
        for event in self._events:
            call("cuEventDestroy", event)
