"""What a recipe is, and how its result is kept by content."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache as once
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...harness.cache import cache_folder
from ...harness.calibration_samples import check_samples
from ...harness.errors import (
    InfrastructureError,
    InputError,
    ModelError,
    NotFound,
    NotInstalled,
)
from ...harness.formats import inspect_model
from ...harness.hashing import file_sha256
from ...harness.model import BuiltVariant
from ...harness.values import canonical_json
from ..child import run

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...harness.recipe import Calibration

    Apply = Callable[[Path, Mapping[str, NDArray[Any]], Path], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """How files of one format are changed.

    ``apply(source, samples, out)`` writes the variant to ``out``; the samples are
    arrays by input name, first axis the sample, and none where ``calibrated`` is False.
    ``tools`` are the distributions whose version may change the result, a plug-in's own
    among them, and ``parameters`` the settings that do. The bits are those of most
    weights and activations.
    """

    weight_bits: int
    activation_bits: int
    calibrated: bool
    tools: tuple[str, ...]
    parameters: Mapping[str, Any]
    apply: Apply


class FileRecipe:
    """A recipe that has a conversion for each format; see ``harness.recipe.Recipe``."""

    def __init__(
        self,
        name: str,
        summary: str,
        conversions: Mapping[str, Conversion],
        reasons: Mapping[str, str] | None = None,
    ) -> None:
        """Name the recipe.

        Args:
            name: what it is called.
            summary: what it does.
            conversions: by format.
            reasons: why it does not apply to other formats, by format.
        """
        self.name = name
        self.summary = summary
        self.formats: tuple[str, ...] = tuple(conversions)
        self.reasons: Mapping[str, str] = reasons or {}
        self._conversions = conversions

    def calibrated(self, format: str) -> bool:
        """Return whether it needs calibration samples for files of this format.

        Raises:
            NotFound: it does not know the format.
        """
        return self._conversion(format).calibrated

    def build(
        self, source: Path, format: str, calibration: Calibration | None, cache: Path
    ) -> BuiltVariant:
        """Return the variant's file, made unless the cache has it.

        The file's name holds a hash of what decides its content, so a change of any of
        it makes another file. It appears in one move: nobody sees it half written.

        Raises:
            NotFound: it does not know the format.
            InputError: it needs calibration samples and was given none.
            ModelError: it cannot be applied to the source.
            InfrastructureError: a tool is not installed, or the cache not writable.
        """
        conversion = self._conversion(format)
        path, record = self.made(source, format, calibration, cache, format)
        return BuiltVariant(
            path=path,
            recipe=self.name,
            weight_bits=conversion.weight_bits,
            activation_bits=conversion.activation_bits,
            lineage=(record,),
        )

    def made(
        self,
        source: Path,
        format: str,
        calibration: Calibration | None,
        cache: Path,
        suffix: str,
    ) -> tuple[Path, dict[str, Any]]:
        """Return where the result lies, and everything that decides it.

        Raises: what ``build`` does.
        """
        conversion = self._conversion(format)
        given = calibration if conversion.calibrated else None
        if conversion.calibrated and given is None:
            raise InputError(
                f"recipe {self.name!r} needs calibration samples for {str(source)!r}; "
                "name a .npz file of some as its calibration"
            )
        record = self._record(source, format, given)
        key = hashlib.sha256(canonical_json(record).encode()).hexdigest()
        slug = re.sub(r"[^a-z0-9.]+", "-", self.name).strip("-")
        path = cache / f"{source.stem}-{slug}-{key[:32]}.{suffix}"
        if not path.exists():
            samples = {} if given is None else given.load()
            if given is not None:
                check_samples(f"calibration of recipe {self.name!r}", samples)
            self._make(conversion, source, samples, path)
        return path, record

    def _conversion(self, format: str) -> Conversion:
        if format not in self._conversions:
            kind, why = f"format of recipe {self.name!r}", self.reasons.get(format)
            raise NotFound(kind, format, self.formats, why)
        return self._conversions[format]

    def _record(
        self, source: Path, format: str, calibration: Calibration | None
    ) -> dict[str, Any]:
        """Return everything that decides the result: one step of a lineage."""
        conversion = self._conversions[format]
        return {
            "step": "recipe",
            "recipe": self.name,
            "format": format,
            "weight_bits": conversion.weight_bits,
            "activation_bits": conversion.activation_bits,
            "parameters": dict(conversion.parameters),
            "tools": self._versions(conversion.tools),
            "code_sha256": _code_sha256(),
            "source_sha256": file_sha256(source),
            **self._beside(source),
            "calibration_sha256": None if calibration is None else calibration.sha256,
        }

    def _beside(self, source: Path) -> dict[str, Any]:
        """Return the hashes of weights beside an ONNX file; other formats hold all."""
        if source.suffix.lower() != ".onnx":
            return {}
        try:
            profile = inspect_model(source, cache_folder("profiles"))
        except ModelError as exc:
            raise ModelError(f"{self._inapplicable(source)}: {exc}") from exc
        found = {
            name: file_sha256(source.parent / name) for name in profile.external_files
        }
        return {"external_sha256": found} if found else {}

    def _inapplicable(self, source: Path) -> str:
        return f"recipe {self.name!r} cannot be applied to {str(source)!r}"

    def _versions(self, tools: tuple[str, ...]) -> dict[str, str]:
        """Return the installed version of every tool."""
        try:
            return {tool: version(tool) for tool in tools}
        except PackageNotFoundError as exc:
            raise NotInstalled(
                f"recipe {self.name!r} needs {exc.name!r}, which is not installed; "
                "pip install 'tierbench[host]' installs it"
            ) from exc

    def _make(
        self,
        conversion: Conversion,
        source: Path,
        samples: Mapping[str, NDArray[Any]],
        path: Path,
    ) -> None:
        cache = path.parent
        try:
            cache.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=cache, prefix=".build-") as folder:
                made = Path(folder) / path.name
                run(
                    lambda: conversion.apply(source, samples, made),
                    self._inapplicable(source),
                )
                os.replace(made, path)
        except OSError as exc:
            raise InfrastructureError(
                f"variant {path.name!r} cannot be kept in {str(cache)!r}: "
                f"{exc.strerror or exc}; give a folder that can be written to"
            ) from exc


@once
def _code_sha256() -> str:
    """Return a hash of the recipes' own sources.

    A version does not tell them apart while it is being worked on, and a cache must
    never give out what other code has made.
    """
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(f"{path.name} {file_sha256(path)}\n".encode())
    return digest.hexdigest()
