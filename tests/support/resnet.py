"""A residual network of the size of ResNet-18, from seeded weights."""

from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

CLASSES = 1000
STAGES = ((64, 1), (128, 2), (256, 2), (512, 2))
"""Channels and first stride of the stages, of two blocks each."""


class _Net:
    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self.nodes: list = []
        self.weights: list = []

    def add(self, kind: str, *inputs: str, **attributes) -> str:
        out = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, [*inputs], [out], **attributes))
        return out

    def weight(self, *shape: int, gain: float = 2.0) -> str:
        """Return weights that keep the variance, and a small bias's place if flat."""
        deviation = np.sqrt(gain / np.prod(shape[1:])) if len(shape) > 1 else 0.01
        values = (deviation * self._rng.standard_normal(shape)).astype(np.float32)
        self.weights.append(numpy_helper.from_array(values, f"w{len(self.weights)}"))
        return self.weights[-1].name

    def conv(
        self, x: str, inside: int, out: int, size: int, stride: int, **more
    ) -> str:
        kernel = self.weight(out, inside, size, size, **more)
        half = size // 2
        return self.add("Conv", x, kernel, self.weight(out), kernel_shape=[size] * 2,
                        strides=[stride] * 2, pads=[half] * 4)  # fmt: skip

    def block(self, x: str, inside: int, out: int, stride: int) -> str:
        """Add a block of two convolutions; halved variances keep the sum's."""
        y = self.add("Relu", self.conv(x, inside, out, 3, stride))
        y = self.conv(y, out, out, 3, 1, gain=1.0)
        if stride > 1 or inside != out:
            x = self.conv(x, inside, out, 1, stride, gain=0.5)
        return self.add("Relu", self.add("Add", y, x))


def write_resnet(path: Path, size: int = 224, seed: int = 18) -> Path:
    """Write the network with a free batch: 11.7 million weights, 45 MB."""
    net = _Net(seed)
    x = net.add("Relu", net.conv("x", 3, 64, 7, 2))
    x = net.add("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    inside = 64
    for channels, stride in STAGES:
        x = net.block(x, inside, channels, stride)
        x = net.block(x, channels, channels, 1)
        inside = channels
    x = net.add("Flatten", net.add("GlobalAveragePool", x))
    bias, dense = net.weight(CLASSES), net.weight(CLASSES, inside, gain=1.0)
    net.nodes.append(helper.make_node("Gemm", [x, dense, bias], ["y"], transB=1))
    graph = helper.make_graph(
        net.nodes,
        "resnet",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, size, size])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", CLASSES])],
        net.weights,
    )
    opset = [helper.make_opsetid("", 17)]
    save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)
    return path
