"""Latency and throughput of a model on an accelerator, as figures with their basis."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ....harness.evidence import Evidence
from ....harness.figure import Figure
from ....harness.values import ModelProfile
from . import analogues, edge_tpu, gpu, laplace
from .band import COVERAGE, Band
from .coefficients import FormFit, shipped
from .devices import speeds
from .rows import HAILO_BATCHES, OFFLINE
from .work import Work, work_of

LATENCY, THROUGHPUT = "latency", "throughput"
PERCENTILE = (
    "published latencies of one stream are 90th percentiles: this is about such a one, "
    "no median"
)
OFFLINE_LATENCY = "offline tells a throughput; set scenario=single_stream for a latency"
REACH = 4.0
"""How many times smaller or larger than all that were fitted a model may be."""
NEAREST = 5

HALF_CHIP, OTHER_CHIP = 0.15, 0.45
"""What a Hailo-8L, and a chip of another generation, may differ beyond their size.

Standard deviations in logarithms; assumed: no row of any of them was fitted.
"""
SAME_GENERATION = ("hailo8", "hailo8l")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked; ``batch`` is None where it is not told."""

    profile: ModelProfile
    device: str
    scenario: str
    batch: int | None


def hailo(question: Question) -> tuple[Figure, ...]:
    """Return the throughput of a Hailo; its tables tell frame rates, no latencies."""
    work = work_of(question.profile)
    if isinstance(work, str):
        return _neither(work)
    batch = question.batch or HAILO_BATCHES[question.scenario]
    if batch not in HAILO_BATCHES.values():
        return _neither(f"published are the batches 1 and 8, not {batch}")
    if work.bits is not None and work.bits > 8:
        return _neither(
            f"it computes in {work.bits} bits; published was int8: quantise"
        )
    fit = shipped().hailo
    reference, own = speeds("hailo8").peak("int8"), speeds(question.device).peak("int8")
    if reference is None or own is None:
        return _neither(f"how much {question.device} computes is not known")
    share = own / reference
    found = fit.analogues(batch)
    reason = analogues.outside(found, work, share)
    if reason := reason or analogues.unclear(found, work, share):
        return _neither(reason)
    band = analogues.log_fps(found, work, share=share, scale=fit.scale)
    band = _widened(band, _unlike(question.device))
    return (
        _unknown(LATENCY, "ns", "the published tables tell frame rates, no latencies"),
        _figure(
            THROUGHPUT,
            band,
            question,
            batch=batch,
            notes=_hailo_notes(question.device, found, work, share),
            rests_on=[
                {"device": "hailo8", "network": one.network, "rows": 1}
                for one in analogues.nearest(found, work, share, NEAREST)
            ],
        ),
    )


def _unlike(device: str) -> float:
    if device == "hailo8":
        return 0.0
    return HALF_CHIP if device in SAME_GENERATION else OTHER_CHIP


def _hailo_notes(
    device: str, found: analogues.Analogues, work: Work, share: float
) -> list[str]:
    notes = []
    if work.kind is None:
        told = (
            f"{kind} {100 * probability:.0f} %"
            for kind, probability in analogues.kinds(found, work).items()
            if probability >= analogues.POSSIBLE
        )
        notes.append(
            "macs are one number: of which kind it is was inferred from networks of "
            f"like sizes ({', '.join(told)}); tell macs by operator class"
        )
    if work.elements is None:
        notes.append("input_shape is not known: the band is that of any")
    if device != "hailo8":
        notes.append(
            f"no row has {device}: as Hailo-8 does with a network {1 / share:.3g} "
            "times as large, and wider by an assumed amount"
        )
    return notes + _quoted_note(device)


def coral(question: Question) -> tuple[Figure, ...]:
    """Return latency and throughput of an Edge TPU, which computes one by one."""
    work = work_of(question.profile)
    if isinstance(work, str):
        return _neither(work)
    if question.batch not in (None, 1):
        return _neither(
            f"an Edge TPU computes one by one; leave out batch={question.batch}"
        )
    if work.bits is not None and work.bits > 8:
        return _neither(
            f"it computes in {work.bits} bits; an Edge TPU in int8: quantise it"
        )
    fit = shipped().coral
    if reason := _outside(fit, work):
        return _neither(reason)
    asked = edge_tpu.Asked(device=question.device, work=work)
    band = laplace.predict(edge_tpu.log_seconds, fit.fitted(), asked)
    notes = ["all operators on the Edge TPU; those left to the CPU cost more"]
    if asked.streamed_bytes:
        notes.append(
            f"{asked.streamed_bytes / 1e6:.1f} MB of weights do not fit onto the chip "
            "and are streamed at every call"
        )
    return _both(question, fit, band, 1, notes)


