"""What it takes to train a model: its network, its data, and how they are used."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import nn

    Augment = Callable[[NDArray[np.float32], np.random.Generator], NDArray[np.float32]]
    Loss = Callable[[Any, Any, Any], Any]


class Samples(Protocol):
    """The data of a model by split, as a training takes them."""

    @property
    def classes(self) -> Sequence[str]:
        """Return the names of the classes."""
        ...

    def samples(self, split: str) -> NDArray[Any]:
        """Return what is kept of a split in memory, first axis the sample."""
        ...

    def labels(self, split: str) -> NDArray[np.int64]:
        """Return the class indices of a split, int64 [n]."""
        ...

    def as_input(self, samples: NDArray[Any]) -> NDArray[np.float32]:
        """Turn some samples into inputs as the model's files take them."""
        ...


def same(net: nn.Module) -> nn.Module:
    """Return the network as it is."""
    return net


@dataclass(frozen=True, slots=True, kw_only=True)
class Learner:
    """A model that can be trained, further or anew.

    ``network(classes, width)`` returns it untrained, giving logits, all its widths
    multiplied by ``width``; ``fold`` returns a copy in evaluation mode whose batch
    normalisations are part of the layers before them, the form in which it is exported
    and trained further. ``augment`` returns inputs in the network's layout, changed by
    the generator. ``sample_shape`` is one sample's in a file; with ``channel_last`` it
    is [h, w, c] there, but [c, h, w] for the network. ``settings`` are of a training
    from nothing, ``tuning`` of a further one (see ``training.settings``).

    ``for_tflite`` returns a copy in operators that TFLite has, and ``traced`` is the
    number of samples to trace it with. ``heads`` returns the width of an attention head
    by the layer whose outputs are heads side by side; None for a model that has none.
    ``sources`` are all files of code that decide what network and data are. Data that
    are not ``is_drawn`` lie in memory, and nobody keeps them.
    ``loss(logits, labels, inputs)`` takes the place of cross-entropy where a technique
    has none of its own.
    """

    name: str
    data: Samples
    network: Callable[[int, float], nn.Module]
    sample_shape: tuple[int, ...]
    settings: Mapping[str, Any]
    tuning: Mapping[str, Any]
    sources: tuple[Path, ...]
    augment: Augment
    channel_last: bool = False
    fold: Callable[[nn.Module], nn.Module] = same
    for_tflite: Callable[[nn.Module], nn.Module] = same
    traced: int = 1
    heads: Callable[[nn.Module], Mapping[nn.Module, int]] | None = None
    is_drawn: bool = True
    loss: Loss | None = None

    def folded(self, width: float = 1.0) -> nn.Module:
        """Return the network in its exported form, its weights of no meaning yet."""
        return self.fold(self.network(len(self.data.classes), width))

    def inputs(self, samples: NDArray[Any]) -> NDArray[np.float32]:
        """Turn some samples into inputs as the network takes them."""
        inputs = self.data.as_input(samples)
        return inputs.transpose(0, 3, 1, 2) if self.channel_last else inputs

    def export(self, net: nn.Module, format: str, path: Path) -> None:
        """Write a folded network as a file of one of the formats."""
        from .export import export_onnx, export_tflite

        last, shape = self.channel_last, self.sample_shape
        if format == "onnx":
            export_onnx(net, shape, path, channel_last=last)
        else:
            module = self.for_tflite(net)
            traced = self._traced(module)
            export_tflite(module, shape, path, channel_last=last, traced=traced)

    def _traced(self, net: nn.Module) -> int:
        """Return a number of samples that divides none of the network's widths."""
        traced = self.traced
        sizes = {size for weights in net.parameters() for size in weights.shape}
        while traced > 1 and any(size % traced == 0 for size in sizes):
            traced += 1
        return traced
