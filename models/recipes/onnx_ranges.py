"""The ranges of an ONNX file's activations over calibration samples.

The extremes of a tensor are found inside the graph, and its sum beside them: ONNX
Runtime's minimum and maximum pass over most NaN, its sum over none. The other methods
are those of ONNX Runtime's histograms, filled portion by portion, so that memory does
not grow with the number of samples.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from typing import Any

from ...harness.errors import ModelError

_LEVELS = 255
_PERCENTILE = 99.999
_MARK = "/tierbench/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """How ranges are found; ``name`` is ONNX Runtime's, ``told`` the lineage's.

    ``bins`` are those of the first portion's histogram, which grows with the range.
    """

    name: str
    told: str
    bins: int = 0


MIN_MAX = Method(name="MinMax", told="minimum and maximum")
ENTROPY = Method(
    name="Entropy",
    told=f"least Kullback-Leibler divergence of {_LEVELS} levels from 512 bins",
    bins=512,  # the search takes time with their square: 2,048 took a minute a model
)
PERCENTILE = Method(
    name="Percentile",
    told=f"the middle {_PERCENTILE} % of a histogram of 2,048 bins",
    bins=2048,
)


def ranges(
    model: Any,
    portions: Iterator[Mapping[str, Any]],
    types: Sequence[str],
    method: Method = MIN_MAX,
) -> Any:
    """Return the ranges of all that operators of these types read and make.

    Args:
        model: its tensors' shapes are known.
        portions: samples as the model takes them.
        types: of the operators that will be quantised.
        method: how ranges are found.

    Raises:
        ModelError: an activation is not finite.
    """
    from onnxruntime.quantization.calibrate import CalibrationMethod, TensorsData

    names = _activations(model, types)
    find = _extremes if method is MIN_MAX else _histograms
    found = find(model, names, portions, method)
    return TensorsData(CalibrationMethod[method.name], found)


def _activations(model: Any, types: Sequence[str]) -> list[str]:
    """Return the float tensors, not stored ones, that such operators read or make."""
    from onnx import TensorProto

    graph = model.graph
    stored = {tensor.name for tensor in graph.initializer}
    floats = {
        value.name
        for value in (*graph.value_info, *graph.input, *graph.output)
        if value.type.tensor_type.elem_type == TensorProto.FLOAT
    }
    ends = (
        name
        for node in graph.node
        if node.op_type in types
        for name in (*node.input, *node.output)
    )
    return [n for n in dict.fromkeys(ends) if n in floats and n not in stored]


def _extremes(
    model: Any, names: list[str], portions: Iterator[Mapping[str, Any]], _: Method
) -> dict[str, tuple[Any, Any]]:
    from onnx import helper

    kinds = ("ReduceMin", "ReduceMax", "ReduceSum")
    nodes = [
        helper.make_node(kind, [name], [f"{name}{_MARK}{kind}"], keepdims=0)
        for name in names
        for kind in kinds
    ]
    asked = [node.output[0] for node in nodes]
    found: dict[str, tuple[Any, Any]] = {}
    for values in _runs(model, nodes, asked, portions):
        for index, name in enumerate(names):
            low, high, total = values[3 * index : 3 * index + 3]
            _check(name, low, high, total)
            old = found.get(name, (low, high))
            found[name] = (min(old[0], low), max(old[1], high))
    return found


def _histograms(
    model: Any, names: list[str], portions: Iterator[Mapping[str, Any]], method: Method
) -> Any:
    from onnx import helper
    from onnxruntime.quantization.calibrate import HistogramCollector

    collector = HistogramCollector(
        method=method.name.lower(),
        symmetric=False,
        num_bins=method.bins,
        num_quantized_bins=_LEVELS,
        percentile=_PERCENTILE,
        scenario="same",
    )
    # Copies: a graph's input cannot be its output in every version of the runtime.
    nodes = [helper.make_node("Identity", [name], [f"{name}{_MARK}"]) for name in names]
    asked = [node.output[0] for node in nodes]
    with redirect_stdout(StringIO()):  # it tells of every step
        for values in _runs(model, nodes, asked, portions):
            for name, value in zip(names, values, strict=True):
                _check(name, value.min(), value.max())
            collector.collect(dict(zip(names, values, strict=True)))
        return collector.compute_collection_result()


def _runs(
    model: Any,
    nodes: list[Any],
    asked: list[str],
    portions: Iterator[Mapping[str, Any]],
) -> Iterator[list[Any]]:
    """Yield what the model, with nodes added, gives for each portion."""
    import onnx
    import onnxruntime

    longer = onnx.ModelProto()
    longer.CopyFrom(model)
    longer.graph.node.extend(nodes)
    float32 = onnx.TensorProto.FLOAT
    longer.graph.output.extend(
        onnx.helper.make_tensor_value_info(name, float32, None) for name in asked
    )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.graph_optimization_level = level
    session = onnxruntime.InferenceSession(
        longer.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    for portion in portions:
        yield session.run(asked, portion)


def _check(name: str, *values: Any) -> None:
    import numpy as np

    if not np.isfinite(values).all():
        raise ModelError(
            f"its activation {name!r} is not finite over the calibration samples, so "
            "it has no range; find the operator that divides by zero or overflows"
        )
