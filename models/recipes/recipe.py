"""What a recipe is, and how its result is kept by content."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...harness.errors import InfrastructureError, ModelError
from ...harness.hashing import file_sha256
from ...harness.values import canonical_json

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Apply = Callable[[Path, NDArray[np.float32], Path], None]

FAILED = 3
"""How the child ends that told in its last line why the recipe failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Samples that show a quantiser the ranges of values, drawn only when needed.

    ``load()`` returns float32 with the sample on the first axis; ``sha256`` is known
    without drawing them.
    """

    sha256: str
    load: Callable[[], NDArray[np.float32]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A way to make a variant from an fp32 file and calibration samples.

    ``apply(source, calibration, out)`` writes the variant to ``out``; the samples are
    float32 with the sample on the first axis. ``tools`` are the distributions whose
    version may change the result, ``parameters`` the settings that do.
    """

    name: str
    format: str
    weight_bits: int
    activation_bits: int
    tools: tuple[str, ...]
    parameters: Mapping[str, Any]
    apply: Apply

    def versions(self) -> dict[str, str]:
        """Return the installed version of every tool.

        Raises:
            InfrastructureError: a tool is not installed.
        """
        try:
            return {tool: version(tool) for tool in self.tools}
        except PackageNotFoundError as exc:
            raise InfrastructureError(
                f"recipe {self.name!r} for {self.format!r} needs {exc.name!r}, which "
                "is not installed; pip install 'tierbench[host]' installs it"
            ) from exc

    def record(self, source: Path, calibration: Calibration) -> dict[str, Any]:
        """Return everything that decides the result: one step of a lineage."""
        return {
            "step": "recipe",
            "recipe": self.name,
            "format": self.format,
            "weight_bits": self.weight_bits,
            "activation_bits": self.activation_bits,
            "parameters": dict(self.parameters),
            "tools": self.versions(),
            "source_sha256": file_sha256(source),
            "calibration_sha256": calibration.sha256,
        }


def build(recipe: Recipe, source: Path, calibration: Calibration, cache: Path) -> Path:
    """Return the recipe's variant of a source file, made unless the cache has it.

    The file's name holds a hash of what decides its content, so a change of any of
    it makes another file. It appears in one move: nobody sees it half written.

    Raises:
        InfrastructureError: a tool is not installed, or the cache not writable.
        ModelError: the recipe cannot be applied to the source.
    """
    key = hashlib.sha256(
        canonical_json(recipe.record(source, calibration)).encode()
    ).hexdigest()
    path = cache / f"{source.stem}-{recipe.name}-{key[:32]}.{recipe.format}"
    if path.exists():
        return path
    samples = calibration.load()
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix=".build-") as folder:
            made = Path(folder) / path.name
            _apply(recipe, source, samples, made)
            os.replace(made, path)
    except OSError as exc:
        raise InfrastructureError(
            f"variant {path.name!r} cannot be kept in {str(cache)!r}: "
            f"{exc.strerror or exc}; give a folder that can be written to"
        ) from exc
    return path


def _apply(
    recipe: Recipe, source: Path, samples: NDArray[np.float32], out: Path
) -> None:
    """Apply the recipe in a process of its own: its tools print, crash and linger."""
    with tempfile.TemporaryFile() as printed:
        child = os.fork()
        if child == 0:
            _apply_and_exit(recipe, source, samples, out, printed.fileno())
        _, status = os.waitpid(child, 0)
        printed.seek(0)
        words = printed.read().decode("utf-8", "replace").split("\n")
    if status:
        code = os.waitstatus_to_exitcode(status)
        last = next((line.strip() for line in reversed(words) if line.strip()), "")
        why = last if code == FAILED else f"it ended with status {code}: {last}"
        raise ModelError(
            f"recipe {recipe.name!r} cannot be applied to {str(source)!r}: "
            f"{why[:500]}; it needs an fp32 {recipe.format} file and samples of its "
            "input's shape"
        )


def _apply_and_exit(
    recipe: Recipe,
    source: Path,
    samples: NDArray[np.float32],
    out: Path,
    printed: int,
) -> None:
    os.dup2(printed, 1)
    os.dup2(printed, 2)
    try:
        recipe.apply(source, samples, out)
    except BaseException as exc:
        told = f"\n{type(exc).__name__}: {' '.join(str(exc).split())}\n"
        os.write(printed, told.encode("utf-8", "replace"))
        os._exit(FAILED)
    os._exit(0)
