"""The device half for Qualcomm's simulator of the tensor processor, on x86-64.

It computes what the processor would. How long that takes, and the cycles that it
counts, say nothing about the processor: neither is read.
"""

from __future__ import annotations

import platform
from typing import Any

from ...harness.device.session import Session, SessionError
from .qnn import HtpSession, identity, provider_options
from .soc import SOCS, chosen


def identify(options: dict[str, Any]) -> dict[str, str | None]:
    """Return what is simulated, and by which software.

    Raises:
        SessionError: this is another processor than x86-64.
    """
    if platform.machine() not in ("x86_64", "AMD64"):
        raise SessionError(
            f"the simulator runs on x86-64, not on {platform.machine()}; on a board of "
            "Qualcomm's use the target qualcomm"
        )
    soc = _soc(options)
    return {**identity(), "device": f"{soc} (Hexagon v{SOCS[soc].hexagon}, simulated)"}


def open_session(model: str, options: dict[str, Any], batch: int) -> Session:
    """Compile a model file for the simulated processor."""
    asked = provider_options(_soc(options))
    return HtpSession(model, batch, asked, bool(options["cpu_fallback"]))


def _soc(options: dict[str, Any]) -> str:
    name = str(options["soc"])
    return chosen(name, name)
