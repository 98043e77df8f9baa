"""Read an ONNX file: weights stored beside it are located, never loaded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import ModelError
from .graph import Graph, Step, Tensor
from .onnx_fold import fold
from .onnx_macs import count
from .onnx_shapes import dtype_of, infer, shape_of

_SCALED = ("QuantizeLinear", "DequantizeLinear")
_INTEGER_WEIGHTS = {
    "ConvInteger": (1,),
    "DequantizeLinear": (0,),
    "MatMulInteger": (1,),
    "MatMulNBits": (1,),
    "QLinearConv": (3, 8),
    "QLinearMatMul": (3,),
}
_FLOAT_SETTINGS = {
    "Clip": (1, 2),
    "DequantizeLinear": (1,),
    "Dropout": (1,),
    "MatMulNBits": (2,),
    "Pad": (2,),
    "QLinearConv": (1, 4, 6),
    "QLinearMatMul": (1, 4, 6),
    "QuantizeLinear": (1,),
    "Resize": (1, 2),
}


def read(path: Path) -> Graph:
    """Return the graph of an ONNX file; a free batch dimension counts as one sample.

    Raises:
        ModelError: the content cannot be, or data stored beside it are missing.
    """
    import onnx

    model = onnx.load(str(path), load_external_data=False)
    if model.ir_version < 1 or not model.graph.node or not model.graph.output:
        raise ModelError(
            f"its content is not an ONNX model: IR version {model.ir_version!r}, "
            f"{len(model.graph.node)} operators, {len(model.graph.output)} outputs"
        )
    external = _external_files(model, path.parent)
    if model.functions:
        import onnx.inliner

        model = onnx.inliner.inline_local_functions(model)
    _check_order(model.graph)
    return replace(_graph(model), external_files=external)


def _graph(model: Any) -> Graph:
    main = model.graph
    stored = {tensor.name for tensor in main.initializer}
    inputs = [value for value in main.input if value.name not in stored]
    known = infer(model, {value.name for value in inputs})
    tensors = {**known, **_constants(main)}
    steps = []
    for node in main.node:
        kind, macs = count(node, tensors)
        steps.append(
            Step(
                operator=_operator(node),
                inputs=tuple(dict.fromkeys(_reads(node))),
                outputs=tuple(name for name in node.output if name),
                kind=kind,
                macs=macs,
            )
        )
    for step in steps:
        for name in step.outputs:
            tensors.setdefault(name, Tensor(name=name, dtype="unknown", shape=None))
    tensors = _mark_parameters(main, tensors)
    ends = _quantised_ends(main)
    graph = Graph(
        format="onnx",
        input_specs=tuple(_declared(value, tensors, ends).spec for value in inputs),
        output_specs=tuple(
            _declared(value, tensors, ends).spec for value in main.output
        ),
        inputs=tuple(value.name for value in inputs),
        outputs=tuple(value.name for value in main.output),
        tensors=tensors,
        steps=tuple(steps),
        operators=Counter(_operator(node) for node in _nodes(main)),
    )
    return fold(graph)


def _declared(
    value: Any, tensors: dict[str, Tensor], ends: dict[str, tuple[float, int]]
) -> Tensor:
    """Return an input or output as declared, free dimensions kept."""
    shape = shape_of(value)
    if shape is None:
        shape = tensors[value.name].shape if value.name in tensors else None
    scale, zero_point = ends.get(value.name, (None, None))
    return Tensor(
        name=value.name,
        dtype=dtype_of(value),
        shape=shape,
        scale=scale,
        zero_point=zero_point,
    )


def _quantised_ends(graph: Any) -> dict[str, tuple[float, int]]:
    """Return scale and zero point of what markers read or write one for all."""
    stored = {tensor.name: tensor for tensor in graph.initializer}
    found = {}
    for node in graph.node:
        if node.op_type not in _SCALED or len(node.input) < 2:
            continue
        scale, *rest = (_number(stored.get(name)) for name in node.input[1:3])
        zero_point = rest[0] if rest else 0.0
        if scale is not None and zero_point is not None:
            marked = node.input if node.op_type == "DequantizeLinear" else node.output
            found[marked[0]] = (scale, int(zero_point))
    return found


def _number(proto: Any) -> float | None:
    """Return the only element of a stored tensor, or None where it has not just one."""
    import onnx

    external = onnx.TensorProto.EXTERNAL
    if proto is None or proto.data_location == external or set(proto.dims) - {1}:
        return None
    return float(onnx.numpy_helper.to_array(proto).item())


def _operator(node: Any) -> str:
    return f"{node.domain}:{node.op_type}" if node.domain else str(node.op_type)


def _nodes(graph: Any) -> Iterator[Any]:
    """Yield a graph's nodes and those of the graphs within them."""
    for node in graph.node:
        yield node
        for inner in _subgraphs(node):
            yield from _nodes(inner)


def _subgraphs(node: Any) -> Iterator[Any]:
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def _reads(node: Any) -> Iterator[str]:
    """Yield what a node reads, and what the graphs within it read from outside."""
    yield from (name for name in node.input if name)
    for inner in _subgraphs(node):
        made = {value.name for value in (*inner.input, *inner.initializer)}
        for child in inner.node:
            yield from (name for name in _reads(child) if name not in made)
            made.update(child.output)


