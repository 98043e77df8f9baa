"""The tables of TensorFlow Lite's file format, which come with LiteRT."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ..errors import ModelError


def load_schema() -> Any:
    """Return the module that reads the tables.

    Raises:
        ModelError: its package is missing.
    """
    try:
        return import_module("ai_edge_litert.schema_py_generated")
    except ImportError as exc:
        raise ModelError(
            "reading .tflite needs the package 'ai-edge-litert'; "
            "pip install 'tierbench[host]'"
        ) from exc


def names_of(enumeration: type) -> dict[int, str]:
    """Return the names of an enumeration's numbers."""
    return {v: k for k, v in vars(enumeration).items() if isinstance(v, int)}
