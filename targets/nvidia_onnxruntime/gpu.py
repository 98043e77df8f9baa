"""Which GPU the CUDA libraries see, and what NVML says of it.

Both are decided by the environment, which the libraries read as they start: it must be
set before the first session is opened.
"""

from __future__ import annotations

import os
from typing import Any

from ...harness.device.session import SessionError

TF32_FROM = (8, 0)
"""The first compute capability with TF32 (Ampere)."""


def restrict(device: str, tf32: bool) -> None:
    """Let this process see one GPU, and have TF32 only where it is asked for.

    Without ``CUDA_DEVICE_ORDER`` numbers would go by speed, and not be NVML's. cuBLAS,
    cuDNN and TensorRT heed ``NVIDIA_TF32_OVERRIDE``: 0 forbids TF32 whatever is asked
    of them. TensorRT would use it unasked, and its provider has no option for it.
    """
    os.environ["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"
    os.environ["CUDA_VISIBLE_DEVICES"] = device
    if tf32:
        os.environ.pop("NVIDIA_TF32_OVERRIDE", None)
    else:
        os.environ["NVIDIA_TF32_OVERRIDE"] = "0"


def identity(device: str, tf32: bool) -> dict[str, str | None]:
    """Return what NVML says of a GPU and its driver.

    Args:
        device: its number, or the UUID of a GPU or of a MIG part.
        tf32: whether it is to compute in TF32.

    Raises:
        SessionError: NVML is missing, knows no such GPU, or that has no TF32.
    """
    nvml = _official()
    try:
        nvml.nvmlInit()
    except nvml.NVMLError as exc:
        raise SessionError(f"NVML does not start: {exc}; install the driver") from exc
    try:
        handle = _handle(nvml, device)
        capability = tuple(nvml.nvmlDeviceGetCudaComputeCapability(_card(nvml, handle)))
        if tf32 and capability < TF32_FROM:
            raise SessionError(
                f"tf32 = true, but GPU {device} has compute capability "
                f"{_dotted(capability)}; TF32 came with {_dotted(TF32_FROM)}"
            )
        return {
            "device": _text(nvml.nvmlDeviceGetName(handle)),
            "uuid": _text(nvml.nvmlDeviceGetUUID(handle)),
            "driver": _text(nvml.nvmlSystemGetDriverVersion()),
            "compute_capability": _dotted(capability),
            "power_limit_w": _power_limit(nvml, _card(nvml, handle)),
        }
    except nvml.NVMLError as exc:
        raise SessionError(f"NVML tells of no GPU {device!r}: {exc}") from exc
    finally:
        nvml.nvmlShutdown()


def _handle(nvml: Any, device: str) -> Any:
    if device.isdecimal():
        return nvml.nvmlDeviceGetHandleByIndex(int(device))
    return nvml.nvmlDeviceGetHandleByUUID(device)


def _card(nvml: Any, handle: Any) -> Any:
    """Return the whole GPU of a MIG part, and any other as it is."""
    try:
        if nvml.nvmlDeviceIsMigDeviceHandle(handle):
            return nvml.nvmlDeviceGetDeviceHandleFromMigDeviceHandle(handle)
    except nvml.NVMLError:
        pass  # drivers before MIG
    return handle


def _power_limit(nvml: Any, handle: Any) -> str | None:
    try:
        return f"{nvml.nvmlDeviceGetEnforcedPowerLimit(handle) / 1000:g}"
    except nvml.NVMLError:
        return None


def _official() -> Any:
    try:
        import pynvml
    except ImportError as exc:
        raise SessionError("nvidia-ml-py is not installed in this Python") from exc
    if not hasattr(pynvml, "_nvmlGetFunctionPointer"):
        raise SessionError(
            "the module pynvml is not NVIDIA's; uninstall it, install nvidia-ml-py"
        )
    return pynvml


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
