"""The seam towards hardware: the host half of a target.

A new target is one folder: a subclass of ``Target`` in ``__init__.py`` (host half,
imports no vendor runtime) and a ``device.py`` (device half, see
``tierbench.harness.device.session``), plus an entry point in ``tierbench.targets``.
"""

from __future__ import annotations

import time
from abc import ABC
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar

from . import registry
from .errors import TargetUnavailable, TierbenchError
from .figure import Figure
from .meter import PowerMeter
from .need import Kind as Kind
from .need import Need as Need
from .need import Thing
from .option import Option as Option
from .probe import Probe, identity, probe, trial
from .remote import is_remote, machine_of
from .values import Case, Clock, Environment, Evidence, Setting, Variant, Workload
from .watch import StateReader, linux
from .worker import Limits, SubprocessWorker, Worker

WORKER_BYTES = 96 << 20
HERE = "this machine"


class Tier(StrEnum):
    """Where in the market a target stands."""

    MICROCONTROLLER = "microcontroller"
    ACCELERATOR = "accelerator"
    SERVER = "server"
    HOST = "host"
    SIMULATED = "simulated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unavailable:
    """Why a target cannot run here and what to do about it."""

    reason: str
    remedy: str


Line = tuple[str, str | None, str]
"""What a target needs, or why it is missing; what was found; what to do without."""


