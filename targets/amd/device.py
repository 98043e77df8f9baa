"""The device half for AMD accelerators by ONNX Runtime's MIGraphX provider."""

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

DISTRIBUTION = "onnxruntime-migraphx"
PROVIDER = "MIGraphXExecutionProvider"


class MigraphxSession(AcceleratedSession):
    """One model on one accelerator."""

    def __init__(self, model: str, options: dict[str, Any], batch: int) -> None:
        """Load the model; what was compiled of it is found where it was built.

        Raises:
            SessionError: it is refused, or runs elsewhere.
        """
        forget_environment("ORT_MIGRAPHX_")
        require(PROVIDER, DISTRIBUTION)
        self._asked_for = str(options["precision"])
        self._file = survey(model)
        self.asked = provider_options(model, options, batch)

        def settings() -> ort.SessionOptions:
            made = quiet_settings()
            fix_dimensions(made, self._file.inputs, batch)
            return made

        super().__init__(
            model,
            batch,
            settings,
            PROVIDER,
            providers=[(PROVIDER, self.asked)],
            cpu_fallback=bool(options["cpu_fallback"]),
        )
        precise = ("migraphx_fp16_enable", "migraphx_bf16_enable")
        asked = {name: self.asked[name] for name in precise}
        refuse_others(self._session, PROVIDER, asked)

    def found_precision(self, profile: str) -> Any:
        """Return what was asked for: the compiled program does not tell."""
        if self._file.quantised:
            return "int8"
        return "fp32" if self._asked_for == "file" else self._asked_for

    def ran(self) -> dict[str, Any]:
        """Tell how the precision is known, and the provider's options too."""
        told = {"precision_by": "asked for", "provider_options": self.asked}
        return {**super().ran(), **told}


def provider_options(model: str, options: dict[str, Any], batch: int) -> dict[str, str]:
    """Return the provider's options, as its wheel of version 1.27.1 names them.

    Its option for int8 wants a calibration table of its own: quantised models come with
    their markers instead, which it heeds.
    """
    return {
        "device_id": str(options["device"]),
        "migraphx_fp16_enable": str(int(options["precision"] == "fp16")),
        "migraphx_bf16_enable": str(int(options["precision"] == "bf16")),
        "migraphx_exhaustive_tune": str(int(options["exhaustive_tune"])),
        "migraphx_model_cache_dir": programs(model, options, batch),
    }


def programs(model: str, options: dict[str, Any], batch: int) -> str:
    """Return the folder of what is compiled of a model, whether it is yet or not."""
    depends_on = {
        "onnxruntime": str(ort.__version__),
        "device": gpu.identity(int(options["device"])),
        "options": options,
        "batch": batch,
    }
    return artifacts.path_of(model, depends_on, ".migraphx")


def identify(options: dict[str, Any]) -> dict[str, str | None]:
    """Return the accelerator, its driver and the runtime.

    Raises:
        SessionError: one of them is missing, or another runtime is there.
    """
    told = distribution.identity(DISTRIBUTION)
    require(PROVIDER, DISTRIBUTION)
    load_library("migraphx", "install ROCm 7 with MIGraphX, from AMD")
    return {**told, **gpu.identity(int(options["device"]))}


def build(model: str, options: dict[str, Any], batch: int) -> None:
    """Compile a model, and keep what comes of it.

    Raises:
        SessionError: the model is refused, or nothing was kept.
    """
    folder = programs(model, options, batch)
    nothing = f"MIGraphX kept nothing of {model!r} in {folder!r}"
    fill(folder, lambda: MigraphxSession(model, options, batch), nothing)


def open_session(model: str, options: dict[str, Any], batch: int) -> Session:
    """Load a model file."""
    return MigraphxSession(model, options, batch)
