"""Where evaluation data come from: a .npz file, a folder of images, a reference model.

An array fits every variant of a model; images become what each variant's input asks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from . import registry
from .data import judged, judged_sha256, load_npz
from .model import Data, ReferenceModel
from .sweep import ModelRequest
from .sweep_data import is_data_file
from .values import TensorSpec, canonical_json


class DataSource:
    """Evaluation data that is loaded when it is first used."""

    def __init__(
        self,
        name: str,
        sha256: str,
        load: Callable[[], Data],
        made: Mapping[str, Any] | None = None,
        files: Sequence[Path] = (),
    ) -> None:
        """Name the data by its content's hash; ``load`` reads or generates it.

        ``made`` says how images became inputs, as JSON values; None for other data.
        ``files`` are these images.
        """
        self.name = name
        self.sha256 = sha256
        self.made = made
        self.files = tuple(files)
        self._load = load

    @cached_property
    def data(self) -> Data:
        """Return the data, loaded once."""
        return self._load()


class Origin(Protocol):
    """What gives evaluation data to models of any inputs."""

    def source(self, inputs: Sequence[TensorSpec]) -> DataSource:
        """Return the data for a model of these inputs.

        Raises:
            DataError: it can have none.
        """
        ...


def evaluation_origin(request: ModelRequest) -> Origin | None:
    """Return where a model's evaluation data come from, None where it has none.

    Raises:
        DataError: they cannot be read, or have no labels for the metric asked for.
        NotFound: no such reference data set.
    """
    if request.data_path is not None:
        return path_origin(request.data_path, request, request.metric)
    name = request.data_use or request.use
    if name is None:
        return None
    owner: ReferenceModel = registry.find(registry.MODELS, name)
    metric, sha256 = request.metric, owner.evaluation_sha256
    if metric is None:
        return _Fixed(DataSource(name, sha256, owner.evaluation))
    sha256 = judged_sha256(sha256, metric)
    return _Fixed(DataSource(name, sha256, lambda: judged(owner.evaluation(), metric)))


def path_origin(path: Path, request: ModelRequest, metric: str | None) -> Origin:
    """Return the data of a .npz file or of a folder of images.

    Args:
        path: of either.
        request: says how pixels become values.
        metric: how outputs are to be judged; None for what the labels' type says.

    Raises:
        DataError: they cannot be read.
    """
    if not is_data_file(path.name):
        return _Images(path, request, metric)
    data = load_npz(path, metric)
    return _Fixed(DataSource(path.name, data.sha256, lambda: data))


class _Fixed:
    """Data that are the same for every variant."""

    def __init__(self, source: DataSource) -> None:
        self._source = source

    def source(self, inputs: Sequence[TensorSpec]) -> DataSource:
        return self._source


class _Images:
    """A folder of images, decoded once for each layout of input."""

    def __init__(self, path: Path, request: ModelRequest, metric: str | None) -> None:
        from .images.folder import read_folder

        self._folder = read_folder(path)
        self._request = request
        self._metric = metric
        self._sources: dict[Any, DataSource] = {}

    def source(self, inputs: Sequence[TensorSpec]) -> DataSource:
        from .images.layout import image_layout

        request = self._request
        layout = image_layout(inputs, request.image_mean, request.image_std)
        # Each format names its input as it likes.
        layout = replace(layout, name="image")
        if layout not in self._sources:
            self._sources[layout] = self._decoded(layout)
        return self._sources[layout]

    def _decoded(self, layout: Any) -> DataSource:
        from .images import decode

        folder = self._folder
        pixels = decode(
            folder.path, folder.files, layout.height, layout.width, layout.channels
        )
        made = layout.made(pixels.resized, len(folder.files))
        sha256 = hashlib.sha256(
            canonical_json([folder.sha256, made]).encode()
        ).hexdigest()
        data = Data(
            name=folder.path.name,
            inputs={layout.name: layout.array(pixels.values)},
            labels=folder.labels,
            metric=None,
            sha256=sha256,
            classes=folder.classes,
        )
        data = judged(data, self._metric)
        files = [folder.path / name for name in folder.files]
        return DataSource(data.name, data.sha256, lambda: data, made, files)