class Target(ABC):
    """One kind of hardware and runtime, with its options set."""

    name: ClassVar[str]
    tier: ClassVar[Tier]
    formats: ClassVar[tuple[str, ...]]
    runtime: ClassVar[str]
    """The distribution that holds the runtime, as the package index names it."""
    remedy: ClassVar[str]
    """What a person does when the runtime is missing."""
    device_modules: ClassVar[tuple[str, ...]]
    """Dotted names of the modules that travel; the last holds ``open_session``."""
    needs: ClassVar[tuple[Need, ...]] = ()
    """What it needs on its machine, the runtime's distribution where none is told."""
    elsewhere: ClassVar[bool] = True
    """False where its Python must be one of this machine: it also runs tools here."""
    builds: ClassVar[bool] = False
    """True where the device half's ``build`` must have made an artifact of the model
    before a session can open it."""
    options: ClassVar[tuple[Option, ...]] = ()
    own_meters: ClassVar[tuple[str, ...]] = ()
    """Names of the meters that measure it wherever they can be read."""
    evidence: ClassVar[Evidence] = Evidence.MEASURED
    clock: ClassVar[Clock | None] = Clock.HOST
    """Whose clock times its calls. A device that times itself tells of windows: its
    workers return a block's ``calls`` with their mean latency. None where code runs for
    its outputs and counts alone, as on an emulator: no block is measured, and
    ``figures`` tell what else is known."""
    workers_min: ClassVar[int] = 3
    """Workers that a case is measured with at least: variance between processes."""
    workers_max: ClassVar[int | None] = None
    """Workers that the device can hold open at once; None for as many as fit."""

    def __init__(
        self, settings: Mapping[str, Setting] | None = None, python: str | None = None
    ) -> None:
        """Keep the options' values, completed with defaults, and the target's Python.

        Args:
            settings: values by option name, already checked.
            python: the interpreter that has the runtime; None for this one.
        """
        defaults = {option.name: option.default for option in self.options}
        self.settings: dict[str, Setting] = {**defaults, **(settings or {})}
        self.python = python

    @property
    def machine(self) -> str:
        """Name what must not measure two things at once."""
        return machine_of(self.python) or HERE

    @property
    def wanted(self) -> tuple[Need, ...]:
        """Return what the target needs on its machine."""
        return self.needs or (Need(Kind.DISTRIBUTION, self.runtime, self.remedy),)

    def probe(self) -> Probe:
        """Ask the target's Python what it has, without importing the runtime."""
        things: list[Thing] = [(Kind.DISTRIBUTION, self.runtime)]
        things += [thing for need in self.wanted for thing in need.things]
        return probe(self.python, tuple(dict.fromkeys(things)))

    def identity(self) -> Mapping[str, str | None]:
        """Return what the device half says of its device; nothing where it has no word.

        Raises:
            CaseError: there is no such device; the message says what to do.
            TargetUnavailable: the target's Python does not start.
            WorkerError: the runtime crashes or hangs as it is imported.
        """
        modules = self.device_modules
        if not modules or not trial(self.python, modules):
            return {}
        options = tuple(sorted(self.settings.items()))
        return identity(self.python, modules, options)

    def unavailable(self) -> Unavailable | None:
        """Return why this target cannot run here, or None when it can."""
        for need, found, remedy in self.examine():
            if found is None:
                return Unavailable(reason=need, remedy=remedy)
        return None

    def examine(self) -> Iterator[Line]:
        """Yield what the target needs, what was found of it, and what to do without.

        Last, once all needs are met, comes the device. What is missing is told as the
        reason why.
        """
        if is_remote(self.python) and not self.elsewhere:
            why = f"it runs tools of its Python here, and {self.python} is elsewhere"
            yield why, None, "leave out python, or name one of this machine"
            return
        try:
            found = self.probe()
        except TargetUnavailable as error:
            yield error.reason, None, error.remedy
            return
        there = [(need, need.met(found.found)) for need in self.wanted]
        for need, what in there:
            label = need.label if what else need.missing(found.executable)
            yield label, what, need.remedy
        if all(what for _, what in there):
            yield self._device()

    def _device(self) -> Line:
        """Return the last line of ``examine``: what tells that the runtime works."""
        try:
            told = self.identity()
        except TargetUnavailable as error:
            return error.reason, None, error.remedy
        except TierbenchError as error:
            return str(error), None, self.remedy
        return "a device", told.get("device") or "the runtime is imported", ""

    def describe(self) -> Environment:
        """Return the environment that cases of this target run in.

        Raises:
            CaseError, TargetUnavailable, WorkerError: see ``identity``.
        """
        found, told = self.probe(), self.identity()
        return Environment(
            device=told.get("device") or found.cpu,
            tier=self.tier,
            runtime=self.runtime,
            runtime_version=told.get("runtime_version") or found.version(self.runtime),
            identity={**found.identity, **told},
            details=found.details,
        )

    def check(self, variant: Variant, workload: Workload) -> str | None:
        """Return why this variant cannot run under this workload, or None."""
        return None

    def footprint_bytes(self, variant: Variant) -> int:
        """Return about how much memory an open worker takes on its machine.

        A worker with a small model was seen to hold 23-50 MB; weights are counted
        three times: as read, as packed for the kernels, and as activations.
        """
        return WORKER_BYTES + 3 * variant.size_bytes

    def free_bytes(self) -> int:
        """Return how much memory is free on its machine: half of all on another one."""
        if not is_remote(self.python):
            import psutil  # not every command needs it

            return int(psutil.virtual_memory().available)
        return int(self.probe().details.get("ram_bytes") or 0) // 2

    def meters(self) -> tuple[PowerMeter, ...]:
        """Return the power meters that watch this target."""
        kinds = [registry.find(registry.METERS, name) for name in self.own_meters]
        return tuple(kind(python=self.python) for kind in kinds)

    def rest(self, duration_s: float) -> None:
        """Let the device idle, so that it cools before a sustained run."""
        time.sleep(duration_s)

    def readers(self) -> tuple[StateReader, ...]:
        """Return what tells the state of the device: what Linux tells of its machine.

        The verdict on throttling rests on these alone: a target on another device
        names that device's readers instead, and one without a clock has none.
        """
        return linux(self.python) if self.clock is not None else ()

    def figures(
        self, case: Case, artifact: Path, ran: Mapping[str, Any]
    ) -> tuple[Figure, ...]:
        """Return what is counted or modelled of a case, at most one of a quantity.

        ``latency`` (ns), ``energy`` (J), ``arena`` (B) and ``instructions`` (1) have
        keys of their own in a row of results, all others stand among its ``figures``.

        Args:
            case: what ran.
            artifact: what ``prepare`` returned.
            ran: what the worker told of its first call.

        Raises:
            CaseError: they cannot be told; the case then fails with that reason.
        """
        return ()

    def prepare(self, variant: Variant) -> Path:
        """Return the artifact to load: here the model file itself."""
        return variant.path

    def ready(self, case: Case, limits: Limits) -> Path:
        """Return the artifact to load, once all that sessions of it open is made.

        Raises:
            CaseError: the model cannot be prepared or built.
            WorkerError: the process that builds it ended, or took too long.
        """
        artifact = self.prepare(case.variant)
        if self.builds:
            with self.launch(case, artifact, limits) as builder:
                builder.build()
        return artifact

    def launch(self, case: Case, artifact: Path, limits: Limits) -> Worker:
        """Start a worker for a case; nothing is loaded in it yet."""
        return SubprocessWorker(
            modules=self.device_modules,
            artifact=artifact,
            options=self.settings,
            batch=case.workload.batch,
            limits=limits,
            python=self.python,
        )
