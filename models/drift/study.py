"""The study of a model: what shifts cost each variant, and what notices them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...harness import registry
from ...harness.errors import InputError
from ...harness.statistics import wilson
from ..shift import SEVERITY_MAX, Shift, Shifts
from .chance import binomial_range
from .cost import measure_cost
from .detector import WINDOWS_MIN, Detector, Exact, Streaming, threshold
from .monitor import Monitor
from .paired import paired_drop
from .streams import stream
from .watched import Watched, watch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Rows = list[dict[str, Any]]
    Tell = Callable[[str], None]

FORMAT = "tierbench drift study 1"
RATES = (0.05, 0.01)
DROP = 0.02
"""The loss of accuracy that a monitor should notice."""
_SEED = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How many samples a study takes, in windows; all of them are drawn afresh."""

    window: int = 200
    windows: int = 20
    clean_windows: int = 200
    reference_samples: int = 4_000

    def check(self) -> None:
        """Raise InputError where the counts cannot be studied."""
        for name in ("windows", "clean_windows"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} {getattr(self, name)!r}: 1 or more is valid")
        if self.window < 2 or self.reference_samples < WINDOWS_MIN * self.window:
            raise InputError(
                f"{self.reference_samples} reference samples for windows of "
                f"{self.window}; windows of 2 or more, and {WINDOWS_MIN} of them in "
                "the reference, are valid"
            )


def study(
    model: str,
    variants: Sequence[tuple[str, str]],
    plan: Plan,
    folder: Path,
    tell: Tell = lambda line: None,
) -> dict[str, Any]:
    """Return the study as plain values.

    Args:
        model: that has shifts.
        variants: each as (variant, format).
        plan: how many samples.
        folder: where the variants' watched files may lie meanwhile.
        tell: is told what is being done.

    Raises:
        NotFound: no such model, variant or format, or the model has no shifts.
        InputError: counts that cannot be studied.
    """
    plan.check()
    shifts: Shifts = registry.find(registry.SHIFTS, model)
    watched = _watch(model, variants, folder)
    tell(f"reference: {plan.reference_samples} samples")
    reference = stream(shifts, "reference", plan.reference_samples)
    references = _observe(watched, shifts.inputs(reference))
    judges = [
        _Judge(one, embedded, plan.window)
        for one, (_, embedded) in zip(watched, references, strict=True)
    ]
    tell(f"clean: {plan.clean_windows} windows of {plan.window}")
    clean = stream(shifts, "clean", plan.clean_windows * plan.window)
    for judge, (_, embedded) in zip(
        judges, _observe(watched, shifts.inputs(clean)), strict=True
    ):
        judge.see_clean(embedded)
    shifted = stream(shifts, "shifted", plan.windows * plan.window)
    labels = shifts.labels(shifted)
    for shift, severity in _conditions(shifts):
        tell(f"{shift.name if shift else 'no shift'}: severity {severity}")
        drawn = shifts.inputs(shifted, shift, severity)
        for judge, (classes, embedded) in zip(
            judges, _observe(watched, drawn), strict=True
        ):
            judge.see(shift, severity, classes == labels, embedded)
    tell("cost of the monitor")
    sample = next(shifts.inputs(stream(shifts, "reference", 1)))
    return {
        "format": FORMAT,
        "model": model,
        "window": plan.window,
        "windows": plan.windows,
        "clean_windows": plan.clean_windows,
        "reference_samples": plan.reference_samples,
        "samples": shifted.samples,
        "shifts": [{"name": s.name, "summary": s.summary} for s in shifts.shifts],
        "variants": [judge.row(sample) for judge in judges],
    }


def _watch(
    model: str, variants: Sequence[tuple[str, str]], folder: Path
) -> list[Watched]:
    found = []
    for number, (variant, format) in enumerate(variants):
        place = folder / str(number)
        place.mkdir()
        found.append(watch(model, variant, format, place))
    return found


def _conditions(shifts: Shifts) -> Iterable[tuple[Shift | None, int]]:
    yield None, 0
    yield from product(shifts.shifts, range(1, SEVERITY_MAX + 1))


