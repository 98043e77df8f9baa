"""A model known only by its numbers: ``--profile FILE.json``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ...harness.errors import InputError, Mistakes
from ...harness.values import ModelProfile, TensorSpec

FORMAT = "numbers"
UNTOLD = "untold"
"""The class of multiply-accumulates of which no class is told."""
CLASSES = ("conv", "conv1x1", "depthwise", "dense", "other")
BITS = (1, 2, 4, 8, 16, 32)
LARGEST = 10**18
_REQUIRED = ("parameters", "macs")
_BITS = ("weight_bits", "activation_bits")
_OPTIONAL = ("input_shape", "activation_bytes", *_BITS)


def read_numbers(path: Path) -> ModelProfile:
    """Return the profile of a model of which a JSON file tells numbers.

    Raises:
        InputError: the file cannot be read; or all that is wrong in it.
    """
    told = _object(path)
    problems = [f"profile {str(path)!r}: {one}" for one in _problems(told)]
    if problems:
        raise Mistakes(problems)
    macs = told["macs"]
    shape = told.get("input_shape")
    return ModelProfile(
        format=FORMAT,
        inputs=(
            ()
            if shape is None
            else (TensorSpec(name="input", dtype="unknown", shape=(1, *shape)),)
        ),
        outputs=(),
        operators={},
        parameters=told["parameters"],
        macs=macs if isinstance(macs, dict) else {UNTOLD: macs},
        peak_activation_bytes=told.get("activation_bytes"),
        weight_bits=told.get("weight_bits"),
        activation_bits=told.get("activation_bits"),
    )


def _object(path: Path) -> dict[str, Any]:
    try:
        told = json.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, ValueError, RecursionError) as exc:
        raise InputError(
            f"profile {str(path)!r} cannot be read ({exc}); give a JSON object with "
            f"{' and '.join(_REQUIRED)}"
        ) from exc
    if not isinstance(told, dict):
        raise InputError(
            f"profile {str(path)!r} must hold an object, not a {type(told).__name__}"
        )
    return told


def _problems(told: Mapping[str, Any]) -> Iterator[str]:
    known = (*_REQUIRED, *_OPTIONAL)
    for name in told:
        if name not in known:
            yield f"{name!r} is not known; valid: {', '.join(known)}"
    for name in _REQUIRED:
        if name not in told:
            yield f"{name} is missing"
    for name in ("parameters", "activation_bytes"):
        if name in told and not _is_count(told[name]):
            yield f"{name} {_counted(told[name])}"
    for name in _BITS:
        if name in told and not (_is_count(told[name]) and told[name] in BITS):
            valid = ", ".join(str(bits) for bits in BITS)
            yield f"{name} must be one of {valid}, not {told[name]!r}"
    yield from _mac_problems(told.get("macs", 1))
    shape = told.get("input_shape", [1])
    if not (isinstance(shape, list) and shape and all(_is_count(n) for n in shape)):
        yield (
            "input_shape must list the sizes of one sample, as [224, 224, 3], not "
            f"{shape!r}"
        )


def _mac_problems(macs: Any) -> Iterator[str]:
    if not isinstance(macs, dict):
        if not _is_count(macs):
            yield f"macs {_counted(macs)}, or an object by operator class"
        return
    for name, count in macs.items():
        if name not in CLASSES:
            yield f"macs: {name!r} is not known; valid: {', '.join(CLASSES)}"
        elif (count != 0 and not _is_count(count)) or isinstance(count, bool):
            yield f"macs.{name} {_counted(count)}, or 0"
    if not any(_is_count(macs.get(name)) for name in CLASSES):
        yield "macs: no class has any"


def _counted(value: Any) -> str:
    return f"must be a whole number from 1 to {LARGEST:.0e}, not {value!r}"


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and value is not True and 1 <= value <= LARGEST
