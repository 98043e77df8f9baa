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
from math import isfinite
from pathlib import Path
from typing import ClassVar

from .errors import TargetUnavailable
from .meter import PowerMeter
from .probe import Probe, probe
from .values import Case, Environment, Evidence, Setting, Variant, Workload
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
class Option:
    """One option of a target that a sweep may set or sweep over."""

    name: str
    kind: type[int] | type[float] | type[str] | type[bool]
    default: Setting
    help: str
    choices: tuple[Setting, ...] = ()
    minimum: float | None = None
    maximum: float | None = None

    def problem(self, value: object) -> str | None:
        """Return what is wrong with a value and what would be valid, or None."""
        allowed: tuple[type, ...] = (int, float) if self.kind is float else (self.kind,)
        is_bool = isinstance(value, bool)
        if isinstance(value, float) and not isfinite(value):
            return f"must be a finite {self.kind.__name__}, not {value!r}"
        if not isinstance(value, allowed) or (is_bool and self.kind is not bool):
            return f"must be {self.kind.__name__}, not {value!r}"
        if self.choices and value not in self.choices:
            listed = ", ".join(repr(choice) for choice in self.choices)
            return f"must be one of {listed}, not {value!r}"
        if isinstance(value, (int, float)) and not is_bool:
            if self.minimum is not None and value < self.minimum:
                return f"must be at least {self.minimum:g}, not {value!r}"
            if self.maximum is not None and value > self.maximum:
                return f"must be at most {self.maximum:g}, not {value!r}"
        return None


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
    evidence: ClassVar[Evidence] = Evidence.MEASURED
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
        """Return the power meters that watch this target: none unless it has some."""
        return ()

    def rest(self, duration_s: float) -> None:
        """Let the device idle, so that it cools before a sustained run."""
        time.sleep(duration_s)

    def readers(self) -> tuple[StateReader, ...]:
        """Return what tells the state of the device: what Linux tells of this machine.

        The verdict on throttling rests on these alone: a target on another device
        names that device's readers instead.
        """
        return LINUX

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
