"""The device half for Jetson modules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorrt as trt

from ...harness.device.session import Session
from ..tensorrt import cuda, engine
from ..tensorrt.session import TensorRtSession
from . import modes


class JetsonSession(TensorRtSession):
    """An engine on a Jetson whose power mode is held."""

    def __init__(
        self,
        held: modes.Held,
        model: str,
        identity: Mapping[str, Any],
        options: Mapping[str, Any],
        batch: int,
    ) -> None:
        """Load the engine."""
        self._held = held
        self._options = options
        handle = cuda.find("")
        super().__init__(model, identity, _wish(options, batch), handle, options)

    def ran(self) -> dict[str, Any]:
        """Tell also in which power mode it runs, and whether the clocks are held."""
        number, name = modes.mode()
        return {
            **super().ran(),
            "power_mode": f"{name} ({number})",
            "clocks_locked": modes.clocks_locked(),
        }

    def close(self) -> None:
        """Free all, then let go of the power mode."""
        try:
            super().close()
        finally:
            self._held.close()


def identify(options: dict[str, Any]) -> dict[str, str | None]:
    """Return the module, its software, and the power mode in which it will run."""
    handle = cuda.find("")
    engine.check_version()
    return _identity(handle, options)


def _identity(handle: Any, options: Mapping[str, Any]) -> dict[str, str | None]:
    told = cuda.identity(handle)
    own = modes.identity(options)
    return {
        **told,
        **own,
        "device": own["module"] or told["device"],
        "runtime_version": trt.__version__,
    }


def _wish(options: Mapping[str, Any], batch: int) -> engine.Wish:
    return engine.Wish(
        batch=batch,
        tf32=bool(options["tf32"]),
        dla=int(options["dla"]),
        gpu_fallback=bool(options["gpu_fallback"]),
    )


def build(model: str, options: dict[str, Any], batch: int) -> None:
    """Build and keep the engine of a model, in the power mode in which it will run."""
    handle = cuda.find("")
    engine.check_version()
    cuda.use(handle)
    identity = _identity(handle, options)
    held = modes.Held(options)
    try:
        wish = _wish(options, batch)
        engine.build(model, identity, wish, cuda.capability(handle))
    finally:
        held.close()


def open_session(model: str, options: dict[str, Any], batch: int) -> Session:
    """Load the engine that was built of a model."""
    identity = _identity(cuda.find(""), options)
    held = modes.Held(options)
    try:
        return JetsonSession(held, model, identity, options, batch)
    except BaseException:
        held.close()
        raise
