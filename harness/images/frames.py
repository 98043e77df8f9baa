"""Frames as a camera line handles them: from encoded bytes to a class, on the device.

It travels to the worker, and is imported there only when frames are to be run: NumPy
and Pillow, syntax of Python 3.9. Evaluation decodes and resizes the same way.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np

from ..device.session import Camera, Session, SessionError
from ..device.wire import Tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

TOP = 5
"""How many of the best classes make an answer, where there are so many."""


class ImageCamera(Camera):
    """Encoded images in memory, again and again, and the best classes as the answer."""

    def __init__(
        self, session: Session, images: Sequence[Tensor], layout: Mapping[str, Any]
    ) -> None:
        """Take the images.

        Args:
            session: whose one input is fed.
            images: encoded files, as bytes.
            layout: of the input: ``height, width, channels, channels_first, raw, mean,
                std`` as in ``layout.Layout``, and its ``scale`` and ``zero_point``.

        Raises:
            SessionError: no image, a model of several inputs, or no Pillow.
        """
        try:
            import PIL.Image  # noqa: F401
        except ImportError as exc:
            raise SessionError(
                "frames need Pillow in the target's Python: pip install pillow"
            ) from exc
        inputs = session.inputs()
        if len(inputs) != 1 or not images:
            raise SessionError(
                f"frames fit a model with one input; this one has {len(inputs)}, and "
                f"there are {len(images)} images"
            )
        self._session = session
        self._input = inputs[0]
        self._layout = layout
        self._files = cycle([bytes(image.data) for image in images])
        self.answer: list[tuple[int, float]] = []

    def preprocess(self) -> None:
        """Decode, resize, normalise and, for a quantised input, quantise a frame."""
        layout, spec = self._layout, self._input
        values = normalised(
            decoded(
                next(self._files), layout["height"], layout["width"], layout["channels"]
            )[None],
            layout,
        )
        if spec["dtype"] != values.dtype.name:
            values = _typed(values, spec["dtype"], layout)
        self._session.feed([Tensor(spec["name"], spec["dtype"], values.shape, values)])

    def postprocess(self) -> None:
        """Make the first output's scores probabilities and keep the best."""
        first = self._session.outputs()[0]
        scores = np.frombuffer(first.data, first.dtype).astype(np.float32)
        exps = np.exp(scores - scores.max())
        best = np.argsort(-scores, kind="stable")[:TOP]
        shares = exps[best] / exps.sum()
        self.answer = list(zip(best.tolist(), shares.tolist()))


def decoded(file: bytes, height: int, width: int, channels: int) -> NDArray[np.uint8]:
    """Return an image's pixels [height, width, channels], resized if need be."""
    from PIL import Image  # not at the top: whoever only quantises needs none

    with Image.open(io.BytesIO(file)) as image:
        found = image.convert("L" if channels == 1 else "RGB")
    if found.size != (width, height):
        found = found.resize((width, height), Image.Resampling.BILINEAR)
    return np.frombuffer(found.tobytes(), np.uint8).reshape(height, width, channels)


def normalised(pixels: NDArray[np.uint8], layout: Mapping[str, Any]) -> NDArray[Any]:
    """Return an input's values: uint8 where ``raw``, else (pixel / 255 - mean) / std.

    Args:
        pixels: [n, height, width, channels].
        layout: with ``channels_first, raw, mean, std``.
    """
    if layout["channels_first"]:
        pixels = pixels.transpose(0, 3, 1, 2)
    if layout["raw"]:
        return np.ascontiguousarray(pixels)
    shape = (-1, 1, 1) if layout["channels_first"] else (-1,)
    values = np.ascontiguousarray(pixels, np.float32)
    values /= np.float32(255)
    values -= np.asarray(layout["mean"], np.float32).reshape(shape)
    values /= np.asarray(layout["std"], np.float32).reshape(shape)
    return values


def quantised(
    values: NDArray[Any], dtype: str, scale: float, zero_point: int
) -> NDArray[Any]:
    """Return round(value / scale) + zero point, clipped to the type.

    Halves are rounded to even, as ONNX's QuantizeLinear does.
    """
    bounds = np.iinfo(dtype)
    stored = np.rint(np.asarray(values, np.float64) / scale) + zero_point
    return np.asarray(np.clip(stored, bounds.min, bounds.max), dtype)


def _typed(values: NDArray[Any], dtype: str, layout: Mapping[str, Any]) -> NDArray[Any]:
    if layout.get("scale") is None:
        return np.ascontiguousarray(values, dtype)
    return quantised(values, dtype, layout["scale"], layout.get("zero_point") or 0)
