"""From a sweep to its cases: what will be measured, and what is skipped and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from . import registry
from .cache import cache_folder
from .data import fitted, load_npz, match
from .errors import InputError, Mistake, SweepError
from .formats import inspect_model
from .hashing import files_sha256
from .model import Data, ReferenceModel
from .sweep import ModelRequest, Sweep, TargetRequest
from .target import Target
from .values import Case, Setting, Variant, Workload


class DataSource:
    """Evaluation data that is loaded when it is first used."""

    def __init__(self, name: str, sha256: str, load: Callable[[], Data]) -> None:
        """Name the data by its content's hash; ``load`` reads or generates it."""
        self.name = name
        self.sha256 = sha256
        self._load = load

    @cached_property
    def data(self) -> Data:
        """Return the data, loaded once."""
        return self._load()


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A case with what it takes to run it."""

    case: Case
    target: Target
    data: DataSource | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """A case that will not be run, and why."""

    case: Case
    target: Target
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All cases of a sweep, in the sweep's order."""

    sweep: Sweep
    cases: tuple[Planned, ...]
    skipped: tuple[Skip, ...]


def make_plan(sweep: Sweep) -> Plan:
    """Find, build and inspect all that a sweep names, and lay out its cases.

    Raises:
        SweepError: models or data that cannot be used, all at once.
    """
    mistakes: list[Mistake] = []
    cases: list[Planned] = []
    skipped: list[Skip] = []
    for index, request in enumerate(sweep.models):
        where = f"model[{index}]"
        data = None
        with _noted(mistakes, where):
            data = _data_source(request)
        with _noted(mistakes, where):
            model = _Model.of(request, data)
            for target_request in sweep.targets:
                for entry in _cases(sweep, model, target_request):
                    if isinstance(entry, Skip):
                        skipped.append(entry)
                    else:
                        cases.append(entry)
    if mistakes:
        raise SweepError(sweep.source, mistakes)
    return Plan(sweep=sweep, cases=tuple(cases), skipped=tuple(skipped))


@contextmanager
def _noted(mistakes: list[Mistake], where: str) -> Iterator[None]:
    """Note what is wrong with an input, so that one mistake hides no other."""
    try:
        yield
    except InputError as exc:
        mistakes.append(Mistake(where=where, problem=str(exc)))


class _Model:
    """One requested model: its variants by format, and its data."""

    def __init__(
        self,
        request: ModelRequest,
        reference: ReferenceModel | None,
        data: DataSource | None,
    ) -> None:
        self.request = request
        self.reference = reference
        self.data = data
        self._variants: dict[str, tuple[Variant, ...]] = {}

    @classmethod
    def of(cls, request: ModelRequest, data: DataSource | None) -> _Model:
        reference = None
        if request.use is not None:
            reference = registry.find(registry.MODELS, request.use)
        return cls(request, reference, data)

    def variants(self, formats: tuple[str, ...]) -> tuple[Variant, ...]:
        """Return the variants in the first format that a target takes."""
        if self.reference is None:
            offered: tuple[str, ...] = ("",)
        else:
            offered = self.reference.formats
        chosen = next((name for name in formats if name in offered), offered[0])
        if chosen not in self._variants:
            self._variants[chosen] = tuple(self._build(chosen))
        return self._variants[chosen]

    @property
    def _is_own_data(self) -> bool:
        """Return whether a reference model is judged by the data it comes with."""
        request = self.request
        own = request.data_use in (None, request.use) and request.data_path is None
        return self.reference is not None and own

    def _build(self, format: str) -> Iterator[Variant]:
        if self.reference is None:
            assert self.request.path is not None
            yield self._variant(self.request.path, None, (), None, None)
            return
        folder = cache_folder("variants")
        for name in self.request.variants or self.reference.variants:
            built = self.reference.build(name, format, folder)
            yield self._variant(
                built.path,
                name,
                built.lineage,
                built.weight_bits,
                built.activation_bits,
            )

    def _variant(
        self,
        path: Path,
        name: str | None,
        lineage: tuple[Mapping[str, Any], ...],
        weight_bits: int | None,
        activation_bits: int | None,
    ) -> Variant:
        profile = inspect_model(path, cache_folder("profiles"))
        if self.data is not None and not self._is_own_data:
            match(fitted(self.data.data, profile.inputs), profile.inputs)
        files = [path, *(path.parent / name for name in profile.external_files)]
        return Variant(
            model=self.request.name,
            name=name or "as is",
            format=profile.format,
            size_bytes=sum(file.stat().st_size for file in files),
            sha256=files_sha256(files),
            profile=profile,
            weight_bits=weight_bits or profile.weight_bits,
            activation_bits=activation_bits or profile.activation_bits,
            lineage=lineage,
            path=path,
        )


def _data_source(request: ModelRequest) -> DataSource | None:
    if request.data_path is not None:
        data = load_npz(request.data_path)
        return DataSource(request.data_path.name, data.sha256, lambda: data)
    name = request.data_use or request.use
    if name is None:
        return None
    owner: ReferenceModel = registry.find(registry.MODELS, name)
    return DataSource(name, owner.evaluation_sha256, owner.evaluation)


def _cases(
    sweep: Sweep, model: _Model, request: TargetRequest
) -> Iterator[Planned | Skip]:
    kind: type[Target] = registry.find(registry.TARGETS, request.use)
    for settings in request.settings:
        target = kind(settings, request.python)
        missing = target.unavailable()
        for variant in model.variants(target.formats):
            for workload in _workloads(sweep):
                case = _case(variant, target, workload, model.data, tuple(settings))
                reason = (
                    f"{missing.reason}; {missing.remedy}"
                    if missing
                    else _mismatch(target, variant, workload)
                )
                if reason is None:
                    yield Planned(case=case, target=target, data=model.data)
                else:
                    yield Skip(case=case, target=target, reason=reason)


def _workloads(sweep: Sweep) -> Iterator[Workload]:
    for scenario in sweep.scenarios:
        for batch in sweep.batches:
            yield Workload(
                scenario=scenario, batch=batch, profile=sweep.profile, seed=sweep.seed
            )


def _case(
    variant: Variant,
    target: Target,
    workload: Workload,
    data: DataSource | None,
    chosen: tuple[str, ...],
) -> Case:
    options: dict[str, Setting] = dict(target.settings)
    return Case(
        variant=variant,
        target=target.name,
        options=options,
        workload=workload,
        data_sha256=None if data is None else data.sha256,
        tier=target.tier,
        chosen=chosen,
    )


def _mismatch(target: Target, variant: Variant, workload: Workload) -> str | None:
    if variant.format not in target.formats:
        return (
            f"{target.name} runs {' or '.join(target.formats)} files, "
            f"not {variant.format}"
        )
    return target.check(variant, workload)
