"""Multiply-accumulates that matter: channels whose weights are all zero do not.

An output channel whose stored weights are all zero gives its bias whatever comes in,
and what the next operator makes of it is a constant too. An engine may drop both; that
one does so is its own property, and not told here. At a padded edge a constant other
than the zero point is seen beside padding: it counts as dead all the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .graph import Step, Tensor

Channels = NDArray[np.bool_]
"""For each channel of a tensor's last axis, whether it is dead."""

PASSING = {"AVERAGE_POOL_2D", "LEAKY_RELU", "MAX_POOL_2D", "QUANTIZE", "RELU", "RELU6"}
JOINING = {"ADD", "SUB", "MAXIMUM", "MINIMUM"}


def with_live(
    steps: Sequence[Step],
    tensors: Mapping[str, Tensor],
    zero_rows: Mapping[str, Channels],
) -> list[Step]:
    """Return the steps of one graph with their live multiply-accumulates and outputs.

    ``zero_rows`` tells of each stored weight which output channels are all zero.
    """
    dead: dict[str, Channels] = {}
    return [_live(step, tensors, zero_rows, dead) for step in steps]


def _live(
    step: Step,
    tensors: Mapping[str, Tensor],
    zero_rows: Mapping[str, Channels],
    dead: dict[str, Channels],
) -> Step:
    elements = tensors[step.outputs[0]].elements if step.outputs else 0
    count = replace(step, live_macs=step.macs, live_elements=elements)
    if step.operator in PASSING or step.operator in JOINING:
        found = [dead[name] for name in step.inputs if name in dead]
        if len(found) == len(step.inputs) and len({len(one) for one in found}) == 1:
            dead[step.outputs[0]] = np.logical_and.reduce(found)
        return count
    rows = zero_rows.get(step.inputs[1]) if len(step.inputs) > 1 else None
    if rows is None or not step.macs or not elements or not len(rows):
        return count
    inputs = dead.get(step.inputs[0])
    if step.operator == "DEPTHWISE_CONV_2D":
        if inputs is not None and len(rows) % len(inputs) == 0:
            rows = rows | np.repeat(inputs, len(rows) // len(inputs))
        inputs = None
    depth = (tensors[step.inputs[1]].shape or (0,))[-1]
    if inputs is not None and len(inputs) != depth:
        inputs = None  # flattened or grouped on the way
    dead[step.outputs[0]] = rows
    alive = int(np.count_nonzero(~rows))
    macs = step.macs // len(rows) * alive
    if inputs is not None:
        macs = macs // len(inputs) * int(np.count_nonzero(~inputs))
    return replace(count, live_macs=macs, live_elements=elements // len(rows) * alive)
