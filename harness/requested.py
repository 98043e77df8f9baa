"""A requested model: its variants as files, each with the data that judge it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod
from pathlib import Path
from typing import Any

from . import registry
from .accuracy import find_metric
from .cache import cache_folder
from .calibration import calibration_of
from .data import fitted, match
from .errors import DataError, InputError, Mistakes, ModelError, NotFound
from .formats import inspect_model, model_files
from .hashing import files_sha256
from .model import BuiltVariant, Data, ReferenceModel
from .recipe import Calibration, find_recipe
from .sources import DataSource, Origin, path_origin
from .sweep import ModelRequest
from .sweep_models import SOURCE
from .values import ModelProfile, TensorSpec, Variant

AS_IS = "as is"
_SOURCE_BITS = 32

Judged = tuple[Variant, DataSource | None]
"""A variant and its evaluation data."""


class RequestedModel:
    """One requested model, built when its variants are first asked for."""

    def __init__(self, request: ModelRequest, data: Origin | None) -> None:
        """Take a ``[[model]]`` and where its evaluation data come from."""
        self._request = request
        self._data = data
        self._reference: ReferenceModel | None = (
            None if request.use is None else registry.find(registry.MODELS, request.use)
        )
        self._variants: dict[tuple[str, ...], tuple[Judged, ...]] = {}

    def variants(self, formats: tuple[str, ...]) -> tuple[Judged, ...]:
        """Return the variants, each in the first format that a target takes.

        One that has none of them comes in another, for a target to refuse.

        Raises:
            InputError: the model, its data or a variant cannot be used; ``lines``
                holds every mistake.
        """
        offered = self._reference.formats if self._reference else ()
        taken = [name for name in formats if name in offered]
        order = (*taken, *(name for name in offered if name not in taken))
        if order not in self._variants:
            self._variants[order] = tuple(self._build(order))
        return self._variants[order]

    @property
    def _is_own_data(self) -> bool:
        """Return whether a reference model is judged by the data it comes with."""
        request = self._request
        own = request.data_use in (None, request.use) and request.data_path is None
        return self._reference is not None and own

    def _build(self, formats: tuple[str, ...]) -> Iterator[Judged]:
        request, reference = self._request, self._reference
        if reference is None:
            assert request.path is not None
            if request.variants:
                yield from self._from_file(request.path)
            else:
                yield self._judged(request.path, AS_IS)
            return
        for name in request.variants or reference.variants:
            built = _built(reference, name, formats)
            yield self._judged(built.path, name, built)

    def _from_file(self, path: Path) -> Iterator[Judged]:
        """Make variants of a user's own file, and tell all that cannot be made."""
        profile = inspect_model(path, cache_folder("profiles"))
        if profile.weight_bits != _SOURCE_BITS:
            bits = profile.weight_bits
            have = f"have {bits} bits" if bits else "cannot be counted"
            raise ModelError(
                f"model {str(path)!r}: variants are made of an fp32 file, and the "
                f"weights of this one {have}; leave 'variants' out to measure it as "
                "it is"
            )
        origin = {
            "step": "file",
            "name": path.name,
            "sha256": files_sha256(model_files(path, profile)),
        }
        # Before any variant is made: data that do not fit the file are one mistake.
        own = self._judged(path, SOURCE, lineage=(origin,))
        calibration = self._calibration(profile.inputs)
        # A folder of the file's own: a plug-in's recipe may not see weights beside it.
        folder = cache_folder("variants") / origin["sha256"][:32]
        problems: list[str] = []
        for name in self._request.variants:
            if name == SOURCE:
                yield own
                continue
            try:
                recipe = find_recipe(name, _recipe)
                needed = calibration if recipe.calibrated(profile.format) else None
                built = recipe.build(path, profile.format, needed, folder)
                yield self._judged(
                    built.path, name, built, lineage=(origin, *built.lineage)
                )
            except InputError as exc:
                problems += [f"variant {name!r}: {line}" for line in exc.lines]
        if problems:
            raise Mistakes(problems)

    def _calibration(self, inputs: tuple[TensorSpec, ...]) -> Calibration | None:
        request = self._request
        if request.calibration is None:
            return None
        samples = path_origin(request.calibration, request, None).source(inputs)
        evaluation = None if self._data is None else self._data.source(inputs)
        return calibration_of(samples, evaluation, inputs)

    def _judged(
        self,
        path: Path,
        name: str,
        built: BuiltVariant | None = None,
        lineage: tuple[Mapping[str, Any], ...] = (),
    ) -> Judged:
        profile = inspect_model(path, cache_folder("profiles"))
        source = None if self._data is None else self._data.source(profile.inputs)
        # A compiled file may not name its inputs: the opened session then does.
        if source is not None and profile.inputs and not self._is_own_data:
            match(fitted(source.data, profile.inputs), profile.inputs)
        if source is not None and self._request.metric is not None:
            _check_metric(source.data, profile)
        files = model_files(path, profile)
        told = (built.weight_bits, built.activation_bits) if built else (None, None)
        variant = Variant(
            model=self._request.name,
            name=name,
            format=profile.format,
            size_bytes=sum(file.stat().st_size for file in files),
            sha256=files_sha256(files),
            profile=profile,
            weight_bits=profile.weight_bits or told[0],
            activation_bits=profile.activation_bits or told[1],
            lineage=lineage or (built.lineage if built else ()),
            path=path,
        )
        return variant, source


def _recipe(name: str) -> Any:
    return registry.find(registry.RECIPES, name)


def _built(
    reference: ReferenceModel, name: str, formats: tuple[str, ...]
) -> BuiltVariant:
    """Return a variant in the first of the formats that it exists in.

    Raises:
        ModelError: it exists in none of them.
    """
    folder = cache_folder("variants")
    for format in formats:
        try:
            return reference.build(name, format, folder)
        except NotFound:
            continue
    raise ModelError(
        f"variant {name!r} of model {reference.name!r} exists in none of its formats "
        f"{', '.join(formats)}; leave it out"
    )


def _check_metric(data: Data, profile: ModelProfile) -> None:
    """Check that a metric that was asked for can judge these outputs."""
    if data.labels is None or data.metric is None:
        return
    metric = find_metric(data.metric)
    problem = metric.problem(data.labels, _scores(profile))
    if problem:
        raise DataError(f"data {data.name!r}: metric {metric.name!r}: {problem}")


def _scores(profile: ModelProfile) -> int | None:
    """Return how many numbers the first output holds for a sample, if that is fixed."""
    shape = profile.outputs[0].shape if profile.outputs else ()
    if not shape or -1 in shape[1:]:
        return None
    return prod(shape[1:])
