"""How a case fails: whatever its target does is its failure, and nobody else's."""

from __future__ import annotations

from dataclasses import dataclass

from .errors import LinkLost, TierbenchError, WorkerTimeout
from .values import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """How a case failed; ``link_lost`` where its machine was out of reach."""

    status: Status
    reason: str
    link_lost: bool = False


def failure_of(exc: Exception) -> Failure:
    """Return what an exception means for its case; a plug-in may raise anything."""
    if isinstance(exc, WorkerTimeout):
        return Failure(status=Status.TIMED_OUT, reason=str(exc))
    if isinstance(exc, TierbenchError):
        lost = isinstance(exc, LinkLost)
        return Failure(status=Status.FAILED, reason=str(exc), link_lost=lost)
    told = f"{type(exc).__name__}: {' '.join(str(exc).split())}"
    return Failure(status=Status.FAILED, reason=f"the target failed: {told}")
