"""What one inference of a model file asks of a core, and whether it can be priced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...harness.values import ModelProfile

PARTS = ("gemm", "depthwise", "outputs", "dense")
"""What cycles are spent on; the first has the price 1, which the others go by."""

_GEMM = ("conv", "conv1x1")
_WEIGHTED = (*_GEMM, "depthwise", "dense")
_OPERATORS = {
    "ADD",
    "AVERAGE_POOL_2D",
    "CONCATENATION",
    "CONV_2D",
    "DEPTHWISE_CONV_2D",
    "DEQUANTIZE",
    "FULLY_CONNECTED",
    "HARD_SWISH",
    "LEAKY_RELU",
    "LOGISTIC",
    "MAX_POOL_2D",
    "MEAN",
    "MUL",
    "PAD",
    "QUANTIZE",
    "RELU",
    "RELU6",
    "RESHAPE",
    "RESIZE_NEAREST_NEIGHBOR",
    "SOFTMAX",
    "SQUEEZE",
    "STRIDED_SLICE",
    "SUB",
}
"""Those of the fitted models, and others that only move or scale what these compute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Multiply-accumulates by kind and outputs of operators with weights, one sample.

    ``gemm`` are those of convolutions that are matrix products, ``dense`` those of
    fully connected layers, each of which also loads a weight.
    """

    gemm: int
    depthwise: int
    outputs: int
    dense: int

    @property
    def macs(self) -> int:
        """Return all multiply-accumulates."""
        return self.gemm + self.depthwise + self.dense


@dataclass(frozen=True, slots=True, kw_only=True)
class Works:
    """All that a file asks for, and what is left without its dead channels."""

    all: Work
    live: Work


def work_of(profile: ModelProfile) -> Works | str:
    """Return what a profile asks for, or the reason why it has no price."""
    if reason := _refusal(profile):
        return reason
    macs, elements = profile.macs, profile.output_elements
    if not macs or not elements:
        return (
            "how much it computes cannot be counted: a shape in the file is not fixed"
        )
    live_macs, live_elements = profile.live_macs, profile.live_output_elements
    whole = _work(macs, elements)
    if live_macs is None or live_elements is None:
        return Works(all=whole, live=whole)
    live = _work(live_macs, live_elements)
    if not live.macs:
        return "all its weights are zero, or it has none: nothing of it has a price"
    return Works(all=whole, live=live)


def _work(macs: Mapping[str, int], elements: Mapping[str, int]) -> Work:
    return Work(
        gemm=sum(macs[kind] for kind in _GEMM),
        depthwise=macs["depthwise"],
        outputs=sum(elements[kind] for kind in _WEIGHTED),
        dense=macs["dense"],
    )


def _refusal(profile: ModelProfile) -> str | None:
    if profile.format != "tflite":
        return f"it is {profile.format}; what was published ran .tflite files"
    if profile.weight_bits != 8 or profile.activation_bits != 8:
        return (
            f"its weights have {profile.weight_bits} bits and its activations "
            f"{profile.activation_bits}; only int8 models were published: quantise it"
        )
    if strange := sorted(profile.operators.keys() - _OPERATORS):
        return f"no published model has {', '.join(strange)}: there is no price for it"
    if profile.macs is not None and profile.macs["other"]:
        return "it multiplies in operators that no published model has"
    return None
