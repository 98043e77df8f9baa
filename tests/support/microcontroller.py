"""Models for the microcontroller tier, and damage to them."""

import os
import random
from functools import cache
from pathlib import Path

import pytest

from tierbench.harness.formats import inspect_model
from tierbench.harness.hashing import file_sha256
from tierbench.harness.values import Variant
from tierbench.models import defect
from tierbench.targets.cortex_m import CortexM

PUBLISHED = os.environ.get("TIERBENCH_PUBLISHED")
needs_published = pytest.mark.skipif(
    not PUBLISHED, reason="TIERBENCH_PUBLISHED names no folder"
)


def published(name: str) -> Path:
    """Return a file of the MLPerf Tiny reference models."""
    return Path(PUBLISHED or "") / "mlperf_tiny_models" / name


@cache
def quantised(folder: Path, variant: str = "int8") -> Path:
    """Build a quantised variant of the reference model ``defect``, once a folder."""
    return defect.model.build(variant, "tflite", folder).path


def variant_of(path: Path) -> Variant:
    """Return a model file as a variant of a sweep."""
    profile = inspect_model(path)
    return Variant(
        model="m",
        name="v",
        format="tflite",
        size_bytes=path.stat().st_size,
        sha256=file_sha256(path),
        profile=profile,
        weight_bits=profile.weight_bits,
        activation_bits=profile.activation_bits,
        path=path,
    )


def damaged(content: bytes, dice: random.Random) -> bytes:
    """Return a file with some of its bytes flipped, cut, repeated or overwritten."""
    made = bytearray(content)
    kind = dice.randrange(5)
    if kind == 0:
        return bytes(made[: dice.randrange(len(made))])
    for _ in range(dice.choice((1, 2, 8, 64))):
        # Most of a file is weights; its tables lie at both ends.
        span = dice.choice((64, 4096, len(made)))
        at = dice.choice((dice.randrange(span), -1 - dice.randrange(span)))
        at %= len(made)
        if kind == 1:
            made[at] ^= 1 << dice.randrange(8)
        elif kind == 2:
            made[at] = dice.choice((0, 1, 0x7F, 0x80, 0xFF))
        elif kind == 3:
            value = dice.choice((0, 1, 0xFFFFFFFF, 0x7FFFFFFF, dice.randrange(1 << 32)))
            made[at : at + 4] = value.to_bytes(4, "little")
        else:
            part = made[at : at + dice.randrange(1, 32)]
            other = dice.randrange(len(made))
            made[other : other + len(part)] = part
    return bytes(made)


def needs_interpreter() -> None:
    """Skip, or fail where it is required, without the interpreter's package."""
    from support.components import missing

    if found := CortexM().unavailable():
        missing("host", f"{found.reason}; {found.remedy}")
