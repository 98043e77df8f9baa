"""What can be searched: a reference model's family of networks and how it is trained.

Only training needs torch; what is asked can be checked without it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...harness.errors import NotFound
from ...harness.hashing import file_sha256
from ..dataset import Dataset
from ..learner import Learner
from ..shape import Shape

if TYPE_CHECKING:
    from torch import nn

_MODELS = ("bearing", "defect", "keyword")

QUICK = ("bearing",)
"""Models whose graph the quick exporter writes with the operators that ship."""

_SHARED = ("dataset.py", "export.py", "layers.py", "shape.py", "splits.py",
           "training.py")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A family of networks: its shapes, what may be chosen, and what trains one."""

    model: str
    shape: type[Shape]
    choices: Mapping[str, tuple[int, ...]]
    learner: Learner
    data: Dataset
    code_sha256: str

    @property
    def size(self) -> int:
        """Return how many networks there are to choose from."""
        size = 1
        for values in self.choices.values():
            size *= len(values)
        return size

    @property
    def plain(self) -> dict[str, Any]:
        """Return what decides which networks are searched, as JSON values."""
        return {
            "model": self.model,
            "reference_shape": asdict(self.shape()),
            "choices": {name: list(values) for name, values in self.choices.items()},
        }

    @property
    def network(self) -> Callable[[int, Shape], nn.Module]:
        """Return what makes an untrained network for some classes; it needs torch."""
        module = import_module(f"..{self.model}.network", __package__)
        network: Callable[[int, Shape], nn.Module] = module.network
        return network

    def export(self, net: nn.Module, format: str, path: Path) -> None:
        """Write a trained network as the model's own files are; it needs torch."""
        from ..export import export_onnx_quickly

        learner = self.learner
        if format == "onnx" and self.model in QUICK:
            shape, last = learner.sample_shape, learner.channel_last
            export_onnx_quickly(net, shape, path, channel_last=last)
        else:
            learner.export(net, format, path)


def find_subject(model: str) -> Subject:
    """Return what is searched for a reference model.

    Raises:
        NotFound: there is no family of networks of that name.
    """
    if model not in _MODELS:
        raise NotFound("model with a space of networks to search", model, _MODELS)
    space = import_module(f"..{model}.space", __package__)
    learner: Learner = import_module(f"..{model}.train", __package__).LEARNER
    assert isinstance(learner.data, Dataset)
    return Subject(
        model=model,
        shape=space.SHAPE,
        choices=space.CHOICES,
        learner=learner,
        data=learner.data,
        code_sha256=_code_sha256(learner),
    )


def _code_sha256(learner: Learner) -> str:
    """Return a hash of the sources that decide what a trained network becomes."""
    here = Path(__file__).parent
    shared = [here.parent / name for name in _SHARED]
    own = [here / name for name in ("learning.py", "proxy.py", "subject.py")]
    digest = hashlib.sha256()
    for path in [*learner.sources, *shared, *own]:
        digest.update(f"{path.name} {file_sha256(path)}\n".encode())
    return digest.hexdigest()
