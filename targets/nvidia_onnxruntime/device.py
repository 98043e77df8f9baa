"""The device half for NVIDIA GPUs by ONNX Runtime's CUDA and TensorRT providers."""

from __future__ import annotations

from typing import Any

import onnxruntime as ort

from ...harness.device import artifacts
from ...harness.device.session import Session
from ..onnxruntime import distribution
from ..onnxruntime.accelerated import (
    AcceleratedSession,
    fill,
    fix_dimensions,
    forget_environment,
    refuse_others,
    require,
    survey,
)
from ..onnxruntime.libraries import load_library
from ..onnxruntime.session import quiet_settings
from . import gpu

DISTRIBUTION = "onnxruntime-gpu"
CUDA, TENSORRT = "CUDAExecutionProvider", "TensorrtExecutionProvider"
PROVIDERS = {"cuda": CUDA, "tensorrt": TENSORRT}
LIBRARIES = {
    "cuda": "pip install 'onnxruntime-gpu[cuda,cudnn]' nvidia-cublas, from NVIDIA",
    "tensorrt": "install TensorRT 10 for CUDA 13 (libnvinfer10, libnvonnxparsers10), "
    "from NVIDIA",
}


class GpuSession(AcceleratedSession):
    """One model on one GPU."""

    def __init__(self, model: str, options: dict[str, Any], batch: int) -> None:
        """Load the model; TensorRT's engine is found where it was built.

        Raises:
            SessionError: it is refused, runs elsewhere, or in what was not asked for.
        """
        self.tf32, self._fp16 = bool(options["tf32"]), bool(options["fp16"])
        gpu.restrict(str(options["device"]), self.tf32)
        provider = PROVIDERS[str(options["provider"])]
        forget_environment("ORT_TENSORRT_")
        require(provider, DISTRIBUTION)
        preload()
        self._file = survey(model)
        self.asked = provider_options(model, options, batch, self._file.quantised)

        def settings() -> ort.SessionOptions:
            made = quiet_settings()
            if provider == TENSORRT:
                fix_dimensions(made, self._file.inputs, batch)
            return made

        super().__init__(
            model,
            batch,
            settings,
            provider,
            providers=[(provider, self.asked)],
            cpu_fallback=bool(options["cpu_fallback"]),
        )
        precise = ("use_tf32", "trt_fp16_enable", "trt_int8_enable")
        asked = {name: self.asked[name] for name in precise if name in self.asked}
        refuse_others(self._session, provider, asked)

    def found_precision(self, profile: str) -> Any:
        """Return what kernels computed in; of TensorRT, the least that was allowed."""
        if self._provider == CUDA:
            return super().found_precision(profile)
        if self._file.quantised:
            return "int8"
        return "fp16" if self._fp16 else "tf32" if self.tf32 else "fp32"

    def ran(self) -> dict[str, Any]:
        """Tell how the precision is known, and the provider's options too."""
        known = "kernels of the first call" if self._provider == CUDA else "allowed"
        return {
            **super().ran(),
            "precision_by": known,
            "tf32": self.tf32,
            "provider_options": self.asked,
        }


def provider_options(
    model: str, options: dict[str, Any], batch: int, quantised: bool
) -> dict[str, str]:
    """Return a provider's options, as its wheel of version 1.31.1 names them.

    ``use_tf32`` is 1 unless it is told otherwise. The visible GPU is number 0.
    """
    if options["provider"] == "cuda":
        return {"device_id": "0", "use_tf32": str(int(options["tf32"]))}
    return {
        "device_id": "0",
        "trt_fp16_enable": str(int(options["fp16"])),
        "trt_int8_enable": str(int(quantised)),
        "trt_engine_cache_enable": "1",
        "trt_engine_cache_path": engines(model, options, batch),
    }


def engines(model: str, options: dict[str, Any], batch: int) -> str:
    """Return the folder of a model's TensorRT engines, whether it is built or not."""
    depends_on = {
        "onnxruntime": str(ort.__version__),
        "device": gpu.identity(str(options["device"]), bool(options["tf32"])),
        "options": options,
        "batch": batch,
    }
    return artifacts.path_of(model, depends_on, ".tensorrt")


def preload() -> None:
    """Load the CUDA libraries that the package index brought, where there are any."""
    find = getattr(ort, "preload_dlls", None)
    if find is not None:
        find()


def identify(options: dict[str, Any]) -> dict[str, str | None]:
    """Return the GPU, its driver and the runtime.

    Raises:
        SessionError: the GPU or the provider is missing, or another runtime is there.
    """
    gpu.restrict(str(options["device"]), bool(options["tf32"]))
    told = distribution.identity(DISTRIBUTION)
    require(PROVIDERS[str(options["provider"])], DISTRIBUTION)
    found = gpu.identity(str(options["device"]), bool(options["tf32"]))
    preload()
    load_library(str(options["provider"]), LIBRARIES[str(options["provider"])])
    return {**told, **found}


def build(model: str, options: dict[str, Any], batch: int) -> None:
    """Build TensorRT's engines for a model; CUDA's provider needs none.

    Raises:
        SessionError: the model is refused, or no engine was written.
    """
    if options["provider"] == "cuda":
        return
    folder = engines(model, options, batch)
    nothing = f"TensorRT wrote no engine of {model!r} to {folder!r}"
    fill(folder, lambda: GpuSession(model, options, batch), nothing)


def open_session(model: str, options: dict[str, Any], batch: int) -> Session:
    """Load a model file."""
    return GpuSession(model, options, batch)
