"""The identity of a split of data: a hash of its values, however it was made."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def content_sha256(inputs: NDArray[np.float32], labels: NDArray[np.int64]) -> str:
    """Return a hash of types, shapes and values, equal on every machine, in hex."""
    digest = hashlib.sha256()
    named: tuple[tuple[str, NDArray[Any]], ...] = (
        ("input", inputs),
        ("labels", labels),
    )
    for name, array in named:
        # Machines differ in the order of a number's bytes.
        little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        digest.update(f"{name!r} {array.dtype.name} {array.shape}\n".encode())
        digest.update(little.tobytes())
    return digest.hexdigest()
