"""How each sample of the evaluation data fared: what a paired comparison rests on.

Right or wrong takes one bit a sample, an error eight bytes, both deflated and written
as text, so that they lie beside the accuracy wherever that is kept.
"""

from __future__ import annotations

import zlib
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import StoreError
from .values import Outcomes

if TYPE_CHECKING:
    from numpy.typing import NDArray

RIGHT = "right"
"""1 for a sample that was judged right, 0 for one that was not."""

ERROR = "error"
"""Each sample's own error, in the label's unit."""

_LEVEL = 9


def pack_outcomes(values: NDArray[Any]) -> Outcomes:
    """Return outcomes of shape (n,): bool for right or wrong, else float64 errors."""
    is_right = values.dtype.kind == "b"
    plain = np.packbits(values) if is_right else values.astype("<f8")
    packed = zlib.compress(plain.tobytes(), _LEVEL)
    return Outcomes(
        kind=RIGHT if is_right else ERROR,
        n=len(values),
        data=b64encode(packed).decode("ascii"),
    )


def unpack_outcomes(packed: Outcomes) -> NDArray[np.float64]:
    """Return each sample's outcome: 1.0 right, 0.0 wrong, or its error, shape (n,).

    Never inflate beyond ``n`` samples.

    Raises:
        StoreError: they are damaged, or of a kind that this version does not know.
    """
    if packed.kind not in (RIGHT, ERROR):
        raise StoreError(
            f"outcomes of kind {packed.kind!r}; valid: {RIGHT!r}, {ERROR!r}"
        )
    if packed.n < 0:
        raise StoreError(f"outcomes of {packed.n} samples")
    size = -(-packed.n // 8) if packed.kind == RIGHT else 8 * packed.n
    try:
        inflate = zlib.decompressobj()
        plain = inflate.decompress(b64decode(packed.data, validate=True), size + 1)
    except (zlib.error, NotBase64, ValueError, OverflowError) as exc:
        raise StoreError(f"outcomes cannot be decompressed: {exc}") from exc
    if len(plain) != size or not inflate.eof:
        raise StoreError(f"outcomes hold {len(plain)} bytes, not {packed.n} samples")
    if packed.kind == ERROR:
        return np.frombuffer(plain, "<f8").astype(np.float64)
    bits = np.unpackbits(np.frombuffer(plain, np.uint8), count=packed.n)
    return bits.astype(np.float64)
