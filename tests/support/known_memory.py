"""An ONNX model whose memory follows from its numbers: what it must take, by mode.

Three dense layers of ``WIDTH`` x ``WIDTH`` floats hold the weights; after them one
number is spread over ``SPREAD`` floats, an activation of almost 40 MiB. Every large
part is above 32 MiB, from where the C library always asks the kernel for memory of its
own and gives it back at once: nothing hides in a heap that cannot shrink.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

LAYERS = 3
WIDTH = 2912
SPREAD = (10 << 20) - 65536

LAYER_BYTES = 4 * WIDTH * WIDTH
WEIGHT_BYTES = LAYERS * LAYER_BYTES
SPREAD_BYTES = 4 * SPREAD
TABLE_BYTES = 64 * 2**20 // 256 * 8
"""The arena's own table: it takes regions of a power of two, here 64 MiB, and keeps 8
bytes for each 256 of a region."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """A way to load the model, and what it must take above a session of nothing.

    ``steady`` is ``steady_anonymous`` and ``steady_file`` together.
    """

    external: bool
    memory_arena: bool
    prepacking: bool
    loaded: int
    steady_anonymous: int
    steady_file: int
    peak_opening: int
    peak_call: int

    @property
    def settings(self) -> dict[str, bool]:
        """Return the target's options."""
        return {"memory_arena": self.memory_arena, "prepacking": self.prepacking}


IN_ARENA = WEIGHT_BYTES + SPREAD_BYTES + TABLE_BYTES
MODES = {
    # Each layer is copied (out of the file's message, or into the kernels' layout)
    # before its first copy goes: one layer more at the peak. The arena keeps the
    # activation's memory after a call.
    "default": Mode(
        external=False,
        memory_arena=True,
        prepacking=True,
        loaded=WEIGHT_BYTES,
        steady_anonymous=IN_ARENA,
        steady_file=0,
        peak_opening=WEIGHT_BYTES + LAYER_BYTES,
        peak_call=IN_ARENA,
    ),
    # No table, and after a call the activation is given back: only the peak has it.
    "arena off": Mode(
        external=False,
        memory_arena=False,
        prepacking=True,
        loaded=WEIGHT_BYTES,
        steady_anonymous=WEIGHT_BYTES,
        steady_file=0,
        peak_opening=WEIGHT_BYTES + LAYER_BYTES,
        peak_call=WEIGHT_BYTES + SPREAD_BYTES,
    ),
    "prepacking off": Mode(
        external=False,
        memory_arena=True,
        prepacking=False,
        loaded=WEIGHT_BYTES,
        steady_anonymous=IN_ARENA,
        steady_file=0,
        peak_opening=WEIGHT_BYTES + LAYER_BYTES,
        peak_call=IN_ARENA,
    ),
    # The weights' file is mapped layer by layer and unmapped once it is packed.
    "external data": Mode(
        external=True,
        memory_arena=True,
        prepacking=True,
        loaded=WEIGHT_BYTES,
        steady_anonymous=IN_ARENA,
        steady_file=0,
        peak_opening=WEIGHT_BYTES + LAYER_BYTES,
        peak_call=IN_ARENA,
    ),
    # The kernels read the mapped file itself: nothing before the first call, then
    # its pages, which are the file's and not anonymous.
    "external data, prepacking off": Mode(
        external=True,
        memory_arena=True,
        prepacking=False,
        loaded=0,
        steady_anonymous=SPREAD_BYTES + TABLE_BYTES,
        steady_file=WEIGHT_BYTES,
        peak_opening=0,
        peak_call=IN_ARENA,
    ),
}


def write_known(
    path: Path, *, external: bool, width: int = WIDTH, spread: int = SPREAD
) -> Path:
    """Write the model, with its weights in the file or in one beside it."""
    rng = np.random.default_rng(0)
    weights = [
        numpy_helper.from_array(
            rng.standard_normal((width, width), dtype=np.float32) / width, f"w{layer}"
        )
        for layer in range(LAYERS)
    ]
    length = numpy_helper.from_array(np.array([1, spread], np.int64), "length")
    ends = ["input", *(f"h{layer}" for layer in range(LAYERS))]
    dense = [
        helper.make_node("MatMul", [ends[layer], f"w{layer}"], [ends[layer + 1]])
        for layer in range(LAYERS)
    ]
    nodes = [
        *dense,
        helper.make_node("ReduceMax", [ends[-1]], ["top"], axes=[1], keepdims=1),
        helper.make_node("Expand", ["top", "length"], ["wide"]),
        helper.make_node("ReduceMax", ["wide"], ["output"], axes=[1], keepdims=1),
    ]
    graph = helper.make_graph(
        nodes,
        "known",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["n", width])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["n", 1])],
        [*weights, length],
    )
    opset = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=8)
    beside = {
        "save_as_external_data": True,
        "location": f"{path.name}.weights",
        "size_threshold": 512,
    }
    save(model, path, **(beside if external else {}))
    return path
