"""The seam towards hardware: the host half of a target.

A new target is one folder: a subclass of ``Target`` in ``__init__.py`` (host half,
imports no vendor runtime) and a ``device.py`` (device half, see
``tierbench.harness.device.session``), plus an entry point in ``tierbench.targets``.
"""

from __future__ import annotations

import time
from abc import ABC
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar

from . import registry
from .errors import TargetUnavailable
from .figure import Figure
from .meter import PowerMeter
from .option import Option as Option
from .probe import Probe, probe
from .values import Case, Clock, Environment, Evidence, Setting, Variant, Workload
from .watch import LINUX, StateReader
from .worker import Limits, SubprocessWorker, Worker

WORKER_BYTES = 96 << 20


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
        return "this machine"

    def probe(self) -> Probe:
        """Ask the target's Python what it has, without importing the runtime."""
        return probe(self.python, (self.runtime,))

    def unavailable(self) -> Unavailable | None:
        """Return why this target cannot run here, or None when it can."""
        try:
            found = self.probe()
        except TargetUnavailable as error:
            return Unavailable(reason=error.reason, remedy=error.remedy)
        if found.distributions.get(self.runtime) is None:
            return Unavailable(
                reason=f"{self.runtime} is not installed in {found.executable}",
                remedy=self.remedy,
            )
        return None

    def describe(self) -> Environment:
        """Return the environment that cases of this target run in."""
        found = self.probe()
        return Environment(
            device=found.cpu,
            tier=self.tier,
            runtime=self.runtime,
            runtime_version=found.distributions.get(self.runtime),
            identity=found.identity,
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

    def meters(self) -> tuple[PowerMeter, ...]:
        """Return the power meters that watch this target."""
        kinds = [registry.find(registry.METERS, name) for name in self.own_meters]
        return tuple(kind() for kind in kinds)

    def rest(self, duration_s: float) -> None:
        """Let the device idle, so that it cools before a sustained run."""
        time.sleep(duration_s)

    def readers(self) -> tuple[StateReader, ...]:
        """Return what tells the state of the device: what Linux tells of this machine.

        The verdict on throttling rests on these alone: a target on another device
        names that device's readers instead, and one without a clock has none.
        """
        return LINUX if self.clock is not None else ()

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
