"""Watch a deployed model for drift: its embeddings go in, an alarm comes out.

This one file, NumPy and a state file are all that a device needs::

    from drift_monitor import Monitor, load

    monitor = Monitor(load("drift.state"))
    verdict = monitor.observe(embedding)      # after every inference
    if verdict is not None and verdict.alarm: # once a window
        ...

An embedding becomes random Fourier features of a Gaussian kernel (A. Rahimi and B.
Recht, "Random features for large-scale kernel machines", NIPS 2007), and only their sum
over a window is kept: memory is constant, and neither inputs nor embeddings are stored.
At a window's end the squared distance of its mean from the reference's, corrected for
both samples' own spread, is the unbiased estimate of the squared maximum mean
discrepancy (A. Gretton et al., "A kernel two-sample test", JMLR 13, 2012, lemma 6). An
alarm means that it exceeds a threshold which clean data exceed at a stated rate.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

FORMAT = b"tierbench drift state 1\n"
SIZE_MAX = 16_384
"""Numbers in an embedding."""
FREQUENCIES_MAX = 4_096
WINDOW_MAX = 1_000_000
HEADER_BYTES_MAX = 65_536
_BYTES_MAX = len(FORMAT) + HEADER_BYTES_MAX + 4 * FREQUENCIES_MAX * (SIZE_MAX + 2)


class StateError(ValueError):
    """A state file that cannot be used."""


class EmbeddingError(ValueError):
    """An embedding that the reference knows nothing of; it was not counted."""


@dataclass(frozen=True)
class State:
    """What is known of the reference, and when to give alarm.

    ``frequencies`` is float32 [n, embedding size], ``reference_mean`` float32 [2 n]:
    first the cosines, then the sines. ``about`` tells what was watched, for people.
    """

    window: int
    false_alarm_rate: float
    threshold: float
    reference_samples: int
    frequencies: NDArray[np.float32]
    reference_mean: NDArray[np.float32]
    about: dict[str, Any]

    @property
    def embedding_size(self) -> int:
        """Return how many numbers an embedding has."""
        return int(self.frequencies.shape[1])


@dataclass(frozen=True)
class Verdict:
    """What a window of samples says: its squared discrepancy, and whether to worry."""

    alarm: bool
    mmd2: float
    threshold: float
    samples: int


class Monitor:
    """Judge one window of embeddings after another."""

    def __init__(self, state: State) -> None:
        """Begin a window."""
        self.state = state
        self._sum = np.zeros(2 * len(state.frequencies))
        self._count = 0

    def observe(self, embedding: ArrayLike) -> Verdict | None:
        """Take one sample's embedding; return a verdict at the end of a window.

        Raises:
            EmbeddingError: its size is another, or it holds what is no number.
        """
        taken = np.asarray(embedding, dtype=np.float32).reshape(-1)
        if taken.size != self.state.embedding_size:
            raise EmbeddingError(
                f"an embedding of {taken.size} numbers; the reference's have "
                f"{self.state.embedding_size}"
            )
        if not np.isfinite(taken).all():
            raise EmbeddingError(
                "an embedding that holds NaN or infinity; look at the model's input"
            )
        self._sum += fourier_features(self.state.frequencies, taken)
        self._count += 1
        return self._judge() if self._count == self.state.window else None

    @property
    def state_bytes(self) -> int:
        """Return the size of all that is kept in memory between two samples."""
        arrays = (self.state.frequencies, self.state.reference_mean, self._sum)
        return sum(array.nbytes for array in arrays)

    def _judge(self) -> Verdict:
        mean = self._sum / self._count
        reference = self.state.reference_mean
        mmd2 = unbiased_mmd2(
            float(mean @ mean),
            float(mean @ reference),
            float(reference @ reference),
            self._count,
            self.state.reference_samples,
        )
        self._sum[:] = 0.0
        verdict = Verdict(
            alarm=mmd2 > self.state.threshold,
            mmd2=mmd2,
            threshold=self.state.threshold,
            samples=self._count,
        )
        self._count = 0
        return verdict


def fourier_features(
    frequencies: NDArray[np.float32], embeddings: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return features [..., 2 n] of length one, whose products estimate the kernel.

    Args:
        frequencies: [n, size], drawn from the kernel's spectrum.
        embeddings: [..., size].
    """
    phase = embeddings @ frequencies.T
    waves = np.concatenate([np.cos(phase), np.sin(phase)], axis=-1)
    return np.asarray(waves * np.float32(1.0 / math.sqrt(len(frequencies))))