def gpus(question: Question) -> tuple[Figure, ...]:
    """Return latency and throughput of a Jetson or an NVIDIA card under TensorRT."""
    work = work_of(question.profile)
    if isinstance(work, str):
        return _neither(work)
    fit = shipped().gpu
    if reason := _outside(fit, work):
        return _neither(reason)
    batch = None if question.batch is None else float(question.batch)
    asked = gpu.asked_of(question.device, work, question.scenario, batch, None)
    if isinstance(asked, str):
        return _neither(asked)
    band = laplace.predict(gpu.log_seconds, fit.fitted(), asked)
    notes = list(_gpu_notes(fit, question.device, work))
    if question.scenario == OFFLINE:
        throughput = _inverse(band)
        return (
            _unknown(LATENCY, "ns", OFFLINE_LATENCY),
            _figure(
                THROUGHPUT,
                throughput,
                question,
                batch=question.batch,
                notes=notes,
                rests_on=_rests_on(fit, question.device),
            ),
        )
    return _both(question, fit, band, question.batch or 1, [*notes, PERCENTILE])


def _gpu_notes(fit: FormFit, device: str, work: Work) -> Iterable[str]:
    if work.bits is None:
        yield "bits are not told: int8 is taken, the fastest that was published"
    if not any(row["device"] == device for row in fit.rows):
        yield f"no row has {device}: from its peak and other devices' efficiency, wider"
    yield "a forward call with fixed shapes: not tokens that come one by one"
    yield from _quoted_note(device)


def _quoted_note(device: str) -> list[str]:
    quoted = speeds(device).quoted
    if not quoted:
        return []
    return [f"{' and '.join(quoted)} of {device} are as quoted, without a source"]


def amd(question: Question) -> tuple[Figure, ...]:
    """Say why nothing is said of AMD's cards."""
    return _neither(
        f"of {question.device} only one language model's tokens per second are "
        "published, from which nothing follows for a network's forward call"
    )


def _outside(fit: FormFit, work: Work) -> str | None:
    if fit.macs.holds(work.macs, REACH):
        return None
    return (
        f"{work.macs} multiply-accumulates; fitted were {fit.macs.low:.3g} to "
        f"{fit.macs.high:.3g}, and no further than {REACH:g} times beyond that is "
        "anything said"
    )


def _both(
    question: Question, fit: FormFit, band: Band, batch: int, notes: list[str]
) -> tuple[Figure, ...]:
    """Return the latency of a call and the throughput of calls one after another."""
    rests_on = _rests_on(fit, question.device)
    throughput = _figure(
        THROUGHPUT,
        _inverse(band),
        question,
        batch=batch,
        notes=notes,
        rests_on=rests_on,
    )
    if question.scenario == OFFLINE:
        return (_unknown(LATENCY, "ns", OFFLINE_LATENCY), throughput)
    latency = band.plus(float(np.log(1e9 * batch)))
    return (
        _figure(
            LATENCY, latency, question, batch=batch, notes=notes, rests_on=rests_on
        ),
        throughput,
    )


def _inverse(band: Band) -> Band:
    return Band(low=-band.high, mid=-band.mid, high=-band.low)


def _widened(band: Band, deviation: float) -> Band:
    """Return a band with an independent deviation added to either half."""
    extra = 1.2815515655446004 * deviation
    return replace(
        band,
        low=band.mid - float(np.hypot(band.mid - band.low, extra)),
        high=band.mid + float(np.hypot(band.high - band.mid, extra)),
    )


def _rests_on(fit: FormFit, device: str) -> list[Mapping[str, Any]]:
    """Return the rows of a device, or of all where it has none."""
    own = [row for row in fit.rows if row["device"] == device]
    return own or list(fit.rows)


def _figure(
    quantity: str,
    band: Band,
    question: Question,
    *,
    batch: int | None,
    notes: list[str],
    rests_on: list[Mapping[str, Any]],
) -> Figure:
    low, mid, high = (float(np.exp(x)) for x in (band.low, band.mid, band.high))
    return Figure(
        quantity=quantity,
        unit="ns" if quantity == LATENCY else "1/s",
        evidence=Evidence.PROJECTED,
        low=low,
        mid=mid,
        high=high,
        coverage=COVERAGE,
        basis={
            "device": question.device,
            "scenario": question.scenario,
            "batch": batch,
            "macs": question.profile.macs_total,
            "notes": notes,
            "rests_on": rests_on,
            "tables_sha256": shipped().provenance["tables"],
        },
    )


def _neither(reason: str) -> tuple[Figure, ...]:
    return (_unknown(LATENCY, "ns", reason), _unknown(THROUGHPUT, "1/s", reason))


def _unknown(quantity: str, unit: str, reason: str) -> Figure:
    return Figure(
        quantity=quantity, unit=unit, evidence=Evidence.PROJECTED, reason=reason
    )
