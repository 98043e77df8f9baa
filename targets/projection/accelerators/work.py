"""What one inference of a model asks of an accelerator, as far as it is told."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from ....harness.values import ModelProfile
from ..profile_file import UNTOLD

PLAIN, SEPARABLE, HYBRID, TRANSFORMER = "plain", "separable", "hybrid", "transformer"
KINDS = (PLAIN, SEPARABLE, HYBRID, TRANSFORMER)
"""Convolutions; depthwise ones too; some attention; mostly products of tokens."""

TRANSFORMER_SHARE = 0.5
HYBRID_SHARE = 0.002
SEPARABLE_SHARE = 0.005
"""Shares of multiply-accumulates from which on a network is of a kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Parameters and multiply-accumulates of one inference, batch 1.

    ``kind`` is one of ``KINDS``, ``elements`` the values of the input; either is None
    where it is not told. ``bits`` are those in which products are computed.
    """

    parameters: int
    macs: int
    kind: str | None = None
    elements: int | None = None
    bits: int | None = None


def work_of(profile: ModelProfile) -> Work | str:
    """Return what a profile asks for, or why that is not known."""
    if not profile.parameters:
        return "how many parameters it has is not known"
    if not profile.macs_total:
        return (
            "how much it computes cannot be counted: a shape in the file is not fixed"
        )
    return Work(
        parameters=profile.parameters,
        macs=profile.macs_total,
        kind=_kind(profile),
        elements=_elements(profile),
        bits=_bits(profile),
    )


def _kind(profile: ModelProfile) -> str | None:
    macs = profile.macs or {}
    if UNTOLD in macs:
        return None
    total = sum(macs.values())
    tokens = macs.get("other", 0)
    if (macs.get("dense", 0) + tokens) / total > TRANSFORMER_SHARE:
        return TRANSFORMER
    if tokens / total > HYBRID_SHARE:
        return HYBRID
    if macs.get("depthwise", 0) / total > SEPARABLE_SHARE:
        return SEPARABLE
    return PLAIN


def _elements(profile: ModelProfile) -> int | None:
    """Return the values of all inputs of one sample; a free first dimension is one."""
    total = 0
    for spec in profile.inputs:
        shape = (1, *spec.shape[1:]) if spec.shape[:1] == (-1,) else spec.shape
        if any(size < 1 for size in shape):
            return None
        total += prod(shape)
    return total or None


def _bits(profile: ModelProfile) -> int | None:
    """Return the wider of weights' and activations' bits, where one is told."""
    told = [profile.weight_bits, profile.activation_bits]
    return max((bits for bits in told if bits is not None), default=None)
