"""How pixels become a model's input: its size, order of axes, and scale of values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ..errors import DataError
from ..values import TensorSpec
from .frames import normalised

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_FLOATS = ("float16", "float32", "float64")
_CHANNELS = (1, 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The one image input of a model.

    ``raw`` inputs take the pixels themselves, others (pixel / 255 - mean) / std, per
    channel.
    """

    name: str
    height: int
    width: int
    channels: int
    channels_first: bool
    raw: bool
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def array(self, pixels: NDArray[np.uint8]) -> NDArray[Any]:
        """Return the input's values: uint8 or float32, its axes after the sample's.

        Args:
            pixels: [n, height, width, channels].
        """
        return normalised(pixels, asdict(self))

    def made(self, resized: int, n: int) -> dict[str, Any]:
        """Return how images became inputs, as JSON values."""
        told = asdict(self)
        del told["name"]
        filter = f"bilinear, {resized} of {n} images" if resized else "none"
        return {
            **told,
            "mean": list(self.mean),
            "std": list(self.std),
            "resized": filter,
        }


def image_layout(
    inputs: Sequence[TensorSpec],
    mean: tuple[float, ...] = (),
    std: tuple[float, ...] = (),
) -> Layout:
    """Return how images fit a model.

    Args:
        inputs: of the model; exactly one is valid.
        mean: one number, or one a channel; none for 0.
        std: one number, or one a channel; none for 1.

    Raises:
        DataError: the model takes no images, or not these values.
    """
    if len(inputs) != 1:
        raise DataError(
            f"images fit a model with one input; this one has {len(inputs)}: give a "
            ".npz file"
        )
    (spec,) = inputs
    height, width, channels, channels_first = _sizes(spec)
    raw = spec.dtype == "uint8" and spec.scale is None
    if not raw and spec.dtype not in _FLOATS and spec.scale is None:
        raise DataError(
            f"images fit an input of floats, uint8 or a quantised type; {spec.name!r} "
            f"is of {spec.dtype!r} without a scale"
        )
    if raw and (mean or std):
        raise DataError(
            f"input {spec.name!r} takes pixels as they are (uint8); leave image_mean "
            "and image_std out"
        )
    for key, given in (("image_mean", mean), ("image_std", std)):
        if len(given) not in (0, 1, channels):
            raise DataError(
                f"{key} has {len(given)} numbers; input {spec.name!r} has {channels} "
                "channels: one number, or one a channel, is valid"
            )
    return Layout(
        name=spec.name,
        height=height,
        width=width,
        channels=channels,
        channels_first=channels_first,
        raw=raw,
        mean=mean or (0.0,),
        std=std or (1.0,),
    )


def _sizes(spec: TensorSpec) -> tuple[int, int, int, bool]:
    """Return height, width, channels, and whether the channels come first."""
    shape = spec.shape[1:]
    last = len(shape) == 3 and shape[2] in _CHANNELS
    first = len(shape) == 3 and shape[0] in _CHANNELS
    if first == last:
        raise DataError(
            f"images fit an input of height x width x 1 or 3 channels, or channels "
            f"first; a sample of {spec.name!r} has the shape {shape!r}"
        )
    height, width, channels = shape if last else (*shape[1:], shape[0])
    if height < 1 or width < 1:
        raise DataError(
            f"input {spec.name!r} has a free height or width {shape!r}; export the "
            "model with those that it is used with"
        )
    return height, width, channels, first
