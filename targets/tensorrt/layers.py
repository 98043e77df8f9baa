"""What an engine tells of its layers: the JSON of TensorRT's engine inspector.

With detailed verbosity each layer has ``LayerType``, ``Inputs`` with their
``Format/Datatype`` and, where it is a kernel of a library, a ``TacticName``; its
``Metadata`` names the ONNX nodes that it was made of. A layer on a DLA has a type that
says so.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

PRECISIONS = (
    ("bf16", re.compile(r"bfloat16|bf16", re.I)),
    ("fp16", re.compile(r"fp16|half", re.I)),
    ("fp8", re.compile(r"fp8", re.I)),
    ("fp4", re.compile(r"fp4", re.I)),
    ("fp32", re.compile(r"fp32|float", re.I)),
    ("int8", re.compile(r"(?<!u)int8", re.I)),
    ("uint8", re.compile(r"uint8", re.I)),
    ("int4", re.compile(r"int4", re.I)),
    ("int64", re.compile(r"int64", re.I)),
    ("int32", re.compile(r"int32", re.I)),
    ("bool", re.compile(r"bool", re.I)),
)

MOVES = {"constant", "no-op", "noop", "reformat", "reshape", "signal", "wait"}
"""Types of layers that compute nothing, in lower case."""

OTHER = {"int64", "int32", "bool", "unknown"}
"""What indices and shapes are computed in, which is no precision of a model."""

NODE = re.compile(r"\[ONNX Layer:")


def layers(text: str) -> list[dict[str, Any]] | None:
    """Return the layers that compute, None where the engine does not tell them."""
    try:
        listed = json.loads(text)["Layers"]
    except (ValueError, KeyError, TypeError):
        return None
    if not isinstance(listed, list) or not all(isinstance(x, dict) for x in listed):
        return None
    return [x for x in listed if str(x.get("LayerType", "")).lower() not in MOVES]


def precision(layer: dict[str, Any]) -> str:
    """Return what a layer computes in, by its first input, and its kernel for TF32."""
    inputs = layer.get("Inputs") or layer.get("Outputs") or [{}]
    told = str(inputs[0].get("Format/Datatype", ""))
    found = next((name for name, words in PRECISIONS if words.search(told)), "unknown")
    if found == "fp32" and "tf32" in str(layer.get("TacticName", "")).lower():
        return "tf32"
    return found


def on_dla(layer: dict[str, Any]) -> bool:
    """Return whether a layer runs on a DLA."""
    return "dla" in str(layer.get("LayerType", "")).lower()


def by_precision(found: list[dict[str, Any]]) -> dict[str, int]:
    """Return how many layers compute in which precision, without those of indices."""
    count = Counter(map(precision, found))
    return {name: count[name] for name in sorted(count) if name not in OTHER}


def dla_share(found: list[dict[str, Any]]) -> float | None:
    """Return the share of the ONNX nodes that run on a DLA, None where none is told.

    A layer that names no node counts for one.
    """
    weights = [max(1, len(NODE.findall(str(x.get("Metadata", ""))))) for x in found]
    on = sum(weight for weight, layer in zip(weights, found) if on_dla(layer))
    return on / sum(weights) if weights else None
