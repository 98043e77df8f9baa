"""Write a trained network as .onnx and .tflite.

Both files take ``input``, float32 [n, ...], and give ``probabilities``, float32
[n, classes]. This module needs the extra ``train``.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

_OPSET = 18
_INPUT, _OUTPUT = "input", "probabilities"


def export_onnx(
    net: nn.Module,
    sample_shape: Sequence[int],
    path: Path,
    *,
    channel_last: bool = False,
) -> None:
    """Write a network that returns logits as ONNX with a free batch dimension.

    ``sample_shape`` is one sample's in the file, without the batch. With
    ``channel_last`` the network takes [n, c, h, w], but the file [n, h, w, c].
    """
    import onnx
    import torch

    from .layers import Probabilities

    # Two samples, for a batch of one would be taken as fixed.
    sample = torch.zeros(2, *sample_shape)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            Probabilities(net, channel_last=channel_last).eval(),
            (sample,),
            dynamo=True,
            dynamic_shapes=({0: torch.export.Dim("n")},),
            input_names=[_INPUT],
            output_names=[_OUTPUT],
            opset_version=_OPSET,
            verbose=False,
        )
    model = program.model_proto
    _strip(model)
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString(deterministic=True))


def export_onnx_quickly(
    net: nn.Module,
    sample_shape: Sequence[int],
    path: Path,
    *,
    channel_last: bool = False,
) -> None:
    """Do what ``export_onnx`` does in a twentieth of the time, by the older exporter.

    Fit for a network whose graph comes out the same: what depends on the batch's size
    or pads is written with more operators.
    """
    import io

    import onnx
    import torch

    from .layers import Probabilities

    free = {0: "n"}
    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Probabilities(net, channel_last=channel_last).eval(),
            (torch.zeros(2, *sample_shape),),
            stream,
            dynamo=False,
            dynamic_axes={_INPUT: free, _OUTPUT: free},
            input_names=[_INPUT],
            output_names=[_OUTPUT],
            opset_version=_OPSET,
        )
    model = onnx.load_model_from_string(stream.getvalue())
    _strip(model)
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString(deterministic=True))


def _strip(model: Any) -> None:
    """Remove what only a debugger of the exporter wants, paths included."""
    model.doc_string = ""
    del model.metadata_props[:]
    graph = model.graph
    graph.doc_string = ""
    for node in [*graph.node, *graph.input, *graph.output, *graph.value_info]:
        node.doc_string = ""
        del node.metadata_props[:]
    for tensor in graph.initializer:
        del tensor.metadata_props[:]


def export_tflite(
    net: nn.Module,
    sample_shape: Sequence[int],
    path: Path,
    *,
    channel_last: bool = False,
    traced: int = 1,
) -> None:
    """Write a network that returns logits as TFLite for a batch of one.

    A runtime may resize the batch; where the graph reshapes, that needs a trace with
    ``traced`` samples, a number that divides no other size in it. The other arguments
    are those of ``export_onnx``.
    """
    import litert_torch
    import torch
    from ai_edge_litert.tools import flatbuffer_utils

    from .batch import free_batch
    from .layers import Probabilities

    module = Probabilities(net, channel_last=False).eval()
    if channel_last:
        module = litert_torch.to_channel_last_io(module, args=[0]).eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sample = torch.zeros(traced, *sample_shape)
        converted = litert_torch.convert(module, (sample,))
    model = flatbuffer_utils.read_model_from_bytearray(
        bytearray(converted.model_content())
    )
    if traced > 1:
        free_batch(model, traced)
    _rename(model)
    path.write_bytes(bytes(flatbuffer_utils.convert_object_to_bytearray(model)))


def _rename(model: Any) -> None:
    """Give tensors short names: the exporter's make up a tenth of the file.

    They stay unique, for a quantiser keeps its ranges by name.
    """
    graph, signature = model.subgraphs[0], model.signatureDefs[0]
    for index, tensor in enumerate(graph.tensors):
        tensor.name = f"t{index}".encode()
    for index, name in ((graph.inputs[0], _INPUT), (graph.outputs[0], _OUTPUT)):
        graph.tensors[index].name = name.encode()
    signature.inputs[0].name = _INPUT.encode()
    signature.outputs[0].name = _OUTPUT.encode()