def _check_order(graph: Any) -> None:
    made = {value.name for value in (*graph.input, *graph.initializer)}
    made.update(tensor.values.name for tensor in graph.sparse_initializer)
    for node in graph.node:
        for name in _reads(node):
            if name not in made:
                raise ModelError(
                    f"operator {node.op_type!r} reads {name[:100]!r}, "
                    "which nothing before it makes"
                )
        for name in filter(None, node.output):
            if name in made:
                raise ModelError(f"{name[:100]!r} is made twice")
            made.add(name)
    for value in graph.output:
        if value.name not in made:
            raise ModelError(f"nothing makes its output {value.name[:100]!r}")


def _constants(graph: Any) -> dict[str, Tensor]:
    """Return what the file stores: initialisers and outputs of Constant nodes."""
    found = [(tensor.name, tensor) for tensor in graph.initializer]
    for node in graph.node:
        if node.op_type == "Constant" and node.output:
            values = [a.t for a in node.attribute if a.HasField("t")]
            found += [(node.output[0], value) for value in values]
    return {name: _stored(name, tensor) for name, tensor in found}


def _stored(name: str, proto: Any) -> Tensor:
    import onnx

    shape = tuple(proto.dims)
    if min(shape, default=0) < 0:
        raise ModelError(f"stored tensor {name[:100]!r} has the shape {shape!r}")
    tensor = Tensor(
        name=name,
        dtype=dtype_of(proto.data_type),
        shape=shape,
        constant=True,
    )
    external = proto.data_location == onnx.TensorProto.EXTERNAL
    if proto.HasField("raw_data") and not external and tensor.size_bytes is not None:
        size = len(proto.raw_data)
        if size != tensor.size_bytes:
            raise ModelError(
                f"stored tensor {name[:100]!r} holds {size} bytes; its shape "
                f"{shape!r} of {tensor.dtype} needs {tensor.size_bytes}"
            )
    return tensor


def _mark_parameters(graph: Any, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors with those marked that weights, biases or tables are."""
    marked = dict(tensors)
    for node in _nodes(graph):
        for position, name in enumerate(node.input):
            tensor = marked.get(name)
            if tensor is None or not tensor.constant or not tensor.shape:
                continue
            if tensor.dtype.startswith(("float", "bfloat")):
                weight = position not in _FLOAT_SETTINGS.get(node.op_type, ())
            else:
                weight = position in _INTEGER_WEIGHTS.get(node.op_type, ())
            if weight:
                marked[name] = replace(_unpacked(node, tensor), parameter=True)
    return marked


def _unpacked(node: Any, tensor: Tensor) -> Tensor:
    """Return the weights that MatMulNBits packs into bytes as what they are."""
    if node.op_type != "MatMulNBits" or node.input[1] != tensor.name:
        return tensor
    numbers = {a.name: a.i for a in node.attribute}
    bits = numbers.get("bits", 4)
    return replace(
        tensor, dtype=f"uint{bits}", shape=(numbers.get("N", -1), numbers.get("K", -1))
    )


def _external_files(model: Any, folder: Path) -> tuple[str, ...]:
    """Return the files beside the model; refuse what is not there in full.

    Raises:
        ModelError: the location, and what would be valid.
    """
    import onnx

    root = folder.resolve()
    found: set[str] = set()
    for tensor in _all_tensors(model):
        if tensor.data_location != onnx.TensorProto.EXTERNAL:
            continue
        entries = {entry.key: entry.value for entry in tensor.external_data}
        location = entries.get("location", "")
        place = (root / location).resolve() if "\0" not in location else root
        if place == root or not place.is_relative_to(root):
            raise ModelError(
                f"data of {tensor.name[:100]!r} are at {location!r}; "
                "a file in the model's own folder is valid"
            )
        if not place.is_file():
            raise ModelError(
                f"data of {tensor.name[:100]!r} are in the file {location!r}, which "
                "is missing; put it beside the model"
            )
        found.add(str(place.relative_to(root)))
        size = place.stat().st_size
        first = _whole(entries.get("offset", "0"))
        end = first + _whole(entries.get("length", "0"))
        if end > size:
            raise ModelError(
                f"data of {tensor.name[:100]!r} end at byte {end} of {location!r}, "
                f"which has {size}; copy the file again"
            )
    return tuple(sorted(found))


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise ModelError(f"{text[:40]!r} is not an offset or length in bytes")
    return int(text)


def _all_tensors(model: Any) -> Iterator[Any]:
    graphs = [model.graph]
    nodes: list[Iterable[Any]] = [_nodes(model.graph)]
    nodes += [function.node for function in model.functions]
    for group in nodes:
        for node in group:
            for attribute in node.attribute:
                if attribute.HasField("t"):
                    yield attribute.t
                yield from attribute.tensors
            graphs += _subgraphs(node)
    for graph in graphs:
        yield from graph.initializer
