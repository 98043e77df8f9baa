"""What a case is timed with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .data import batch_of, fitted, synthetic
from .plan import Planned
from .values import TensorSpec


def timed_inputs(planned: Planned, specs: Sequence[TensorSpec]) -> Mapping[str, Any]:
    """Return the first samples of the case's data, or made-up ones, as one batch."""
    workload, source = planned.case.workload, planned.data
    if source is None or not specs:
        return synthetic(specs, workload.batch, workload.seed)
    return batch_of(fitted(source.data, specs), 0, workload.batch, specs)
