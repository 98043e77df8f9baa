"""The device half for NVIDIA GPUs."""

from __future__ import annotations

from typing import Any

import tensorrt as trt

from ...harness.device.session import Session
from ..tensorrt import cuda, engine
from ..tensorrt.session import TensorRtSession


def identify(options: dict[str, Any]) -> dict[str, str | None]:
    """Return the GPU, its driver, its power limit and TensorRT's version."""
    handle = cuda.find(str(options["device"]))
    engine.check_version()
    return _identity(handle)


def _identity(handle: Any) -> dict[str, str | None]:
    return {
        **cuda.identity(handle),
        **_told_by_nvml(cuda.uuid(handle)),
        "runtime_version": trt.__version__,
    }


def _told_by_nvml(uuid: str) -> dict[str, str | None]:
    """Return the driver's version and the power limit, None where NVML is missing."""
    unknown: dict[str, str | None] = {"driver": None, "power_mode": None}
    try:
        import pynvml

        pynvml.nvmlInit()
        driver = pynvml.nvmlSystemGetDriverVersion()
        unknown["driver"] = driver.decode() if isinstance(driver, bytes) else driver
        gpu = pynvml.nvmlDeviceGetHandleByUUID(uuid)
        limit_w = pynvml.nvmlDeviceGetEnforcedPowerLimit(gpu) / 1e3
        unknown["power_mode"] = f"limit {limit_w:g} W"
        pynvml.nvmlShutdown()
    except Exception:  # not there, another of that name, or a MIG device's UUID
        return unknown
    return unknown


def _wish(options: dict[str, Any], batch: int) -> engine.Wish:
    return engine.Wish(batch=batch, tf32=bool(options["tf32"]))


def build(model: str, options: dict[str, Any], batch: int) -> None:
    """Build and keep the engine of a model."""
    handle = cuda.find(str(options["device"]))
    engine.check_version()
    cuda.use(handle)
    capability = cuda.capability(handle)
    engine.build(model, _identity(handle), _wish(options, batch), capability)


def open_session(model: str, options: dict[str, Any], batch: int) -> Session:
    """Load the engine that was built of a model."""
    handle = cuda.find(str(options["device"]))
    wish = _wish(options, batch)
    return TensorRtSession(model, _identity(handle), wish, handle, options)
