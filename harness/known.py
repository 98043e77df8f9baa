"""Keys of a result row: a value, or None beside the reason."""

from __future__ import annotations

from typing import Any

from .statistics import Estimate


def estimate(key: str, found: Estimate, factor: float) -> dict[str, Any]:
    """Return a value and its interval, or None and the reason."""
    interval = found.interval
    if found.value is None:
        return unknown(key, found.reason or "not known")
    if interval is None:
        return {
            key: found.value * factor,
            **unknown(f"{key}_ci95", found.reason or "not known"),
        }
    return {
        key: found.value * factor,
        f"{key}_ci95": [interval.low * factor, interval.high * factor],
    }


def known(key: str, value: Any, reason: str) -> dict[str, Any]:
    """Return a value, or None and the reason."""
    return unknown(key, reason) if value is None else {key: value}


def unknown(key: str, reason: str) -> dict[str, Any]:
    """Return None and the reason."""
    return {key: None, f"{key}_reason": reason}
