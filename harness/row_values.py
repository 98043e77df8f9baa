"""How a row tells one value: in its unit, or null with the reason beside it."""

from __future__ import annotations

from typing import Any

from .statistics import Estimate


def known(key: str, value: Any, reason: str) -> dict[str, Any]:
    """Return a value, or None and the reason."""
    return unknown(key, reason) if value is None else {key: value}


def unknown(key: str, reason: str) -> dict[str, Any]:
    """Return None and the reason."""
    return {key: None, f"{key}_reason": reason}


def estimated(key: str, estimate: Estimate, factor: float) -> dict[str, Any]:
    """Return a value and its interval times a factor, or None and the reason."""
    interval = estimate.interval
    if estimate.value is None:
        return unknown(key, estimate.reason or "not known")
    if interval is None:
        return {
            key: estimate.value * factor,
            **unknown(f"{key}_ci95", estimate.reason or "not known"),
        }
    return {
        key: estimate.value * factor,
        f"{key}_ci95": [interval.low * factor, interval.high * factor],
    }


def bound(key: str, estimate: Estimate, factor: float) -> dict[str, Any]:
    """Return a bound, which has no interval of its own, or None and the reason."""
    value = None if estimate.value is None else estimate.value * factor
    return known(key, value, estimate.reason or "not known")
