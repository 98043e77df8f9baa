"""Fold ONNX's quantise and dequantise markers into the tensors between them.

Likewise a rectifier into the tensor that it limits, as other formats hold it anyway. In
a file quantised in the QDQ way every operator computes in float between a pair of
markers; a runtime fuses the pair into the operator, so that what really lies in memory
is the quantised tensor. A marker stays an operator where it really converts: at the
model's own float inputs and outputs, and where a float tensor has other readers too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from .graph import Graph

_QUANTISE = ("QuantizeLinear", "com.microsoft:QuantizeLinear")
_RECTIFY = ("Clip", "Relu")
_DEQUANTISE = ("DequantizeLinear", "com.microsoft:DequantizeLinear")


def fold(graph: Graph) -> Graph:
    """Return the graph without the markers and rectifiers that a runtime fuses."""
    stored_as, fused = _fused(graph)

    def renamed(names: Sequence[str]) -> tuple[str, ...]:
        return tuple(_end(name, stored_as) for name in names)

    steps = tuple(
        replace(step, inputs=renamed(step.inputs), outputs=renamed(step.outputs))
        for index, step in enumerate(graph.steps)
        if index not in fused
    )
    return replace(graph, steps=steps)


def _end(name: str, stored_as: Mapping[str, str]) -> str:
    while name in stored_as:
        name = stored_as[name]
    return name


def _fused(graph: Graph) -> tuple[dict[str, str], set[int]]:
    """Return tensor -> tensor in whose memory it lies, and the fused steps."""
    readers = Counter(name for step in graph.steps for name in step.inputs)
    ends = {*graph.inputs, *graph.outputs}
    stored_as: dict[str, str] = {}
    fused: set[int] = set()
    for index, step in enumerate(graph.steps):
        if not step.inputs or len(step.outputs) != 1:
            continue
        before, after = step.inputs[0], step.outputs[0]
        if step.operator in _RECTIFY and readers[before] == 1:
            # It may limit a quantised tensor as well as a float one.
            before = _end(before, stored_as)
        if step.operator in _DEQUANTISE and after not in ends:
            stored_as[after] = before
            fused.add(index)
        elif (
            step.operator in _QUANTISE + _RECTIFY
            and readers[before] == 1
            and before not in ends
            and before not in stored_as
            and not graph.tensors[before].constant
        ):
            stored_as[before] = after
            fused.add(index)
    return stored_as, fused
