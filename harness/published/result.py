"""A result that others published, with its citation and what limits it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ..plain import to_json
from ..values import Evidence

UNTOLD = "the source does not tell it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """Where a result stands; ``url`` begins with ``http``."""

    title: str
    url: str
    commit: str | None = None
    round: str | None = None
    submitter: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedResult:
    """One published result; what the source does not tell is None.

    ``key`` names it within all sources, so that importing it again changes nothing.
    ``model`` and ``device`` are as the source spells them, ``network`` and
    ``device_name`` what `spellings` makes of them; ``system`` is what the device was
    part of. Throughput is of one accelerator of ``accelerators``, in units of
    ``counted`` per second. ``latency_percentile`` is None where the source tells none.
    ``power_scope`` says what drew ``power_w``, or took ``energy_mj`` per query.
    """

    key: str
    model: str
    network: str | None
    device: str
    device_name: str | None
    system: str | None = None
    accelerators: int = 1
    software: str | None = None
    precision: str | None = None
    scenario: str
    batch: int | None = None
    latency_ms: float | None = None
    latency_percentile: float | None = None
    throughput_per_s: float | None = None
    counted: str = "inferences"
    power_w: float | None = None
    energy_mj: float | None = None
    power_scope: str | None = None
    accuracy: float | None = None
    accuracy_metric: str | None = None
    macs: int | None = None
    parameters: int | None = None
    citation: Citation
    caveats: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Return the hash of its key."""
        return hashlib.sha256(self.key.encode()).hexdigest()

    @property
    def json(self) -> str:
        """Return it as JSON: equal results, equal text."""
        return to_json(self)


def published_row(result: PublishedResult) -> dict[str, Any]:
    """Return a published result as ``tierbench results --published`` prints it."""
    told = asdict(result)
    latency, throughput = told.pop("latency_ms"), told.pop("throughput_per_s")
    percentile, counted = told.pop("latency_percentile"), told.pop("counted")
    accuracy, metric = told.pop("accuracy"), told.pop("accuracy_metric")
    power_w, energy_mj = told.pop("power_w"), told.pop("energy_mj")
    citation, caveats = told.pop("citation"), told.pop("caveats")
    scope = told.pop("power_scope")
    values: dict[str, Any] = {
        "latency_ms": _value(latency, percentile=percentile),
        "throughput_per_s": _value(throughput, counted=counted),
        "accuracy": _value(accuracy, metric=metric),
        "power_w": _value(power_w, scope=scope),
        "energy_mj": _value(energy_mj, scope=scope),
    }
    return {
        "id": result.id,
        "evidence": str(Evidence.PUBLISHED),
        **told,
        **values,
        **{f"{k}_reason": UNTOLD for k, found in values.items() if found is None},
        "citation": citation,
        "caveats": list(caveats),
    }


def _value(value: float | None, **more: Any) -> Mapping[str, Any] | None:
    return None if value is None else {"value": value, **more}
