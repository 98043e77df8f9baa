"""Rewrite an ONNX file so that it computes the same, only slower: a gate must fail."""

import sys
from itertools import pairwise

import numpy as np
import onnx
from onnx import helper, numpy_helper

DETOUR = 60
"""Operators that the input passes through before it is added to itself, times zero."""


def slow_down(path: str) -> None:
    """Send the input on a detour whose result counts for nothing."""
    model = onnx.load(path)
    graph = model.graph
    name = graph.input[0].name
    for node in graph.node:
        for index, read in enumerate(node.input):
            if read == name:
                node.input[index] = "delayed"
    steps = [name, *(f"detour{step}" for step in range(DETOUR))]
    detour = [
        helper.make_node("Sin", [before], [after]) for before, after in pairwise(steps)
    ]
    detour.append(helper.make_node("Mul", [steps[-1], "nothing"], ["zeros"]))
    detour.append(helper.make_node("Add", [name, "zeros"], ["delayed"]))
    graph.initializer.append(numpy_helper.from_array(np.zeros((), "f4"), "nothing"))
    nodes = [*detour, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.save(model, path)


if __name__ == "__main__":
    slow_down(sys.argv[1])
