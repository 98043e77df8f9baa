"""A reference model as it ships, found through its entry point."""

import hashlib
import json
from functools import cache, cached_property
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tierbench.harness.model import BuiltVariant, Data
from tierbench.models import prediction
from tierbench.models.content import content_sha256
from tierbench.models.dataset import Dataset
from tierbench.models.learner import Learner
from tierbench.models.reference import Reference

NAMES = sorted(
    point.name
    for point in entry_points(group="tierbench.models")
    if point.module.startswith("tierbench.models.")
)


class Drawn(NamedTuple):
    """What is kept of a split, whose samples are large: hashes of all, and of each."""

    sha256: str
    samples: frozenset[bytes]


class Shipped:
    """One reference model; what takes long to make is made once."""

    def __init__(self, name: str, variants: Path) -> None:
        (point,) = entry_points(group="tierbench.models", name=name)
        self.name = name
        self.module = import_module(point.module)
        self.model: Reference = point.load()
        self.data: Dataset = import_module(f"{point.module}.data").DATA
        self.learner: Learner = import_module(f"{point.module}.train").LEARNER
        self.folder = Path(str(self.module.__file__)).parent
        lineage = self.folder / "lineage.json"
        self.lineage = json.loads(lineage.read_text(encoding="utf-8"))
        self._variants = variants
        self.built = cache(self._build)
        self.probabilities = cache(self._predict)
        self.drawn = cache(self._draw)

    def file(self, format: str) -> Path:
        """Return the fp32 file that ships."""
        return self.folder / f"{self.name}.{format}"

    @cached_property
    def evaluation(self) -> Data:
        return self.model.evaluation()

    def right(self, variant: str, format: str) -> np.ndarray:
        """Tell of each sample of the evaluation split whether the answer is right."""
        found = self.probabilities(variant, format).argmax(axis=1)
        return found == self.evaluation.labels

    def right_by_class(self) -> dict[str, float]:
        """Return the share of right answers of the ONNX file for each class."""
        right, labels = self.right("fp32", "onnx"), self.evaluation.labels
        return {
            name: float(right[labels == label].mean())
            for label, name in enumerate(self.evaluation.classes)
        }

    def tflite_operators(self, variant: str) -> set[str]:
        """Return the operators of a variant's TFLite file."""
        from ai_edge_litert.interpreter import Interpreter

        path = str(self.built(variant, "tflite").path)
        interpreter = Interpreter(model_path=path, num_threads=1)
        names = {operator["op_name"] for operator in interpreter._get_ops_details()}
        return names - {"DELEGATE"}

    def onnx_floats(self) -> int:
        """Return how many numbers are stored in the ONNX file that ships."""
        import onnx

        stored = onnx.load(self.file("onnx")).graph.initializer
        floats = [t for t in stored if t.data_type == onnx.TensorProto.FLOAT]
        return sum(onnx.numpy_helper.to_array(tensor).size for tensor in floats)

    def _build(self, variant: str, format: str) -> BuiltVariant:
        return self.model.build(variant, format, self._variants)

    def _predict(self, variant: str, format: str) -> np.ndarray:
        path = self.built(variant, format).path
        return prediction.probabilities(path, self.evaluation.inputs["input"])

    def _draw(self, split: str) -> Drawn:
        if split == "evaluation":
            inputs, labels = self.evaluation.inputs["input"], self.evaluation.labels
        else:
            inputs, labels = self.data.draw(split)
        return Drawn(
            sha256=content_sha256(inputs, labels),
            samples=frozenset(hashlib.sha256(sample).digest() for sample in inputs),
        )