def unbiased_mmd2(
    own: Any, cross: Any, reference: Any, samples: int, reference_samples: int
) -> Any:
    """Return the unbiased squared maximum mean discrepancy of two means of features.

    Every sample's product with itself, which is one, is taken out of both means.

    Args:
        own: the squared length of the window's mean.
        cross: the product of both means.
        reference: the squared length of the reference's mean.
        samples: in the window, 2 or more.
        reference_samples: in the reference, 2 or more.
    """
    within = (samples * own - 1.0) / (samples - 1)
    beyond = (reference_samples * reference - 1.0) / (reference_samples - 1)
    return within - 2.0 * cross + beyond


def save(state: State, path: str | Path) -> None:
    """Write a state: a line that names the format, a line of JSON, and float32."""
    payload = b"".join(
        np.ascontiguousarray(array, "<f4").tobytes()
        for array in (state.frequencies, state.reference_mean)
    )
    header = {
        "embedding_size": state.embedding_size,
        "frequencies": len(state.frequencies),
        "window": state.window,
        "reference_samples": state.reference_samples,
        "false_alarm_rate": state.false_alarm_rate,
        "threshold": state.threshold,
        "payload_sha256": hashlib.sha256(payload).hexdigest(),
        "about": state.about,
    }
    told = json.dumps(header, allow_nan=False, sort_keys=True).encode()
    if len(told) >= HEADER_BYTES_MAX:
        raise StateError(f"a header of {len(told)} bytes; shorten it")
    Path(path).write_bytes(FORMAT + told + b"\n" + payload)


def load(path: str | Path) -> State:
    """Return the state in a file that nobody vouches for.

    Raises:
        StateError: it is no such file, or too large, damaged or torn.
        OSError: it cannot be read.
    """
    with open(path, "rb") as stream:
        content = stream.read(_BYTES_MAX + 1)
    where = f"drift state {str(path)!r}"
    if not content.startswith(FORMAT):
        raise StateError(
            f"{where}: its first line is not {FORMAT.decode().strip()!r}; export it "
            "again with this tierbench"
        )
    told, newline, payload = content[len(FORMAT) :].partition(b"\n")
    if not newline or len(told) >= HEADER_BYTES_MAX or len(content) > _BYTES_MAX:
        raise StateError(f"{where}: torn or too large; copy it again")
    try:
        header = json.loads(told)
    except (ValueError, RecursionError) as exc:
        raise StateError(f"{where}: its header is no JSON: {exc}") from exc
    problems = _problems(header, payload)
    if problems:
        raise StateError(f"{where}: {'; '.join(problems)}")
    return _state(header, np.frombuffer(payload, "<f4").astype(np.float32))


def _problems(header: Any, payload: bytes) -> list[str]:
    """Return all that is wrong with a header and what follows it."""
    if not isinstance(header, dict):
        return ["its header is no object"]
    found = [
        f"{name} is {header.get(name)!r:.40}; {low} to {high} is valid"
        for name, low, high in _WHOLE
        if not _is_whole(header.get(name), low, high)
    ]
    rate, threshold = header.get("false_alarm_rate"), header.get("threshold")
    if not _is_number(rate) or not 0.0 < float(rate or 0) < 1.0:
        found.append(f"false_alarm_rate is {rate!r:.40}; between 0 and 1 is valid")
    if not _is_number(threshold):
        found.append(f"threshold is {threshold!r:.40}; a number is valid")
    if not isinstance(header.get("about"), dict):
        found.append("about is no object")
    if found:
        return found
    need = 4 * header["frequencies"] * (header["embedding_size"] + 2)
    if len(payload) != need:
        return [f"{len(payload)} bytes of numbers; {need} are valid"]
    if hashlib.sha256(payload).hexdigest() != header.get("payload_sha256"):
        return ["damaged: its numbers do not have the hash that it states"]
    if not np.isfinite(np.frombuffer(payload, "<f4")).all():
        return ["it holds NaN or infinity"]
    return []


_WHOLE: tuple[tuple[str, int, int], ...] = (
    ("embedding_size", 1, SIZE_MAX),
    ("frequencies", 1, FREQUENCIES_MAX),
    ("window", 2, WINDOW_MAX),
    ("reference_samples", 2, 1 << 40),
)


def _is_whole(value: Any, low: int, high: int) -> bool:
    return type(value) is int and low <= value <= high


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) < 1e9


def _state(header: dict[str, Any], numbers: NDArray[np.float32]) -> State:
    count, size = header["frequencies"], header["embedding_size"]
    return State(
        window=header["window"],
        false_alarm_rate=float(header["false_alarm_rate"]),
        threshold=float(header["threshold"]),
        reference_samples=header["reference_samples"],
        frequencies=numbers[: count * size].reshape(count, size),
        reference_mean=numbers[count * size :],
        about=header["about"],
    )
