"""Detectors of drift, calibrated on reference embeddings alone.

The kernel is that of ``mmd``, between whitened embeddings.

Both compare a window with the same reference again and again. Their threshold is a
quantile of what windows from the reference's own distribution give: it is found by
resampling the reference (a bootstrap), so no other data are needed.

The mean of a window of w fresh samples lies off the mean of n reference samples with
the covariance S (1/w + 1/n); that of w samples drawn from the reference itself, with
S / w. So what was drawn is moved away from the reference's mean by sqrt(1 + w/n), and
the threshold is right on average over references; for one reference it is so far as n
is much larger than w.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ...harness.errors import DataError
from .mmd import bandwidth, gram
from .monitor import State, fourier_features, unbiased_mmd2
from .whitening import whitening

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Embeddings = NDArray[np.float32]
    Statistics = NDArray[np.float64]

FREQUENCIES = 256
RESAMPLES = 10_000
WINDOWS_MIN = 10
"""A reference must hold this many windows, or a threshold for it means little."""
_CHUNK = 500


class Detector(Protocol):
    """A way to judge windows of embeddings against a reference."""

    name: str
    window: int
    null: Statistics
    """What windows from the reference's own distribution give, sorted."""

    def statistics(self, embeddings: Embeddings) -> Statistics:
        """Return the statistic of each window in turn; a rest is left out."""
        ...


def threshold(null: Statistics, false_alarm_rate: float) -> float:
    """Return what clean windows exceed at this rate.

    It is the smallest drawn value of which no greater share lies above.
    """
    rank = int(np.ceil((1.0 - false_alarm_rate) * (len(null) + 1)))
    return float(null[min(rank, len(null)) - 1])


class Streaming:
    """The monitor's arithmetic over many windows at once: random Fourier features."""

    name = "streaming"

    def __init__(
        self, reference: Embeddings, window: int, rng: np.random.Generator
    ) -> None:
        """Draw the features, and calibrate.

        Raises:
            DataError: too few reference samples, or what is no number.
        """
        _check(reference, window)
        self.window = window
        matrix = whitening(reference)
        self.width = _width(reference @ matrix)
        shape = (FREQUENCIES, reference.shape[1])
        drawn = rng.standard_normal(shape).astype(np.float32) / np.float32(self.width)
        self.frequencies = np.asarray(drawn @ matrix.T, dtype=np.float32)
        features = fourier_features(self.frequencies, reference)
        mean = features.mean(axis=0, dtype=np.float64)
        self.mean: NDArray[np.float32] = mean.astype(np.float32)
        self._n = len(reference)
        self.null = np.sort(
            np.concatenate(
                [
                    self._mmd2(shares @ features)
                    for shares in _resamples(self._n, window, rng)
                ]
            )
        )

    def statistics(self, embeddings: Embeddings) -> Statistics:
        """Return the statistic of each window in turn; a rest is left out."""
        return np.array(
            [
                self._mmd2(fourier_features(self.frequencies, part).mean(axis=0))
                for part in _windows(embeddings, self.window)
            ]
        )

    def state(self, false_alarm_rate: float, about: dict[str, Any]) -> State:
        """Return what the monitor on the device needs."""
        return State(
            window=self.window,
            false_alarm_rate=false_alarm_rate,
            threshold=threshold(self.null, false_alarm_rate),
            reference_samples=self._n,
            frequencies=self.frequencies,
            reference_mean=self.mean,
            about=about,
        )

    def _mmd2(self, means: NDArray[np.float32]) -> Statistics:
        own = np.einsum("...i,...i->...", means, means, dtype=np.float64)
        cross = means @ self.mean
        reference = float(self.mean @ self.mean)
        found = unbiased_mmd2(own, cross, reference, self.window, self._n)
        return np.asarray(found, dtype=np.float64)


class Exact:
    """The kernel itself, for a place where embeddings come together."""

    name = "exact"

    def __init__(
        self, reference: Embeddings, window: int, rng: np.random.Generator
    ) -> None:
        """Compute the reference's Gram matrix, and calibrate from it.

        Raises:
            DataError: too few reference samples, or what is no number.
        """
        _check(reference, window)
        self.window = window
        self._matrix = whitening(reference)
        self._reference = reference = reference @ self._matrix
        self.width = _width(reference)
        kernel = gram(reference, reference, self.width)
        to_mean = kernel.mean(axis=1, dtype=np.float64)
        self._within = float(to_mean.mean())
        self.null = np.sort(
            np.concatenate(
                [
                    self._mmd2(
                        np.einsum("bi,bi->b", shares @ kernel, shares), shares @ to_mean
                    )
                    for shares in _resamples(len(reference), window, rng)
                ]
            )
        )

    def statistics(self, embeddings: Embeddings) -> Statistics:
        """Return the statistic of each window in turn; a rest is left out."""
        return np.array(
            [
                self._mmd2(
                    gram(part, part, self.width).mean(dtype=np.float64),
                    gram(part, self._reference, self.width).mean(dtype=np.float64),
                )
                for part in _windows(embeddings @ self._matrix, self.window)
            ]
        )

    def _mmd2(self, own: Any, cross: Any) -> Statistics:
        found = unbiased_mmd2(
            own, cross, self._within, self.window, len(self._reference)
        )
        return np.asarray(found, dtype=np.float64)


def check_rates(rates: Sequence[float]) -> None:
    """Raise DataError unless every rate can be calibrated by the resamples."""
    for rate in rates:
        if not 10.0 / RESAMPLES <= rate <= 0.5:
            raise DataError(
                f"a false-alarm rate of {rate!r}; {10.0 / RESAMPLES:g} to 0.5 is valid"
            )


def _check(reference: Embeddings, window: int) -> None:
    if window < 2:
        raise DataError(f"a window of {window} samples; 2 or more is valid")
    if len(reference) < WINDOWS_MIN * window:
        raise DataError(
            f"{len(reference)} reference samples for windows of {window}; at least "
            f"{WINDOWS_MIN * window} are valid: give more, or choose a smaller window"
        )
    if not np.isfinite(reference).all():
        raise DataError(
            "embeddings of the reference hold NaN or infinity; look at the model's "
            "input"
        )


def _width(reference: Embeddings) -> float:
    width = bandwidth(reference)
    if width == 0.0:
        raise DataError(
            "most embeddings of the reference are the same; choose another layer, or "
            "reference samples that differ"
        )
    return width


def _resamples(
    n: int, window: int, rng: np.random.Generator
) -> Iterator[NDArray[np.float32]]:
    """Yield resamples of the reference as shares of each sample, [some, n]."""
    further = np.sqrt(1.0 + window / n)
    for start in range(0, RESAMPLES, _CHUNK):
        rows = min(_CHUNK, RESAMPLES - start)
        places = rng.integers(n, size=(rows, window)) + n * np.arange(rows)[:, None]
        counts = np.bincount(places.ravel(), minlength=rows * n).reshape(rows, n)
        yield (further * counts / window + (1.0 - further) / n).astype(np.float32)


def _windows(embeddings: Embeddings, window: int) -> Iterator[Embeddings]:
    for start in range(0, len(embeddings) - window + 1, window):
        yield embeddings[start : start + window]
