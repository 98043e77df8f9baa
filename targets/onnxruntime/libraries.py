"""Whether a provider's library loads: it names the vendor's libraries that are missing.

A session would print that, and compute on the CPU.
"""

from __future__ import annotations

import ctypes
import os

import onnxruntime as ort

from ...harness.device.session import SessionError

SHARED = "libonnxruntime_providers_shared.so"


def load_library(name: str, remedy: str) -> None:
    """Load a provider's library, and the vendor's with it.

    Args:
        name: ``cuda``, ``tensorrt`` or ``migraphx``.
        remedy: what brings the libraries that may be missing.

    Raises:
        SessionError: one of them is missing.
    """
    folder = os.path.join(os.path.dirname(ort.__file__), "capi")
    try:
        ctypes.CDLL(os.path.join(folder, SHARED), mode=ctypes.RTLD_GLOBAL)
        ctypes.CDLL(os.path.join(folder, f"libonnxruntime_providers_{name}.so"))
    except OSError as exc:
        raise SessionError(
            f"the {name} provider's library does not load: {exc}; {remedy}"
        ) from exc
