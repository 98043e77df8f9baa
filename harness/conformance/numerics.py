"""Numerics: a target's outputs against those of a reference runtime."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from ..data import synthetic
from ..values import Case, TensorSpec
from .precision import INTEGERS, STEP_SHARE_MIN, TOLERANCES, of_file, precisions
from .reference import reference_of
from .subject import LIMITS, MADE_UP, Note, Subject

if TYPE_CHECKING:
    from ..worker import Array

SEEDS = range(8)
"""Of the random inputs that outputs are compared for."""

BATCH = 8


class NumericsChecks(Subject):
    """Fast is worth nothing where the answer is wrong."""

    def test_outputs_are_those_of_the_reference(self, note: Note) -> None:
        """On every model, within what the precision that ran allows."""
        self._computes()
        for path in (self.model, *self.more_models):
            ran, found, inputs = self._outputs(path)
            case = self._case(path)
            reference = reference_of(case, self._target(), inputs, LIMITS)
            if reference is None:
                pytest.skip(
                    f"no reference runtime for {path.suffix} files is installed; "
                    "pip install 'tierbench[host]'"
                )
            computed = _computed_in(ran, case)
            seen = [
                compare(one, other, computed, case.variant.profile.outputs)
                for one, other in zip(found, reference.outputs, strict=True)
            ]
            figures = {key: _worst(key, seen) for key in seen[0]}
            told = {"reference": reference.by, "precision": ", ".join(computed)}
            note(**{path.name: {**told, **figures}})
            judge(path.name, computed, figures)

    def test_a_batch_gives_what_its_samples_give(self, note: Note) -> None:
        """Each sample of a batch has the outputs that it has alone."""
        self._computes()
        with self._launched(self.model, BATCH) as worker:
            specs = worker.open().inputs
            together = synthetic(specs, BATCH, 0)
            ran = worker.bind(together).ran
            whole = worker.evaluate(together)
        singles = [
            {name: array[[place]] for name, array in together.items()}
            for place in range(BATCH)
        ]
        with self._launched(self.model) as worker:
            worker.open()
            alone = [worker.evaluate(one) for one in singles]
        case = self._case(self.model)
        stacked = [np.concatenate(parts) for parts in zip(*alone, strict=True)]
        computed = _computed_in(ran, case)
        figures = compare(whole, stacked, computed, case.variant.profile.outputs)
        note(batch=BATCH, **figures)
        judge(f"a batch of {BATCH}", computed, figures)

    def _computes(self) -> None:
        self._available()
        if self.target.evidence in MADE_UP:
            pytest.skip(
                f"a target whose results are {self.target.evidence} computes nothing"
            )

    def _outputs(self, path: Path) -> tuple[Any, list[Any], list[dict[str, Array]]]:
        with self._launched(path) as worker:
            specs = worker.open().inputs
            inputs = [synthetic(specs, 1, seed) for seed in SEEDS]
            ran = worker.bind(inputs[0]).ran
            return ran, [worker.evaluate(one) for one in inputs], inputs


def compare(
    found: Sequence[Array],
    due: Sequence[Array],
    computed: Sequence[str],
    specs: Sequence[TensorSpec],
) -> dict[str, float]:
    """Return how far outputs are from what is due.

    ``error`` is the largest difference, as a share of the largest output that is due;
    of quantised outputs, and of those computed in integers, ``within_one_step`` is the
    share that differ by one step of quantisation or less. A floating-point output's
    step is its range / 255, where the file tells no scale.

    Raises:
        AssertionError: number or shape of the outputs differ, or one is not finite.
    """
    assert len(found) == len(due) > 0, f"{len(found)} outputs; {len(due)} are due"
    errors, steps = [], []
    for place, (one, other) in enumerate(zip(found, due, strict=True)):
        assert one.shape == other.shape, (
            f"output {place} has the shape {one.shape}; {other.shape} is due"
        )
        have, want = one.astype(np.float64), other.astype(np.float64)
        assert np.isfinite(have).all(), f"output {place} holds NaN or infinity"
        apart = np.abs(have - want)
        errors.append(float(apart.max() / max(np.abs(want).max(), 1e-30)))
        if other.dtype.kind in "iu":
            steps.append(float((apart <= 1).mean()))
        elif set(computed) & set(INTEGERS):
            scale = specs[place].scale if place < len(specs) else None
            step = scale or max(float(np.ptp(want)), 1e-30) / 255
            steps.append(float((apart <= step * (1 + 1e-6)).mean()))
    figures = {"error": max(errors)}
    return {**figures, "within_one_step": min(steps)} if steps else figures


def judge(name: str, computed: Sequence[str], figures: dict[str, float]) -> None:
    """Refuse outputs that are further off than their precision explains.

    Raises:
        AssertionError: they are.
    """
    if "within_one_step" in figures:
        share = figures["within_one_step"]
        assert share >= STEP_SHARE_MIN, (
            f"{name}: {share:.1%} of the outputs lie within one step of quantisation; "
            f"{STEP_SHARE_MIN:.0%} must"
        )
        return
    allowed = max(TOLERANCES[one] for one in computed)
    assert figures["error"] <= allowed, (
        f"{name}: outputs are off by {figures['error']:.2g} of the largest; "
        f"{allowed:g} is what {', '.join(computed)} explains"
    )


def _computed_in(ran: Any, case: Case) -> tuple[str, ...]:
    told = ran.get("precision")
    if told is None:
        return of_file(case.variant.weight_bits, case.variant.activation_bits)
    return precisions(told)


def _worst(key: str, seen: Sequence[dict[str, float]]) -> float:
    values = [one[key] for one in seen]
    return min(values) if key == "within_one_step" else max(values)
