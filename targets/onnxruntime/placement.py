"""Which provider of ONNX Runtime takes which operators of a model.

The runtime records it while it loads a model, where the session entry
``session.record_ep_graph_assignment_info`` asks for it (``onnxruntime`` 1.24 or later).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import onnxruntime as ort

from ...harness.device.session import SessionError

Placement = Mapping[str, Mapping[str, int]]
"""How many operators of each type a provider has, by provider."""

RECORD = "session.record_ep_graph_assignment_info"
MARKERS = ("QuantizeLinear", "DequantizeLinear")
"""They tell an operator's integers, and are one with it where it has them."""


def placement(session: ort.InferenceSession) -> Placement:
    """Return what a session whose settings say ``RECORD`` runs where.

    Raises:
        SessionError: this version of the runtime cannot tell.
    """
    ask = getattr(session, "get_provider_graph_assignment_info", None)
    if ask is None:
        raise SessionError(
            f"onnxruntime {ort.__version__} does not tell which provider runs what; "
            "install 1.24 or later"
        )
    found: dict[str, Counter[str]] = {}
    for part in ask():
        counts = found.setdefault(str(part.ep_name), Counter())
        counts.update(str(node.op_type) for node in part.get_nodes())
    return found


def share_of(placed: Placement, provider: str) -> float | None:
    """Return the provider's share of the operators, markers left out; None of none."""
    counts = {name: _operators(own) for name, own in placed.items()}
    total = sum(counts.values())
    return counts.get(provider, 0) / total if total else None


def elsewhere(placed: Placement, provider: str) -> str:
    """Return what other providers run, for people; empty where that is nothing."""
    parts = [
        f"{number} {kind} on {name}"
        for name, own in sorted(placed.items())
        if name != provider
        for kind, number in sorted(own.items())
    ]
    return ", ".join(parts)


def computing_in_integers(placed: Placement, provider: str) -> bool:
    """Return whether markers of integers are among what a provider has."""
    return any(kind in MARKERS for kind in placed.get(provider, ()))


def _operators(counts: Mapping[str, int]) -> int:
    return sum(number for kind, number in counts.items() if kind not in MARKERS)


def told(placed: Placement) -> dict[str, Any]:
    """Return a placement as JSON values."""
    return {name: dict(sorted(own.items())) for name, own in sorted(placed.items())}
