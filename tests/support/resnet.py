"""A network of ResNet-18's shape with drawn weights: as much work, nothing learnt."""

from pathlib import Path

import numpy as np
from onnx import NodeProto, TensorProto, helper, numpy_helper, save

STAGES = (2, 2, 2, 2)


class _Network:
    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []

    def add(self, kind: str, inputs: list[str], **attributes: object) -> str:
        """Append an operator and return its output's name."""
        name = f"{kind.lower()}_{len(self.nodes)}"
        node = helper.make_node(kind, inputs, [name], name=f"node_{name}", **attributes)
        self.nodes.append(node)
        return name

    def constant(self, values: np.ndarray) -> str:
        """Store float32 values and return their name."""
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(values.astype(np.float32), name))
        return name

    def conv(
        self, x: str, before: int, after: int, size: int, stride: int, gain: float = 2.0
    ) -> str:
        """Append a convolution, its normalisation folded into it."""
        spread = np.sqrt(gain / (before * size * size))
        weights = self._rng.normal(0, spread, (after, before, size, size))
        bias = self._rng.normal(0, 0.05, after)
        pad = [size // 2] * 4
        inputs = [x, self.constant(weights), self.constant(bias)]
        shape = {"kernel_shape": [size, size], "strides": [stride, stride]}
        return self.add("Conv", inputs, pads=pad, **shape)

    def block(self, x: str, before: int, after: int, stride: int) -> str:
        """Append two convolutions and the way around them."""
        y = self.add("Relu", [self.conv(x, before, after, 3, stride)])
        y = self.conv(y, after, after, 3, 1, gain=0.5)
        if stride != 1 or before != after:
            x = self.conv(x, before, after, 1, stride, gain=1.0)
        return self.add("Relu", [self.add("Add", [x, y])])

    def dense(self, x: str, before: int, after: int) -> str:
        """Append the classifier."""
        weights = self._rng.normal(0, np.sqrt(1 / before), (before, after))
        inputs = [x, self.constant(weights), self.constant(np.zeros(after))]
        return self.add("Gemm", inputs)


def write_resnet(
    path: Path, image: int = 224, width: int = 64, classes: int = 1000, seed: int = 7
) -> Path:
    """Write the network in ONNX, from ``input`` [n, 3, image, image] to logits.

    Args:
        path: the file; some 47 MB where the width is 64.
        image: height and width of the input.
        width: channels of the first stage; those of ResNet-18 are 64.
        classes: logits of a sample.
        seed: of the weights.
    """
    network = _Network(seed)
    x = network.add("Relu", [network.conv("input", 3, width, 7, 2)])
    pool = {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}
    x = network.add("MaxPool", [x], **pool)
    before = width
    for stage, blocks in enumerate(STAGES):
        after = width << stage
        for number in range(blocks):
            x = network.block(x, before, after, 2 if stage and not number else 1)
            before = after
    x = network.add("GlobalAveragePool", [x])
    x = network.dense(network.add("Flatten", [x]), before, classes)
    network.add("Identity", [x])
    network.nodes[-1].output[0] = "logits"
    shapes = (("input", ["n", 3, image, image]), ("logits", ["n", classes]))
    tensors = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in shapes
    ]
    graph = helper.make_graph(
        network.nodes, "resnet", tensors[:1], tensors[1:], network.constants
    )
    opset = [helper.make_opsetid("", 17)]
    save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)
    return path
