"""The line protocol between the harness and a worker, the same on both sides.

A frame is one line of JSON and, where it names tensors, their bytes one after the
other. The line's ``tensors`` lists name, dtype, shape and byte count of each. Numbers
are little-endian. Both sides refuse what is larger than they expect.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any, BinaryIO, NamedTuple

VERSION = 1
LINE_LIMIT = 1 << 20
BYTES_LIMIT = 1 << 31

ITEM_BYTES = {
    "bool": 1,
    "int8": 1,
    "uint8": 1,
    "int16": 2,
    "uint16": 2,
    "float16": 2,
    "int32": 4,
    "uint32": 4,
    "float32": 4,
    "int64": 8,
    "uint64": 8,
    "float64": 8,
}


class WireError(Exception):
    """The other side broke the protocol."""


class Tensor(NamedTuple):
    """A named array as plain bytes, C order, little-endian."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    data: Any
    """Anything with the buffer interface."""


def write_frame(
    stream: BinaryIO, header: dict[str, Any], tensors: Sequence[Tensor] = ()
) -> None:
    """Write one frame and flush it."""
    views = [_bytes(tensor.data) for tensor in tensors]
    head = dict(header, version=VERSION)
    if tensors:
        head["tensors"] = [
            [tensor.name, tensor.dtype, list(tensor.shape), view.nbytes]
            for tensor, view in zip(tensors, views)
        ]
    stream.write(json.dumps(head, separators=(",", ":")).encode() + b"\n")
    for view in views:
        stream.write(view)
    stream.flush()


def _bytes(data: Any) -> memoryview:
    view = memoryview(data)
    return view.cast("B") if view.nbytes else memoryview(b"")  # cast refuses zeros


def read_frame(stream: BinaryIO) -> tuple[dict[str, Any], list[Tensor]] | None:
    """Read one frame; None where the other side has closed.

    Raises:
        WireError: not a frame of this version, cut short, or larger than allowed.
    """
    line = stream.readline(LINE_LIMIT)
    if not line:
        return None
    header = _header(line)
    tensors = [_tensor(stream, entry) for entry in header.pop("tensors", [])]
    return header, tensors


def _header(line: bytes) -> dict[str, Any]:
    if not line.endswith(b"\n"):
        raise WireError(f"a line of {len(line)} bytes has no end: {line[:60]!r}")
    try:
        header = json.loads(line)
    except ValueError as exc:
        raise WireError(f"not a frame: {line[:60]!r}") from exc
    if not isinstance(header, dict) or header.get("version") != VERSION:
        raise WireError(f"not a frame of version {VERSION}: {line[:60]!r}")
    return header


def _tensor(stream: BinaryIO, entry: Any) -> Tensor:
    try:
        name, dtype, shape, size = entry
        expected = ITEM_BYTES[dtype] * math.prod(shape)
        sound = isinstance(name, str) and all(
            isinstance(n, int) and n >= 0 for n in shape
        )
    except (KeyError, TypeError, ValueError) as exc:
        raise WireError(f"not a tensor: {str(entry)[:60]!r}") from exc
    if not sound or size != expected or size > BYTES_LIMIT:
        raise WireError(f"not a tensor: {str(entry)[:60]!r}")
    data = stream.read(size)
    if len(data) != size:
        raise WireError(f"tensor {name[:60]!r} was cut short")
    return Tensor(name, dtype, tuple(shape), data)
