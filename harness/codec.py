"""Arrays of samples as bytes and back: byte-shuffle, then zstd.

Latencies of one series share their high bytes. Writing all first bytes, then all
second bytes, and so on puts equal bytes side by side, where zstd finds them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import zstandard

from .errors import StoreError

if TYPE_CHECKING:
    from .values import Samples

CODEC = "shuffle-zstd"
"""The name that is stored beside what `encode` returns."""

_WIRE = {"int64": "<i8", "float64": "<f8"}
_ITEM_BYTES = 8
_LEVEL = 3


def to_wire(array: Samples) -> tuple[str, bytes]:
    """Return an array's dtype and its bytes, little-endian.

    ``array`` is 1-D, int64 or float64; anything else raises `StoreError`.
    """
    dtype = array.dtype.name
    if array.ndim != 1 or dtype not in _WIRE:
        raise StoreError(
            f"samples of shape {array.shape!r} and dtype {dtype!r} cannot be stored; "
            "give one dimension of int64 or float64"
        )
    return dtype, array.astype(_WIRE[dtype], copy=False).tobytes()


def from_wire(data: bytes, dtype: str) -> Samples:
    """Return the array that `to_wire` made ``data`` of, as a writable copy.

    Raise `StoreError` for another dtype than int64 or float64 and for a length that
    is no whole number of items.
    """
    if dtype not in _WIRE:
        raise StoreError(f"samples have dtype {dtype!r}; valid: {', '.join(_WIRE)}")
    if len(data) % _ITEM_BYTES:
        raise StoreError(f"samples of {len(data)} bytes are no whole number of items")
    return np.frombuffer(data, _WIRE[dtype]).astype(dtype)


def encode(array: Samples) -> bytes:
    """Return ``array`` (1-D, int64 or float64) compressed, with a checksum.

    Raise `StoreError` for any other array.
    """
    _, data = to_wire(array)
    planes = np.frombuffer(data, np.uint8).reshape(-1, _ITEM_BYTES).T
    compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True)
    return compressor.compress(planes.tobytes())


def decode(data: bytes, dtype: str, n: int) -> Samples:
    """Return the ``n`` values of ``dtype`` that `encode` compressed, exactly.

    Never inflate beyond ``n`` items. Raise `StoreError` where ``data`` is corrupt or
    holds another number of items.
    """
    size = n * _ITEM_BYTES
    try:
        if (declared := zstandard.frame_content_size(data)) != size:
            raise StoreError(f"samples hold {declared} bytes, not {n} items of 8 bytes")
        planes = zstandard.ZstdDecompressor().decompress(data, allow_extra_data=False)
    except (zstandard.ZstdError, MemoryError) as exc:
        raise StoreError(f"samples cannot be decompressed: {exc}") from exc
    if len(planes) != size:
        raise StoreError(f"samples hold {len(planes)} bytes, not {n} items of 8 bytes")
    columns = np.frombuffer(planes, np.uint8).reshape(_ITEM_BYTES, -1)
    return from_wire(columns.T.tobytes(), dtype)
