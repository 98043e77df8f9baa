"""What is often claimed of techniques, and whether it held where it was measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from .chain import parse_chain
from .controls import SOURCE, Kind
from .differences import SEEDS_MIN
from .gains import LOSS_MAX, Gain, gain_ends
from .pairing import FLOOR

INT8 = "int8"
SIZE_SHARE = 0.255
"""INT8's size over fp32's that still rounds to 25 %."""

SPEED_UP = 2.0
TRAINING_GAIN = 0.005
"""What quantisation-aware training is said to win at least, as a share."""


class Verdict(StrEnum):
    """Whether a claim held."""

    HELD = "held"
    NOT_HELD = "did not hold"
    UNKNOWN = "cannot be told"


class Claim(StrEnum):
    """What is claimed; the value is its key."""

    SIZE = "int8_size"
    SPEED = "int8_speed"
    LOSS = "int8_loss"
    TRAINING = "qat_gain"
    PRUNING = "pruning_speed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One claim about one variant on one target, with what was measured.

    ``value`` is for ``int8_size`` the size over fp32's, for ``int8_speed`` and
    ``pruning_speed`` how many times as fast, for ``int8_loss`` and ``qat_gain`` the
    accuracy less the control's, as a share. ``low`` and ``high`` are its 95 % interval.
    ``macs_saved`` is the share of the multiply-accumulates that pruning saved.
    """

    claim: Claim
    model: str
    place: str
    evidence: str
    variant: str
    control: str
    verdict: Verdict
    value: float | None
    low: float | None = None
    high: float | None = None
    macs_saved: float | None = None
    reason: str | None = None


def findings(gains: Sequence[Gain]) -> list[Finding]:
    """Return what each claim came to wherever what it speaks of was measured."""
    return [
        finding
        for gain in gains
        for applies, judge in _JUDGES
        if applies(gain)
        for finding in judge(gain)
    ]


def _is_int8(gain: Gain) -> bool:
    return (gain.variant, gain.control) == (INT8, SOURCE)


def _is_trained(gain: Gain) -> bool:
    return gain.kind is Kind.POST_TRAINING


def _is_pruned(gain: Gain) -> bool:
    last = parse_chain(gain.variant)[-1]
    return last.name == "prune" and gain.kind is Kind.PARENT


def _of_int8(gain: Gain) -> list[Finding]:
    return [_size(gain), _speed(gain), _loss(gain)]


def _size(gain: Gain) -> Finding:
    ratio = gain.size_ratio
    verdict = Verdict.UNKNOWN
    if ratio is not None:
        verdict = Verdict.HELD if ratio <= SIZE_SHARE else Verdict.NOT_HELD
    return _finding(Claim.SIZE, gain, verdict, ratio)


def _speed(gain: Gain) -> Finding:
    value, low, high = _speed_up(gain)
    verdict = _judged(low, high, SPEED_UP)
    return _finding(
        Claim.SPEED, gain, verdict, value, low, high, reason=gain.latency.reason
    )


def _loss(gain: Gain) -> Finding:
    if gain.accuracy is None or not _in_points(gain):
        return _finding(Claim.LOSS, gain, Verdict.UNKNOWN, None, reason=_untold(gain))
    low, high = gain_ends(gain.accuracy, gain.metric)
    verdict = _judged(low, high, -LOSS_MAX)
    return _finding(Claim.LOSS, gain, verdict, gain.accuracy.value, low, high)


def _of_training(gain: Gain) -> list[Finding]:
    if gain.accuracy is None or not _in_points(gain):
        why = _untold(gain)
        return [_finding(Claim.TRAINING, gain, Verdict.UNKNOWN, None, reason=why)]
    low, high = gain_ends(gain.accuracy, gain.metric)
    enough = gain.accuracy.seeds >= SEEDS_MIN
    verdict = _judged(low, high, TRAINING_GAIN) if enough else Verdict.UNKNOWN
    few = f"{gain.seeds} of {SEEDS_MIN} seeds" if not enough else None
    value = gain.accuracy.value
    return [_finding(Claim.TRAINING, gain, verdict, value, low, high, reason=few)]


def _of_pruning(gain: Gain) -> list[Finding]:
    value, low, high = _speed_up(gain)
    macs = gain.macs_ratio
    verdict = Verdict.UNKNOWN
    if macs:
        verdict = _judged(low, high, 1 / (macs * (1 + FLOOR)))
    return [
        _finding(
            Claim.PRUNING,
            gain,
            verdict,
            value,
            low,
            high,
            macs_saved=None if macs is None else 1 - macs,
            reason=gain.latency.reason if macs else "its operations cannot be counted",
        )
    ]


def _in_points(gain: Gain) -> bool:
    return bool(gain.metric and gain.metric.startswith("top"))


def _untold(gain: Gain) -> str:
    return gain.accuracy_reason or f"{gain.metric} has no points"


def _speed_up(gain: Gain) -> tuple[float | None, float | None, float | None]:
    """Return how many times as fast, with its interval."""
    found = gain.latency
    if found.ratio is None or found.interval is None:
        return None, None, None
    return 1 / found.ratio, 1 / found.interval.high, 1 / found.interval.low


def _judged(low: float | None, high: float | None, limit: float) -> Verdict:
    """Return whether all of an interval, or nothing of it, reaches the limit."""
    if low is None or high is None:
        return Verdict.UNKNOWN
    if low > limit:
        return Verdict.HELD
    return Verdict.NOT_HELD if high < limit else Verdict.UNKNOWN


def _finding(
    claim: Claim,
    gain: Gain,
    verdict: Verdict,
    value: float | None,
    low: float | None = None,
    high: float | None = None,
    macs_saved: float | None = None,
    reason: str | None = None,
) -> Finding:
    return Finding(
        claim=claim,
        model=gain.model,
        place=gain.place,
        evidence=gain.evidence,
        variant=gain.variant,
        control=gain.control,
        verdict=verdict,
        value=value,
        low=low,
        high=high,
        macs_saved=macs_saved,
        reason=reason,
    )


_JUDGES: tuple[tuple[Callable[[Gain], bool], Callable[[Gain], list[Finding]]], ...] = (
    (_is_int8, _of_int8),
    (_is_trained, _of_training),
    (_is_pruned, _of_pruning),
)
