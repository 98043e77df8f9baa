"""A network's weights outside of it: read from its ONNX file, kept in a .npz file.

Weights may have other shapes than the network was made with, as after pruning: its
layers then take those shapes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..harness.errors import ModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import nn

    Weights = Mapping[str, NDArray[Any]]

_PREFIX = "network."


def of_onnx(path: Path) -> Weights:
    """Return the weights in a file that ``export_onnx`` wrote, by parameter's name.

    Raises:
        ModelError: it is no such file.
    """
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(path).graph
    stored = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    found = {
        name.removeprefix(_PREFIX): array
        for name, array in stored.items()
        if name.startswith(_PREFIX)
    }
    # A dense layer over more than two dimensions is a product and a sum. The exporter
    # transposes its matrix, which then loses its name; the bias keeps it.
    makers = {output: node for node in graph.node for output in node.output}
    for node in graph.node:
        if node.op_type != "Add":
            continue
        product = next((makers[i] for i in node.input if i in makers), None)
        bias = next((i for i in node.input if i.endswith(".bias")), None)
        if bias is None or bias not in stored:
            continue
        if product is not None and product.op_type == "MatMul":
            name = bias.removeprefix(_PREFIX).removesuffix("bias") + "weight"
            found[name] = stored[product.input[1]].T
    if not found:
        raise ModelError(
            f"{str(path)!r}: holds no weights under names that tierbench gives; "
            "export it with tierbench"
        )
    return found


def of_network(net: nn.Module) -> Weights:
    """Return copies of all weights of a network, by parameter's name."""
    return {
        name: parameter.detach().numpy().copy()
        for name, parameter in net.named_parameters()
    }


def not_finite(weights: Weights) -> list[str]:
    """Return the names of the parameters that hold NaN or infinity."""
    import numpy as np

    return [name for name, array in weights.items() if not np.isfinite(array).all()]


def save(weights: Weights, path: Path) -> None:
    """Write weights as .npz, equal bytes for equal weights."""
    import numpy as np

    arrays: dict[str, Any] = dict(sorted(weights.items()))
    np.savez(path, **arrays)


def read(path: Path) -> Weights:
    """Read what ``save`` wrote."""
    import numpy as np

    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def load(net: nn.Module, weights: Weights) -> nn.Module:
    """Put weights into a network, whose layers take on their shapes; return it.

    Raises:
        ModelError: names of weights and of the network's parameters differ.
    """
    import numpy as np
    import torch

    names = {name for name, _ in net.named_parameters()}
    if unlike := sorted(names.symmetric_difference(weights)):
        raise ModelError(
            f"weights and network differ in {', '.join(unlike[:5])!r} and "
            f"{len(unlike)} parameters in all; give weights of this network"
        )
    for place, module in net.named_modules():
        for name, old in list(module.named_parameters(recurse=False)):
            array = weights[f"{place}.{name}" if place else name]
            new = torch.from_numpy(np.array(array, order="C"))
            setattr(module, name, torch.nn.Parameter(new.to(old.dtype)))
        _take_shape(module)
    return net


def _take_shape(module: nn.Module) -> None:
    """Tell a layer how many channels its weights are for."""
    from torch import nn

    if isinstance(module, nn.Linear):
        module.out_features, module.in_features = module.weight.shape
    elif isinstance(module, nn.Conv2d):
        outputs, inputs = module.weight.shape[:2]
        if module.groups > 1:
            # Depthwise: every channel is a group of its own.
            module.groups = outputs // (module.out_channels // module.groups)
        module.out_channels, module.in_channels = outputs, inputs * module.groups
