"""The target under test: how checks get at it, and where they note what they saw."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from ..data import synthetic
from ..formats import inspect_model
from ..hashing import file_sha256
from ..probe import identity, probe, trial
from ..target import Target
from ..values import Case, Evidence, Scenario, Setting, Variant, Workload
from ..worker import Limits, Worker

if TYPE_CHECKING:
    import numpy as np

    from ..worker import Array

LIMITS = Limits(open_s=120.0, call_s=30.0)

MADE_UP = (Evidence.SIMULATED, Evidence.PROJECTED)
"""Evidence of targets that run no model: nothing is to be compared with a reference."""

Note = Callable[..., None]
"""Note what a check saw, as ``note(host_ms=1.2)``; it stands in the report."""


class Subject:
    """A target, its options, and the models that it is tried with."""

    target: ClassVar[type[Target]]
    model: ClassVar[Path]
    more_models: ClassVar[tuple[Path, ...]] = ()
    """Further models, for their outputs alone."""
    settings: ClassVar[Mapping[str, Setting]] = {}
    python: ClassVar[str | None] = None
    reset: ClassVar[tuple[str, ...]] = ()
    """The command that resets the device, where a person has given one."""

    @pytest.fixture
    def worker(self) -> Iterator[Worker]:
        """Start a worker for the model, or skip with the target's reason."""
        with self._launched(self.model) as worker:
            yield worker

    @pytest.fixture
    def note(self, request: pytest.FixtureRequest) -> Note:
        """Give what keeps a check's figures for the report."""
        kept = request.node.user_properties

        def note(**figures: Any) -> None:
            kept.extend(figures.items())

        return note

    def _target(self, python: str | None = None) -> Target:
        return self.target(self.settings, python or self.python)

    def _afresh(self) -> Target:
        """Return the target as if nobody had asked for its device before."""
        for ask in (probe, trial, identity):
            ask.cache_clear()
        return self._target()

    def _available(self) -> Target:
        target = self._target()
        missing = target.unavailable()
        if missing is not None:
            pytest.skip(f"{missing.reason}; {missing.remedy}")
        return target

    def _launched(self, model: Path, batch: int = 1) -> Worker:
        """Return a worker for a model; one that the target refuses is skipped."""
        target, case = self._available(), self._case(model, batch)
        refused = target.check(case.variant, case.workload)
        if refused is not None:
            pytest.skip(f"{model.name}, batch {batch}: {refused}")
        return target.launch(case, target.ready(case, LIMITS), LIMITS)

    def _bind(self, worker: Worker) -> dict[str, np.ndarray]:
        inputs = self._inputs(worker)
        worker.bind(inputs)
        return inputs

    def _inputs(
        self, worker: Worker, batch: int = 1, seed: int = 0
    ) -> dict[str, Array]:
        return synthetic(worker.open().inputs, batch, seed)

    def _timed(self) -> None:
        """Skip where the target tells no time."""
        if self.target.clock is None:
            pytest.skip("the target tells no time: it runs for its outputs and counts")

    def _measured(self) -> None:
        """Skip where time does not really pass."""
        self._timed()
        if self.target.evidence in MADE_UP:
            pytest.skip("the target's time is made up, as its results say")

    def _case(self, path: Path, batch: int = 1) -> Case:
        return case_of(self._target(), path, batch)


def case_of(target: Target, path: Path, batch: int = 1) -> Case:
    """Return a model file on a target as a case.

    Raises:
        ModelError: the file cannot be read as a model.
    """
    profile = inspect_model(path)
    variant = Variant(
        model="contract",
        name="as is",
        format=profile.format,
        size_bytes=path.stat().st_size,
        sha256=file_sha256(path),
        profile=profile,
        weight_bits=profile.weight_bits,
        activation_bits=profile.activation_bits,
        path=path,
    )
    workload = Workload(scenario=Scenario.SINGLE_STREAM, batch=batch, profile="smoke")
    return Case(
        variant=variant,
        target=target.name,
        options=target.settings,
        workload=workload,
    )
