"""Where an axis begins and ends, and which of its values are named."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .digits import UNITS, byte_size, fixed

_MARGIN = 0.09
_BEYOND = 3.0
"""How far an interval may stretch a logarithmic axis past the values on it."""

_ALIKE = 1e-6
"""Values whose ratio differs less from one stand on one spot of an axis."""

_STEPS = ((1.0,), (1.0, 3.0), (1.0, 2.0, 5.0), (1.0, 1.5, 2.0, 3.0, 5.0, 7.0))
_TICKS_MIN, _TICKS_MAX = 3, 7
_BYTE_TICKS_MAX = 5
"""Fewer, as their labels are longer."""

_WRITTEN_OUT = 1e-5
"""Smaller ticks are written with a power of ten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """An axis from ``low`` to ``high`` with the text at each tick."""

    low: float
    high: float
    ticks: tuple[float, ...]
    labels: tuple[str, ...]


def linear(values: Sequence[float], ends: Sequence[float]) -> Scale:
    """Return a scale that shows all values and the ends of their intervals."""
    inside = [*values, *ends]
    low, high = min(inside), max(inside)
    largest = max(abs(low), abs(high))
    apart = high - low > largest * _ALIKE
    margin = (high - low) * _MARGIN if apart else largest * 0.1 or 1.0
    low, high = low - margin, high + margin
    ticks = _even(low, high)
    return Scale(low=low, high=high, ticks=ticks, labels=_texts(ticks))


def logarithmic(
    values: Sequence[float], ends: Sequence[float], *, in_bytes: bool = False
) -> Scale:
    """Return a scale for values above zero on which equal distances are equal ratios.

    Ends of intervals count unless they lie more than a factor of three outside.
    """
    least, most = min(values) / _BEYOND, max(values) * _BEYOND
    inside = [*values, *(min(most, max(least, end)) for end in ends)]
    low, high = min(inside), max(inside)
    factor = (high / low) ** _MARGIN if high > low * (1 + _ALIKE) else 1.1
    low, high = low / factor, high * factor
    ticks = _byte_ticks(low, high) if in_bytes else _ratio_ticks(low, high)
    labels = _byte_texts(ticks) if in_bytes else _texts(ticks)
    return Scale(low=low, high=high, ticks=ticks, labels=labels)


def _ratio_ticks(low: float, high: float) -> tuple[float, ...]:
    """Return round values, as 1, 2, 5, 10; evenly spaced ones where these are few."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return _best_fit(
        low,
        high,
        [[float(f"{m}e{e}") for e in decades for m in steps] for steps in _STEPS],
        _even,
        _TICKS_MAX,
    )


def _byte_ticks(low: float, high: float) -> tuple[float, ...]:
    """Return powers of two; evenly spaced multiples of one where these are few."""
    exponents = range(math.floor(math.log2(low)), math.ceil(math.log2(high)) + 1)

    def even(low: float, high: float) -> tuple[float, ...]:
        unit = 1024.0 ** min(3, max(0, math.floor(math.log2(high) / 10)))
        return tuple(unit * tick for tick in _even(low / unit, high / unit, steps=3))

    choices = [[2.0**e for e in exponents if e % every == 0] for every in (4, 2, 1)]
    return _best_fit(low, high, choices, even, _BYTE_TICKS_MAX)


def _best_fit(
    low: float,
    high: float,
    choices: Sequence[Sequence[float]],
    even: Callable[[float, float], tuple[float, ...]],
    most: int,
) -> tuple[float, ...]:
    """Return the choice with most ticks that are not too many, else even ones.

    The choices come with the fewest ticks first; of too many every other stays.
    """
    shown = [[tick for tick in ticks if low <= tick <= high] for ticks in choices]
    if len(shown[0]) > most:
        return tuple(shown[0][:: math.ceil(len(shown[0]) / most)])
    fit = [ticks for ticks in shown if len(ticks) <= most]
    return tuple(fit[-1]) if len(fit[-1]) >= _TICKS_MIN else even(low, high)


def _even(low: float, high: float, steps: int = 5) -> tuple[float, ...]:
    """Return so many multiples, or so, of 1, 2, 2.5 or 5 times a power of ten."""
    rough = (high - low) / steps
    power = 10.0 ** math.floor(math.log10(rough))
    sizes = (1.0, 2.0, 2.5, 5.0, 10.0)
    step = next(power * size for size in sizes if power * size >= rough * 0.99)
    first, last = math.ceil(low / step), math.floor(high / step)
    places = max(0, 2 - math.floor(math.log10(step)))
    return tuple(round(step * count, places) for count in range(first, last + 1))


def _texts(ticks: Sequence[float]) -> tuple[str, ...]:
    """Return the ticks as text, alike in decimals where they are alike in size."""
    places = [_decimals(tick) for tick in ticks]
    if ticks and max(map(abs, ticks)) < 10 * min(map(abs, ticks)):
        places = [max(places)] * len(ticks)
    return tuple(map(_text, ticks, places))


def _byte_texts(ticks: Sequence[float]) -> tuple[str, ...]:
    units = [byte_size(tick).rpartition(" ")[2] for tick in ticks]
    sizes = [tick / UNITS[unit] for tick, unit in zip(ticks, units, strict=True)]
    texts = map(_text, sizes, map(_decimals, sizes))
    return tuple(f"{text} {unit}" for text, unit in zip(texts, units, strict=True))


def _text(tick: float, decimals: int) -> str:
    return f"{tick:g}" if 0 < abs(tick) < _WRITTEN_OUT else fixed(tick, decimals)


def _decimals(tick: float) -> int:
    return next((n for n in range(9) if math.isclose(round(tick, n), tick)), 9)
