"""From a sweep to its cases: what will be measured, and what is skipped and why."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from . import registry
from .errors import InputError, Mistake, SweepError
from .meter import PowerMeter
from .profiles import PROFILES
from .reader_meter import ReaderMeter
from .remote import is_remote, machine_of
from .requested import RequestedModel
from .scenarios import unfit
from .sources import DataSource, evaluation_origin
from .sweep import Constraints, Sweep, TargetRequest
from .sweep_meters import MeterRequest
from .target import Target
from .values import Case, Evidence, Scenario, Setting, Variant, Workload, canonical_json
from .worker import Limits

HOST = "host"
"""The option by which a case on another machine is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A case with what it takes to run it.

    ``beside`` is the key of the case before it with which it is to be compared: both
    are measured in the same rounds.
    """

    case: Case
    target: Target
    data: DataSource | None
    limits: Limits = field(default_factory=Limits)
    meters: tuple[PowerMeter, ...] = ()
    beside: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """A case that will not be run, and why."""

    case: Case
    target: Target
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All cases to be measured in one run, in order.

    ``asked`` is what was asked for as JSON values, kept with the run; its hash tells
    whether a run that was interrupted is this one. ``soak_s`` is how long each
    finalist, a case that fulfils the ``constraints``, is loaded at the end; 0: not.
    """

    name: str
    seed: int
    asked: Mapping[str, Any]
    cases: tuple[Planned, ...]
    skipped: tuple[Skip, ...]
    soak_s: float = 0.0
    constraints: Constraints | None = None

    @property
    def sha256(self) -> str:
        """Return a hash of what was asked for."""
        return hashlib.sha256(canonical_json(self.asked).encode()).hexdigest()


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
            data = evaluation_origin(request)
        with _noted(mistakes, where):
            model = RequestedModel(request, data)
            for target_request in sweep.targets:
                for entry in _cases(sweep, model, target_request):
                    if isinstance(entry, Skip):
                        skipped.append(entry)
                    else:
                        cases.append(entry)
    if mistakes:
        raise SweepError(sweep.source, mistakes)
    return Plan(
        name=sweep.name,
        seed=sweep.seed,
        asked={**sweep.plain, **_images(cases)},
        cases=tuple(cases),
        skipped=tuple(skipped),
        soak_s=PROFILES[sweep.profile].soak_s if sweep.soak_s is None else sweep.soak_s,
        constraints=sweep.constraints,
    )


def _images(cases: list[Planned]) -> dict[str, Any]:
    """Return how images became inputs, to be kept with the run; nothing without any."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for planned in cases:
        model, data = planned.case.variant.model, planned.data
        if data is not None and data.made is not None:
            found[model, data.sha256] = {"model": model, "data": data.name, **data.made}
    return {"images": list(found.values())} if found else {}


@contextmanager
def _noted(mistakes: list[Mistake], where: str) -> Iterator[None]:
    """Note what is wrong with an input, so that one mistake hides no other."""
    try:
        yield
    except InputError as exc:
        mistakes += [Mistake(where=where, problem=line) for line in exc.lines]


def _cases(
    sweep: Sweep, model: RequestedModel, request: TargetRequest
) -> Iterator[Planned | Skip]:
    kind: type[Target] = registry.find(registry.TARGETS, request.use)
    for settings in request.settings:
        target = kind(settings, request.python)
        missing = target.unavailable()
        meters = tuple(
            meter_of(meter, request.python)
            for meter in sweep.meters
            if meter.watches(request.use)
        )
        for variant, data in model.variants(target.formats):
            for workload in _workloads(sweep):
                case = _case(variant, target, workload, data, tuple(settings))
                reason = (
                    f"{missing.reason}; {missing.remedy}"
                    if missing
                    else _mismatch(target, variant, workload, data)
                )
                if reason is None:
                    yield Planned(
                        case=case,
                        target=target,
                        data=data,
                        limits=sweep.limits,
                        meters=meters,
                    )
                else:
                    yield Skip(case=case, target=target, reason=reason)


def meter_of(request: MeterRequest, python: str | None) -> PowerMeter:
    """Return a meter for a target with this Python.

    One that is read on the device is read where the target runs, if not told otherwise.
    """
    kind: type[PowerMeter] = registry.find(registry.METERS, request.use)
    if request.python is None and issubclass(kind, ReaderMeter) and is_remote(python):
        return kind(request.settings, python)
    return kind(request.settings, request.python)


def _workloads(sweep: Sweep) -> Iterator[Workload]:
    for scenario in sweep.scenarios:
        for batch in sweep.batches:
            plain = Workload(
                scenario=scenario, batch=batch, profile=sweep.profile, seed=sweep.seed
            )
            yield sweep.load.applied(plain)


def _case(
    variant: Variant,
    target: Target,
    workload: Workload,
    data: DataSource | None,
    chosen: tuple[str, ...],
) -> Case:
    options: dict[str, Setting] = dict(target.settings)
    if (host := machine_of(target.python)) is not None:
        options[HOST] = host
        chosen = (*chosen, HOST)
    return Case(
        variant=variant,
        target=target.name,
        options=options,
        workload=workload,
        data_sha256=None if data is None else data.sha256,
        tier=target.tier,
        chosen=chosen,
    )


def _mismatch(
    target: Target, variant: Variant, workload: Workload, data: DataSource | None
) -> str | None:
    if variant.format not in target.formats:
        return (
            f"{target.name} runs {' or '.join(target.formats)} files, "
            f"not {variant.format}"
        )
    if target.clock is None and workload.scenario is not Scenario.SINGLE_STREAM:
        return f"{target.name} tells no time; single_stream is the scenario for it"
    simulated = target.evidence is Evidence.SIMULATED  # it takes no inputs at all
    has_images = simulated or (data is not None and bool(data.files))
    return unfit(workload, has_images) or target.check(variant, workload)
