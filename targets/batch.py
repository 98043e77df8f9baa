"""The batch that a model's file fixes, against the one that is asked for."""

from __future__ import annotations

from ..harness.values import Variant, Workload


def fixed_batch(
    variant: Variant, workload: Workload, *, resizes_one: bool = False
) -> str | None:
    """Return that the file fixes the batch to another one, and the cure, or None.

    Args:
        variant: the model file.
        workload: the batch that is asked for.
        resizes_one: whether the runtime resizes inputs whose batch is 1 in the file.
    """
    free = (-1, 1) if resizes_one else (-1,)
    cure = "batch of 1" if resizes_one else "free batch"
    for spec in variant.profile.inputs:
        if spec.shape and spec.shape[0] not in (*free, workload.batch):
            return (
                f"input {spec.name!r} has a fixed batch of {spec.shape[0]}, "
                f"not {workload.batch}; export the model with a {cure}"
            )
    return None
