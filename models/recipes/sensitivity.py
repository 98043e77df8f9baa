"""How much each layer's 4-bit weights cost, and which layers are worth 8 bits.

One layer at a time is given 4 bits while all others have 8. What it costs is the mean
squared error of the outputs against the fp32 file's over calibration samples, relative
to the mean square of those, less the error with 8 bits everywhere (a one-at-a-time
analysis as in Z. Dong et al., HAWQ, ICCV 2019, with the measured error for its second
derivative). Evaluation data have no part in it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...harness.errors import ModelError
from .layers import Layer, Widths

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Outputs = Sequence[NDArray[Any]]

SAMPLES = 256
"""At most so many calibration samples are run for each layer."""

_MEASURE = (
    "squared error of the outputs against fp32, relative to their square, "
    "with 4 bits in this layer and 8 in all others"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """The error with 8 bits everywhere, and with 4 in one layer, for every layer."""

    samples: int
    at_8_bits: float
    layers: tuple[tuple[Layer, float], ...]

    def kept(self, share: float) -> tuple[str, ...]:
        """Return the layers that keep 8 bits, the most worth it first.

        They hold at most this share of all weights that could have 4 bits. What a layer
        is worth is what it costs, divided by the number of its weights.
        """
        room = share * sum(layer.weights for layer, _ in self.layers)
        found = []
        for layer, error in self._worst_first():
            if error > self.at_8_bits and layer.weights <= room:
                room -= layer.weights
                found.append(layer.name)
        return tuple(found)

    def widths(self, share: float) -> Widths:
        """Return the widths with this share of weights, or a little less, in 8 bits."""
        kept = self.kept(share)
        wide = sum(layer.weights for layer, _ in self.layers if layer.name in kept)
        narrow = sum(layer.weights for layer, _ in self.layers) - wide
        return Widths(
            bits=4 if narrow > wide else 8,
            is_narrow=lambda layer: layer.name not in kept,
            told={
                "share of weights that may keep 8 bits": share,
                "layers of 8 bits": list(kept),
                "sensitivity": self.plain(),
            },
        )

    def plain(self) -> dict[str, Any]:
        """Return it as a lineage holds it, the layers most worth 8 bits first."""
        return {
            "measure": _MEASURE,
            "samples": self.samples,
            "error with 8 bits": self.at_8_bits,
            "layers": [
                {
                    "name": layer.name,
                    "operator": layer.operator,
                    "weights": layer.weights,
                    "error": error,
                }
                for layer, error in self._worst_first()
            ],
        }

    def _worst_first(self) -> list[tuple[Layer, float]]:
        def worth(entry: tuple[Layer, float]) -> float:
            layer, error = entry
            return (error - self.at_8_bits) / layer.weights

        return sorted(self.layers, key=worth, reverse=True)

    def write(self, path: Path) -> None:
        """Write it as JSON."""
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @staticmethod
    def read(path: Path) -> Curve:
        """Read what ``write`` wrote."""
        content = json.loads(path.read_text(encoding="utf-8"))
        layers = tuple((Layer(**layer), error) for layer, error in content["layers"])
        return Curve(**{**content, "layers": layers})


def measure(
    layers: Iterable[Layer], outputs: Callable[[Widths | None], Outputs]
) -> Curve:
    """Return the curve of a file.

    Args:
        layers: that may have 4 bits.
        outputs: returns all outputs with these widths, None for the fp32 file, each
            with the sample on the first axis.

    Raises:
        ModelError: it has no such layer, or no outputs to compare.
    """
    import numpy as np

    layers = tuple(layers)
    if not layers:
        raise ModelError("it has no weight that 4 bits are enough for; choose 8 bits")
    truth = outputs(None)
    if not any(array.dtype.kind == "f" and array.any() for array in truth):
        raise ModelError(
            "it puts out nothing but zeros or whole numbers, so that no error can be "
            "measured; choose 'int8' or 'int4'"
        )

    def error(widths: Widths) -> float:
        pairs = [
            (np.float64(found), np.float64(true))
            for found, true in zip(outputs(widths), truth, strict=True)
            if true.dtype.kind == "f"
        ]
        lost = sum(np.square(found - true).sum() for found, true in pairs)
        # Six digits: the last ones differ from one processor to the next.
        return float(f"{lost / sum(np.square(true).sum() for _, true in pairs):.6g}")

    return Curve(
        samples=len(truth[0]),
        at_8_bits=error(_only(())),
        layers=tuple((layer, error(_only((layer.name,)))) for layer in layers),
    )


def _only(names: tuple[str, ...]) -> Widths:
    return Widths(bits=8, is_narrow=lambda layer: layer.name in names)


def first(samples: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return the first samples, as many as are run for a layer."""
    return {name: array[:SAMPLES] for name, array in samples.items()}
