"""Lineages as files: what ``models build --out`` writes beside a variant, read back.

Such a file may come from anywhere: all of it is checked, and nothing in it names a path
that would be read or written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from .chain import chain_text, parse_chain
from .errors import ChainError, InputError, Mistakes
from .formats import GRAPHS

_BYTES_MAX = 4_000_000
_STEPS_MAX = 50
_TEXT_MAX = 300
_SHA256 = re.compile("[0-9a-f]{64}")
_RANGES = {
    "seed": (0, 2**32 - 1),
    "epochs": (1, 1000),
    "batch": (1, 65_536),
    "learning_rate_max": (0.0, 10.0),
    "weight_decay": (0.0, 10.0),
}
"""Settings that decide how long a training takes, or whether it makes sense."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A variant as its lineage tells of it; ``sha256`` is its file's."""

    model: str
    variant: str
    format: str
    sha256: str
    lineage: tuple[Mapping[str, Any], ...]

    @property
    def settings(self) -> list[Mapping[str, Any]]:
        """Return the settings of every training, in order."""
        return [step["settings"] for step in self.lineage if "technique" in step]


def read_lineage(path: Path) -> Recorded:
    """Read the lineage of one variant.

    Raises:
        InputError: the file cannot be read, or is no JSON object.
        Mistakes: all that is wrong with it.
    """
    content = _content(path)
    if problems := list(_problems(content)):
        raise Mistakes([f"lineage {str(path)!r}: {one}" for one in problems])
    return Recorded(
        model=content["model"],
        variant=content["variant"],
        format=content["format"],
        sha256=content["sha256"],
        lineage=tuple(content["lineage"]),
    )


def name_of(step: Mapping[str, Any]) -> str:
    """Return what a step of a lineage is called."""
    return str(step.get("technique") or step.get("recipe") or step["step"])


def _content(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            text = file.read(_BYTES_MAX + 1)
    except OSError as exc:
        raise InputError(
            f"lineage {str(path)!r}: cannot be read: {exc.strerror}; give the .json "
            "file that lies beside a variant"
        ) from exc
    if len(text) > _BYTES_MAX:
        raise InputError(
            f"lineage {str(path)!r}: has more than {_BYTES_MAX} bytes; give the .json "
            "file that lies beside a variant"
        )
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise InputError(
            f"lineage {str(path)!r}: is no JSON: {exc}; give the file that `tierbench "
            "models build --out` writes"
        ) from exc
    if not isinstance(content, dict):
        raise InputError(
            f"lineage {str(path)!r}: holds {type(content).__name__}; give the object "
            "of one variant: an item of what `tierbench models build --json` prints"
        )
    return content


def _problems(content: Mapping[str, Any]) -> Iterator[str]:
    for key in ("model", "variant"):
        if not _is_text(content.get(key)):
            yield f"{key!r} is {_shown(content.get(key))}; it must be a name"
    if content.get("format") not in GRAPHS:
        known = " or ".join(GRAPHS)
        yield f"'format' is {_shown(content.get('format'))}; it must be {known}"
    if not _is_sha256(content.get("sha256")):
        yield f"'sha256' is {_shown(content.get('sha256'))}; it must be 64 hex digits"
    steps = content.get("lineage")
    if not isinstance(steps, list) or not 1 <= len(steps) <= _STEPS_MAX:
        yield f"'lineage' is {_shown(steps)}; it must be a list of 1 to {_STEPS_MAX}"
        return
    broken = False
    for number, step in enumerate(steps):
        for problem in _step_problems(step, is_first=number == 0):
            broken = True
            yield f"lineage[{number}]: {problem}"
    if not broken and _is_text(content.get("variant")):
        yield from _chain_problems(content["variant"], steps)


def _step_problems(step: Any, *, is_first: bool) -> Iterator[str]:
    if not isinstance(step, dict) or not _is_text(step.get("step")):
        yield f"{_shown(step)}; it must be an object that has a 'step'"
        return
    if not is_first and not _is_sha256(parent(step)):
        yield "has neither 'parent_sha256' nor 'source_sha256' of 64 hex digits"
    for key in ("technique", "recipe"):
        if key in step and not _is_text(step[key]):
            yield f"{key!r} is {_shown(step[key])}; it must be a name"
    if "technique" in step:
        yield from _setting_problems(step.get("settings"))


def _setting_problems(settings: Any) -> Iterator[str]:
    if not isinstance(settings, dict):
        yield f"'settings' is {_shown(settings)}; it must be an object"
        return
    for key, value in settings.items():
        low, high = _RANGES.get(key, (None, None))
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if low is None:
            if not _is_text(value) and not (is_number and isfinite(value)):
                yield f"setting {key[:40]!r} is {_shown(value)}; give a number or text"
        elif not is_number or not low <= value <= high or _is_broken(key, value):
            yield f"setting {key!r} is {_shown(value)}; it must be {low:g} to {high:g}"


def _is_broken(key: str, value: float) -> bool:
    return isinstance(_RANGES[key][0], int) and not isinstance(value, int)


def _chain_problems(variant: str, steps: list[dict[str, Any]]) -> Iterator[str]:
    """Yield where a variant's name is not what the lineage tells."""
    try:
        named = parse_chain(variant)
    except ChainError as exc:
        yield str(exc)
        return
    told = [name_of(step) for step in steps if "technique" in step or "recipe" in step]
    names = [str(step) for step in named]
    # A technique may name the recipe that is applied to its result.
    if told not in (names, [*names, named[-1].value]) and (told or len(names) > 1):
        yield (
            f"'variant' is {chain_text(named)!r}, but the steps are "
            f"{' > '.join(told)!r}; one of them was changed"
        )


def parent(step: Mapping[str, Any]) -> Any:
    """Return the hash of what a step started from."""
    return step.get("parent_sha256") or step.get("source_sha256")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _TEXT_MAX


def _is_sha256(value: Any) -> bool:
    return isinstance(value, str) and _SHA256.fullmatch(value) is not None


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
