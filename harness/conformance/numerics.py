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

SCALES = (1.0, 2.0, 1.0, 0.2, 0.05)
"""How wide the random floating-point inputs are, one input each and all but the first
around 0: a classifier that is sure of its answer hides what went wrong before it."""

SEEDS = range(2 * len(SCALES))

ALIKE = 1e-3
"""Reference outputs that move by less of the largest tell no input from another."""

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
            _refuse_alike(path.name, reference.outputs)
            outputs = case.variant.profile.outputs
            figures = compare(
                _stacked(found), _stacked(reference.outputs), computed, outputs
            )
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
        computed = _computed_in(ran, case)
        figures = compare(
            whole, _stacked(alone), computed, case.variant.profile.outputs
        )
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
            inputs = [_spread(specs, seed) for seed in SEEDS]
            ran = worker.bind(inputs[0]).ran
            return ran, [worker.evaluate(one) for one in inputs], inputs


def _stacked(outputs: Sequence[Sequence[Array]]) -> list[Array]:
    """Return what came of several inputs as one batch, output by output."""
    for one in outputs:
        assert len(one) == len(outputs[0]), "the number of outputs changes"
    return [np.concatenate(parts) for parts in zip(*outputs, strict=True)]


def _spread(specs: Sequence[TensorSpec], seed: int) -> dict[str, Array]:
    """Return random inputs as wide as their seed says; integers without scale as ever.

    Quantised inputs hold the same real numbers as floating-point ones would.
    """
    inputs = synthetic(specs, 1, seed)
    wide = SCALES[seed % len(SCALES)]
    for spec in specs if seed % len(SCALES) else ():
        array = inputs[spec.name]
        random = np.random.default_rng(seed).random(array.shape)
        real = wide * (random - 0.5)
        if array.dtype.kind == "f":
            inputs[spec.name] = real.astype(array.dtype)
        elif spec.scale is not None:
            limits = np.iinfo(array.dtype)
            steps = np.rint(real / spec.scale) + (spec.zero_point or 0)
            kept = np.clip(steps, limits.min, limits.max)
            inputs[spec.name] = kept.astype(array.dtype)
    return inputs


def _refuse_alike(name: str, outputs: Sequence[Sequence[Array]]) -> None:
    """Refuse a model from which nothing can be seen.

    Raises:
        AssertionError: its outputs are the same whatever goes in.
    """
    for parts in zip(*outputs, strict=True):
        whole = np.stack([np.asarray(part, np.float64) for part in parts])
        if np.ptp(whole, axis=0).max() > ALIKE * np.abs(whole).max():
            return
    raise AssertionError(
        f"{name} answers the same to all inputs, so that wrong numbers do not show; "
        "name another with --tier-model FILE"
    )


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
    """Return the precisions that explain how far outputs are off.

    A quantised file is rounded at its markers whatever computes between them.
    """
    variant = case.variant
    asked = of_file(variant.weight_bits, variant.activation_bits)
    told = ran.get("precision")
    if told is None:
        return asked
    quantised = tuple(one for one in asked if one in INTEGERS)
    return tuple(dict.fromkeys((*precisions(told), *quantised)))
