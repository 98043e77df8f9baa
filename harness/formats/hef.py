"""Hailo Executable Format: compiled, so little of it can be counted.

Weights and operators have become configuration of one chip. What a HEF takes is known
where it is opened: its profile names no inputs.
"""

from __future__ import annotations

from pathlib import Path

from ..errors import ModelError
from ..values import ModelProfile
from .hef_file import read_hef


def profile(path: Path) -> ModelProfile:
    """Return a HEF's profile: operators as it names them, all other counts None.

    Raises:
        ModelError: it is no HEF, cut off or damaged.
    """
    try:
        found = read_hef(str(path))
    except ValueError as exc:
        raise ModelError(str(exc)) from exc
    return ModelProfile(
        format="hef",
        inputs=(),
        outputs=(),
        operators=dict(sorted(found.operators.items())),
        parameters=None,
        macs=None,
        peak_activation_bytes=None,
        weight_bits=None,
        activation_bits=None,
    )
