"""Free the batch of a TFLite graph, so that a runtime can resize it."""

from __future__ import annotations

from typing import Any

import numpy as np


def free_batch(model: Any, traced: int) -> None:
    """Turn a graph that was traced with several samples into one that takes any number.

    Every reshape holds its result's shape as a constant, the batch included. It becomes
    -1, "what is left", and the file's own batch one. The graph must have been traced
    with a number of samples that divides no other size in it.

    Args:
        model: the file as flatbuffer_utils reads it, changed in place.
        traced: the number of samples in the trace.
    """
    from ai_edge_litert.schema_py_generated import BuiltinOperator

    (graph,) = model.subgraphs
    for tensor in graph.tensors:
        if not _stored(model, tensor):
            shape = np.array(tensor.shape, np.int32)
            tensor.shape = np.where(shape % traced == 0, shape // traced, shape)
    for operator in graph.operators:
        code = model.operatorCodes[operator.opcodeIndex].builtinCode
        if code != BuiltinOperator.RESHAPE:
            continue
        # The shape stands twice; runtimes want but one of them.
        operator.builtinOptions, operator.builtinOptionsType = None, 0
        buffer = model.buffers[graph.tensors[operator.inputs[1]].buffer]
        shape = np.frombuffer(bytes(buffer.data), "<i4")
        freed = np.where(shape % traced == 0, -1, shape).astype("<i4")
        buffer.data = np.frombuffer(freed.tobytes(), np.uint8)


def _stored(model: Any, tensor: Any) -> bool:
    """Tell whether a tensor's values stand in the file, as weights do."""
    data = model.buffers[tensor.buffer].data
    return data is not None and len(data) > 0
