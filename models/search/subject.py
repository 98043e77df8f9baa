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
from ..shape import Shape

if TYPE_CHECKING:
    from ..dataset import Dataset
    from ..training import Augment

_MODELS = ("bearing", "defect", "keyword")
_SEQUENCES = ("keyword",)
"""Models of sequences; the others' samples are images, the channel last."""

_QUICK = ("bearing",)
"""Models whose graph the quick exporter writes with the operators that ship."""

_SHARED = ("dataset.py", "export.py", "layers.py", "shape.py", "splits.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A family of networks: its shapes, what may be chosen, and what trains one."""

    model: str
    shape: type[Shape]
    choices: Mapping[str, tuple[int, ...]]
    data: Dataset
    augment: Augment
    settings: Mapping[str, Any]
    channel_last: bool
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
        reference = asdict(self.shape())
        choices = {name: list(values) for name, values in self.choices.items()}
        return {
            "model": self.model,
            "reference_shape": reference,
            "choices": choices,
        }

    @property
    def network(self) -> Callable[..., Any]:
        """Return what makes an untrained network; it needs torch."""
        network: Callable[..., Any] = import_module(
            f"..{self.model}.network", __package__
        ).network
        return network

    @property
    def export(self) -> Callable[..., None]:
        """Return what writes a network as .onnx; it needs torch."""
        from .. import export

        quick = self.model in _QUICK
        return export.export_onnx_quickly if quick else export.export_onnx


def find_subject(model: str) -> Subject:
    """Return what is searched for a reference model.

    Raises:
        NotFound: there is no family of networks of that name.
    """
    if model not in _MODELS:
        raise NotFound("model with a space of networks to search", model, _MODELS)
    space = import_module(f"..{model}.space", __package__)
    train = import_module(f"..{model}.train", __package__)
    (shape,) = (
        found
        for found in vars(space).values()
        if isinstance(found, type) and issubclass(found, Shape) and found is not Shape
    )
    return Subject(
        model=model,
        shape=shape,
        choices=space.CHOICES,
        data=train.DATA,
        augment=train.augment,
        settings=train.SETTINGS,
        channel_last=model not in _SEQUENCES,
        code_sha256=_code_sha256(model),
    )


def _code_sha256(model: str) -> str:
    """Return a hash of the sources that decide what a trained network becomes."""
    here = Path(__file__).parent
    shared = [here.parent / name for name in _SHARED]
    own = sorted((here.parent / model).glob("*.py"))
    digest = hashlib.sha256()
    for path in [*own, *shared, here / "proxy.py", here / "subject.py"]:
        digest.update(f"{path.name} {file_sha256(path)}\n".encode())
    return digest.hexdigest()
