"""Which operators and types TensorFlow Lite Micro runs.

The operators are those of ``python_ops_resolver.cc`` in tflite-micro at commit
90b983c2, which the Python package's interpreter registers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from .structure import Operator, Structure, Subgraph, Tensor

SUPPORTED = frozenset(
    """
    ABS ADD ADD_N ARG_MAX ARG_MIN ASSIGN_VARIABLE AVERAGE_POOL_2D BATCH_MATMUL
    BATCH_TO_SPACE_ND BROADCAST_ARGS BROADCAST_TO CALL_ONCE CAST CEIL CONCATENATION
    CONV_2D COS CUMSUM DEPTHWISE_CONV_2D DEPTH_TO_SPACE DEQUANTIZE DIV
    DYNAMIC_UPDATE_SLICE ELU EMBEDDING_LOOKUP EQUAL EXP EXPAND_DIMS FILL FLOOR
    FLOOR_DIV FLOOR_MOD FULLY_CONNECTED GATHER GATHER_ND GREATER GREATER_EQUAL
    HARD_SWISH IF L2_NORMALIZATION L2_POOL_2D LEAKY_RELU LESS LESS_EQUAL LOG
    LOGICAL_AND LOGICAL_NOT LOGICAL_OR LOGISTIC LOG_SOFTMAX MAXIMUM MAX_POOL_2D MEAN
    MINIMUM MIRROR_PAD MUL NEG NOT_EQUAL PACK PAD PADV2 PRELU QUANTIZE READ_VARIABLE
    REDUCE_ALL REDUCE_MAX REDUCE_MIN RELU RELU6 RESHAPE RESIZE_BILINEAR
    RESIZE_NEAREST_NEIGHBOR REVERSE_V2 ROUND RSQRT SELECT_V2 SHAPE SIN SLICE SOFTMAX
    SPACE_TO_BATCH_ND SPACE_TO_DEPTH SPLIT SPLIT_V SQRT SQUARE SQUARED_DIFFERENCE
    SQUEEZE STRIDED_SLICE SUB SUM SVDF TANH TRANSPOSE TRANSPOSE_CONV
    UNIDIRECTIONAL_SEQUENCE_LSTM UNPACK VAR_HANDLE WHILE ZEROS_LIKE
    CUSTOM:TFLite_Detection_PostProcess CUSTOM:CIRCULAR_BUFFER
    """.split()  # noqa: SIM905 - a list of them is twice as long
)

_FLOATS = ("FLOAT16", "BFLOAT16", "FLOAT32", "FLOAT64")
_BORDERS = ("QUANTIZE", "DEQUANTIZE")
_INT4 = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
_TYPES = {
    *("FLOAT32", "INT32", "UINT32", "UINT8", "INT64", "BOOL", "INT16", "INT8", "INT4"),
    *("RESOURCE", "STRING"),
}
_SHOWN = 6

FLOAT = "operators in float"
DYNAMIC = "shapes that are known only when it runs"
"""How two problems begin, which no other hardware helps."""


def problems(structure: Structure) -> list[str]:
    """Return all that keeps a model from running, each with what would help."""
    found: list[str] = []
    if not structure.subgraphs or not structure.subgraphs[0].operators:
        return ["it has no operators"]
    placed = [(g, operator) for g in structure.subgraphs for operator in g.operators]
    missing = _listed(op.name for _, op in placed if op.name not in SUPPORTED)
    if missing:
        found.append(f"TensorFlow Lite Micro has no operator {missing}")
    floats = _listed(op.name for g, op in placed if _is_float(g, op))
    if floats:
        found.append(f"{FLOAT}: {floats}; quantise weights and activations (int8)")
    packed = _listed(op.name for g, op in placed if _is_packed(g, op))
    if packed:
        found.append(
            f"4-bit weights in {packed}; they run in convolutions, and in dense layers "
            "of one scale, with 8-bit activations; quantise to int8"
        )
    tensors = [tensor for graph in structure.subgraphs for tensor in graph.tensors]
    types = _listed(t.dtype for t in tensors if t.dtype not in _TYPES)
    if types and not floats:
        found.append(f"tensors of a type that it has not: {types}")
    unfilled = _listed(op.name for g in structure.subgraphs for op in _unfilled(g))
    if unfilled:
        found.append(
            f"tensors that nothing fills are read by {unfilled}; export it again"
        )
    if any(tensor.is_dynamic for tensor in tensors):
        found.append(f"{DYNAMIC}; export it with fixed shapes")
    return found


def _unfilled(graph: Subgraph) -> Iterator[Operator]:
    """Yield operators that would read memory as it happens to be."""
    filled = {
        place
        for place, tensor in enumerate(graph.tensors)
        if tensor.is_stored or tensor.is_variable or not tensor.elements
    }
    filled.update(graph.inputs)
    for operator in graph.operators:
        if not filled.issuperset(place for place in operator.inputs if place >= 0):
            yield operator
        filled.update(operator.outputs)


def _is_float(graph: Subgraph, operator: Operator) -> bool:
    if operator.name in _BORDERS:
        return False
    return any(tensor.dtype in _FLOATS for tensor in _tensors(graph, operator))


def _is_packed(graph: Subgraph, operator: Operator) -> bool:
    tensors = list(_tensors(graph, operator))
    if not any(tensor.dtype == "INT4" for tensor in tensors):
        return False
    if operator.name not in _INT4 or tensors[0].dtype != "INT8":
        return True
    return operator.name == "FULLY_CONNECTED" and tensors[1].scales > 1


def _tensors(graph: Subgraph, operator: Operator) -> Iterator[Tensor]:
    for place in (*operator.inputs, *operator.outputs):
        if place >= 0:
            yield graph.tensors[place]


def _listed(names: Iterable[str]) -> str:
    counted = sorted(Counter(names).items())
    shown = [name if n == 1 else f"{name} ({n})" for name, n in counted[:_SHOWN]]
    left = len(counted) - len(shown)
    return ", ".join(shown) + (f" and {left} more" if left else "")
