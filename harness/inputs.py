"""What a case is timed with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .data import batch_of, fitted, match, synthetic
from .plan import Planned
from .values import TensorSpec


def timed_inputs(planned: Planned, specs: Sequence[TensorSpec]) -> Mapping[str, Any]:
    """Return the first samples of the case's data, or made-up ones, as one batch.

    Raises:
        DataError: the data do not fit inputs that only the opened session names.
    """
    workload, source = planned.case.workload, planned.data
    if source is None or not specs:
        return synthetic(specs, workload.batch, workload.seed)
    data = fitted(source.data, specs)
    if not planned.case.variant.profile.inputs:
        match(data, specs)
    return batch_of(data, 0, workload.batch, specs)
