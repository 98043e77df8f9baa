"""The accounting that is the same for every model format.

A reader turns its file into a ``Graph``; ``profile`` counts. Conventions:

* A parameter is one element of a stored weight, bias or table; scales, zero points,
  shapes and scalars are none. A stored tensor that two operators share counts once.
* A multiply-accumulate is one product of an activation and a weight (or of two
  activations) summed up. Element-wise operators, pooling and softmax have none.
* The peak is the largest sum of live activations at any step of the stored order, each
  in memory of its own: no operator works in place, and workspace is not counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import prod

from ..errors import ModelError
from ..values import ModelProfile, TensorSpec

CLASSES = ("conv", "conv1x1", "depthwise", "dense", "other")
RANK_MAX = 16

BITS = {
    "float64": 64,
    "float32": 32,
    "float16": 16,
    "bfloat16": 16,
    "float8": 8,
    "int64": 64,
    "uint64": 64,
    "int32": 32,
    "uint32": 32,
    "int16": 16,
    "uint16": 16,
    "int8": 8,
    "uint8": 8,
    "bool": 8,
    "int4": 4,
    "uint4": 4,
    "float4": 4,
    "int2": 2,
    "uint2": 2,
    "complex64": 64,
    "complex128": 128,
}
_INDICES = {"int64", "uint64", "int32", "uint32", "bool"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """One value of a graph: ``shape`` is None where unknown, -1 in it a free length."""

    name: str
    dtype: str
    shape: tuple[int, ...] | None
    constant: bool = False
    parameter: bool = False
    scale: float | None = None
    zero_point: int | None = None

    def __post_init__(self) -> None:
        """Refuse shapes that no runtime has.

        Raises:
            ModelError: more than 16 dimensions.
        """
        if self.shape is not None and len(self.shape) > RANK_MAX:
            raise ModelError(
                f"tensor {self.name[:100]!r} has {len(self.shape)} dimensions; "
                f"{RANK_MAX} at most are valid"
            )

    @property
    def elements(self) -> int | None:
        """Return the number of elements, or None where a length is unknown."""
        return None if self.shape is None else elements(self.shape)

    @property
    def size_bytes(self) -> int | None:
        """Return the bytes of the packed elements, or None where unknown."""
        count, bits = self.elements, BITS.get(self.dtype)
        return None if count is None or bits is None else (count * bits + 7) // 8

    @property
    def spec(self) -> TensorSpec:
        """Return the tensor as an input or output of the model."""
        return TensorSpec(
            name=self.name,
            dtype=self.dtype,
            shape=self.shape or (),
            scale=self.scale,
            zero_point=self.zero_point,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One operator: ``macs`` is None where they cannot be known.

    ``live_macs`` and ``live_elements`` (of its first output) leave out channels whose
    weights are all zero (`dead_channels`); None where no reader looked for them.
    ``opaque`` where it stands for many operators whose weights nobody can count.
    """

    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    kind: str = "other"
    macs: int | None = 0
    live_macs: int | None = None
    live_elements: int | None = None
    opaque: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """A model as its file holds it; ``specs`` are inputs and outputs for the caller.

    ``operators`` counts what the file names; ``steps`` may be fewer, where quantise and
    dequantise markers were folded into the tensors between them.
    """

    format: str
    input_specs: tuple[TensorSpec, ...]
    output_specs: tuple[TensorSpec, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    tensors: Mapping[str, Tensor]
    steps: tuple[Step, ...]
    operators: Mapping[str, int]
    external_files: tuple[str, ...] = ()
    """Whether a part of the model lies in files beside it."""


def elements(shape: Sequence[int]) -> int | None:
    """Return the product of the lengths, or None where one is free."""
    return None if any(length < 0 for length in shape) else prod(shape)


def product(*factors: int | None) -> int | None:
    """Return the product, or None where a factor is unknown."""
    known = [factor for factor in factors if factor is not None]
    return prod(known) if len(known) == len(factors) else None


def profile(graph: Graph) -> ModelProfile:
    """Count a graph's parameters, multiply-accumulates, memory and bits."""
    constants = _constants(graph)
    live = [step for step in graph.steps if not constants.issuperset(step.outputs)]
    stored = [tensor for tensor in graph.tensors.values() if tensor.parameter]
    sizes = [tensor.elements for tensor in stored]
    names = {*graph.inputs, *(name for step in live for name in step.outputs)}
    moving = names - constants
    opaque = any(step.opaque for step in graph.steps)
    # A model's ends may be float though it computes in integers between them.
    inner = moving.difference(graph.inputs, graph.outputs) or moving
    return ModelProfile(
        format=graph.format,
        inputs=graph.input_specs,
        outputs=graph.output_specs,
        operators=dict(sorted(graph.operators.items())),
        parameters=None if opaque else sum(s for s in sizes if s is not None),
        macs=_by_class((step.kind, step.macs) for step in live),
        peak_activation_bytes=(None if opaque else _peak_bytes(graph, live, constants)),
        weight_bits=None if opaque else _dominant_bits(stored),
        activation_bits=_dominant_bits(
            tensor
            for tensor in map(graph.tensors.__getitem__, inner)
            if tensor.dtype not in _INDICES
        ),
        external_files=graph.external_files,
        weight_bytes=None if opaque else _weight_bytes(stored),
        output_elements=_by_class(
            (step.kind, graph.tensors[step.outputs[0]].elements)
            for step in live
            if step.outputs
        ),
        live_macs=_by_class((step.kind, step.live_macs) for step in live),
        live_output_elements=_by_class(
            (step.kind, step.live_elements) for step in live
        ),
    )


def _weight_bytes(stored: Iterable[Tensor]) -> int | None:
    sizes = [tensor.size_bytes for tensor in stored]
    known = [size for size in sizes if size is not None]
    return sum(known) if len(known) == len(sizes) else None


def _constants(graph: Graph) -> frozenset[str]:
    """Return what needs no input: stored tensors and all that is made of them alone."""
    names = {tensor.name for tensor in graph.tensors.values() if tensor.constant}
    for step in graph.steps:
        if step.inputs and names.issuperset(step.inputs):
            names.update(step.outputs)
    return frozenset(names)


def _by_class(counts: Iterable[tuple[str, int | None]]) -> dict[str, int] | None:
    totals = dict.fromkeys(CLASSES, 0)
    for kind, count in counts:
        if count is None:
            return None
        totals[kind] += count
    return totals


def _dominant_bits(tensors: Iterable[Tensor]) -> int | None:
    """Return the bits that most elements have; of equals the larger."""
    counts: Counter[int] = Counter()
    for tensor in tensors:
        bits = BITS.get(tensor.dtype)
        if bits is not None and tensor.elements:
            counts[bits] += tensor.elements
    return max(counts, key=lambda bits: (counts[bits], bits)) if counts else None


def _peak_bytes(
    graph: Graph, steps: Sequence[Step], constants: frozenset[str]
) -> int | None:
    first = dict.fromkeys(graph.inputs, 0)
    last = dict.fromkeys(graph.inputs, 0)
    for index, step in enumerate(steps):
        for name in step.outputs:
            first.setdefault(name, index)
        last.update(dict.fromkeys((*step.inputs, *step.outputs), index))
    end = max(len(steps) - 1, 0)
    last.update(dict.fromkeys(graph.outputs, end))
    for name in last.keys() - first.keys():  # state that lives from call to call
        first[name], last[name] = 0, end
    changes = [0] * (len(steps) + 2)
    for name in first.keys() - constants:
        size = graph.tensors[name].size_bytes
        if size is None:
            return None
        changes[first[name]] += size
        changes[last[name] + 1] -= size
    return max(accumulate(changes))