def _observe(
    watched: Sequence[Watched], portions: Iterable[NDArray[np.float32]]
) -> list[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    """Return what each variant makes of the same samples, which are drawn once."""
    seen: list[list[Any]] = [[] for _ in watched]
    for inputs in portions:
        for kept, one in zip(seen, watched, strict=True):
            kept.append(one.observe([inputs]))
    return [
        (
            np.concatenate([classes for classes, _ in kept]),
            np.concatenate([embedded for _, embedded in kept]),
        )
        for kept in seen
    ]


class _Judge:
    """What is found of one variant."""

    def __init__(
        self, watched: Watched, reference: NDArray[np.float32], window: int
    ) -> None:
        rng = np.random.default_rng(_SEED)
        self._watched = watched
        self._reference = reference
        self._streaming = Streaming(reference, window, rng)
        self._detectors: tuple[Detector, ...] = (
            self._streaming,
            Exact(reference, window, rng),
        )
        self._right: NDArray[np.bool_] | None = None
        self._false_alarms: Rows = []
        self._points: Rows = []
        self._statistics: list[list[NDArray[np.float64]]] = []

    def see_clean(self, embeddings: NDArray[np.float32]) -> None:
        """Count false alarms over disjoint windows."""
        found = self._windows(embeddings)
        for detector, values in zip(self._detectors, found, strict=True):
            for rate in RATES:
                low, high = binomial_range(len(values), rate)
                self._false_alarms.append(
                    {
                        "detector": detector.name,
                        "rate": rate,
                        "alarms": _alarms(detector, values, rate),
                        "windows": len(values),
                        "expected_low": low,
                        "expected_high": high,
                    }
                )

    def see(
        self,
        shift: Shift | None,
        severity: int,
        right: NDArray[np.bool_],
        embeddings: NDArray[np.float32],
    ) -> None:
        """Take the samples of one shift at one severity; the clean ones come first."""
        if self._right is None:
            self._right = right
        drop, drop95 = paired_drop(self._right, right)
        count, n = int(right.sum()), len(right)
        found = self._windows(embeddings)
        self._points.append(
            {
                "shift": shift.name if shift else None,
                "severity": severity,
                "accuracy": {"value": count / n, "n": n, **_ends(wilson(count, n))},
                "drop": {"value": drop, **_ends(drop95)},
                "power": [
                    self._power(detector, values, rate)
                    for detector, values in zip(self._detectors, found, strict=True)
                    for rate in RATES
                ],
            }
        )

    def row(self, sample: NDArray[np.float32]) -> dict[str, Any]:
        """Return all that was found."""
        state = self._streaming.state(RATES[-1], {})
        return {
            **self._watched.about,
            "embedding_size": state.embedding_size,
            "bandwidth": self._streaming.width,
            "state_bytes": Monitor(state).state_bytes,
            "false_alarms": self._false_alarms,
            "agreement": self._agreement(),
            "points": self._points,
            "noticed": self._noticed(),
            "cost": measure_cost(self._watched, state, self._reference, sample),
        }

    def _windows(self, embeddings: NDArray[np.float32]) -> list[NDArray[np.float64]]:
        """Return the statistics of disjoint windows, by detector.

        Samples come class by class in turn, which real ones do not: they are shuffled,
        by the same shuffle at every severity.
        """
        order = np.random.default_rng(_SEED).permutation(len(embeddings))
        found = [d.statistics(embeddings[order]) for d in self._detectors]
        self._statistics.append(found)
        return found

    def _power(
        self, detector: Detector, values: NDArray[np.float64], rate: float
    ) -> dict[str, Any]:
        alarms, n = _alarms(detector, values, rate), len(values)
        return {
            "detector": detector.name,
            "rate": rate,
            "value": alarms / n,
            **_ends(wilson(alarms, n)),
            "windows": n,
        }

    def _agreement(self) -> Rows:
        """Return on how many windows both detectors decide alike."""
        first, second = (
            np.concatenate(values) for values in zip(*self._statistics, strict=True)
        )
        cuts = [[threshold(d.null, rate) for rate in RATES] for d in self._detectors]
        return [
            {
                "rate": rate,
                "value": float(np.mean((first > one) == (second > other))),
                "windows": len(first),
                "correlation": float(np.corrcoef(first, second)[0, 1]),
            }
            for rate, one, other in zip(RATES, *cuts, strict=True)
        ]

    def _noticed(self) -> Rows:
        """Return for each shift the first severity that costs DROP, and its power."""
        names = dict.fromkeys(p["shift"] for p in self._points if p["shift"])
        rows: Rows = []
        for name in names:
            points = [p for p in self._points if p["shift"] == name]
            costly = [p for p in points if p["drop"]["value"] >= DROP]
            reached = costly[0] if costly else None
            rows.append(
                {
                    "shift": name,
                    "severity": reached["severity"] if reached else None,
                    "severity_reason": None
                    if reached
                    else f"no severity costs {DROP:.0%}; the largest drop is "
                    f"{max(p['drop']['value'] for p in points):.1%}",
                    "power": reached["power"] if reached else [],
                }
            )
        return rows


def _alarms(detector: Detector, values: NDArray[np.float64], rate: float) -> int:
    return int(np.count_nonzero(values > threshold(detector.null, rate)))


def _ends(interval: Any) -> dict[str, float]:
    return {"low": float(interval.low), "high": float(interval.high)}
