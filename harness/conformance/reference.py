"""What a model's outputs should be: those of a reference runtime on the same file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import registry
from ..errors import TierbenchError
from ..target import Target
from ..values import Case, Setting
from ..worker import Limits

if TYPE_CHECKING:
    from ..worker import Array

Route = tuple[str, Mapping[str, Setting]]

REFERENCES: Mapping[str, Route] = {
    "onnx": ("host-onnxruntime", {}),
    "tflite": ("host-litert", {}),
}
"""Targets that serve as the reference, by the file's format, with their options."""

OWN_REFERENCES: Mapping[str, Route] = {
    "host-onnxruntime": ("host-onnxruntime", {"graph_optimization": "disabled"}),
    "host-litert": ("host-litert", {"xnnpack": False}),
}
"""What the references themselves are compared with: kernels that they do not use."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reference:
    """Outputs by the inputs' place, and who says so."""

    by: str
    outputs: Sequence[Sequence[Array]]


def reference_of(
    case: Case, subject: Target, inputs: Sequence[Mapping[str, Array]], limits: Limits
) -> Reference | None:
    """Return what the outputs for each of the inputs should be.

    A target is never its own reference: ONNX Runtime's CPU provider is compared with
    the evaluator of the package onnx, where that has the operators, and LiteRT with its
    kernels outside XNNPACK.

    Returns:
        None where no reference runtime is installed.
    """
    format = case.variant.format
    is_reference = REFERENCES.get(format, ("", {}))[0] == subject.name
    if is_reference and format == "onnx":
        with suppress(TierbenchError):
            return _evaluated(case.variant.path, inputs)
    routes = OWN_REFERENCES if is_reference else REFERENCES
    route = routes.get(subject.name if is_reference else format)
    if route is not None and route[0] in registry.names(registry.TARGETS):
        name, settings = route
        target = registry.find(registry.TARGETS, name)(settings)
        if target.unavailable() is None:
            told = ", ".join(f"{key}={value}" for key, value in settings.items())
            by = f"{name} with {told}" if told else name
            return Reference(by=by, outputs=_run(target, case, inputs, limits))
    return _evaluated(case.variant.path, inputs) if format == "onnx" else None


def _run(
    target: Target, case: Case, inputs: Sequence[Mapping[str, Array]], limits: Limits
) -> list[tuple[Array, ...]]:
    with target.launch(case, target.ready(case, limits), limits) as worker:
        names = [spec.name for spec in worker.open().inputs]
        return [worker.evaluate(_renamed(one, names)) for one in inputs]


def _evaluated(path: Path, inputs: Sequence[Mapping[str, Array]]) -> Reference:
    """Return what the package onnx computes, in NumPy."""
    import onnx
    from onnx.reference import ReferenceEvaluator

    found = []
    try:
        evaluator: Any = ReferenceEvaluator(str(path))
        for one in inputs:
            feeds = _renamed(one, evaluator.input_names)
            found.append(tuple(evaluator.run(None, feeds)))
    except Exception as exc:
        raise TierbenchError(
            f"onnx {onnx.__version__}: its evaluator cannot run {path.name}: {exc}"
        ) from exc
    return Reference(by=f"onnx {onnx.__version__}, evaluator", outputs=found)


def _renamed(inputs: Mapping[str, Array], names: Sequence[str]) -> dict[str, Array]:
    """Return inputs under the reference's names: a runtime may have its own."""
    if set(inputs) == set(names):
        return dict(inputs)
    return dict(zip(names, inputs.values(), strict=True))
