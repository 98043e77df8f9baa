"""The frames that a pipeline's blocks run through: image files and their layout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .errors import DataError
from .values import Scenario, TensorSpec
from .worker import Worker

if TYPE_CHECKING:
    from .plan import Planned

FRAMES_MAX = 32
BYTES_MAX = 64 << 20


def show(worker: Worker, planned: Planned, inputs: Sequence[TensorSpec]) -> None:
    """Give a pipeline's worker the first images of its data; nothing to any other.

    Args:
        worker: whose model is open.
        planned: the worker's case.
        inputs: of the open model; images fit one.

    Raises:
        DataError: an image cannot be read any more.
        CaseError: the worker takes no frames.
    """
    source = planned.data
    if planned.case.workload.scenario is not Scenario.PIPELINE:
        return
    if source is None or not source.files or not inputs:
        worker.show((), {})
        return
    images: list[bytes] = []
    for path in source.files[:FRAMES_MAX]:
        try:
            images.append(path.read_bytes())
        except OSError as exc:
            raise DataError(f"image {str(path)!r} cannot be read: {exc}") from exc
        if sum(map(len, images)) > BYTES_MAX and len(images) > 1:
            images.pop()
            break
    (spec,) = inputs
    scale = {"scale": spec.scale, "zero_point": spec.zero_point}
    worker.show(images, {**(source.made or {}), **scale})
