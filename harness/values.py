"""The values that travel from a sweep file to a report.

All are frozen; a change is ``dataclasses.replace``. Units stand in the names.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .case_label import case_label, place
from .evidence import Evidence as Evidence
from .figure import Figure

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Samples = NDArray[np.int64] | NDArray[np.float64]

Setting = str | int | float | bool
"""One value of a target's option."""


class Status(StrEnum):
    """How a case ended."""

    OK = "ok"
    NOT_CONVERGED = "not_converged"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    SKIPPED = "skipped"


class Scenario(StrEnum):
    """How queries arrive, in the terms of MLPerf Inference; ``pipeline`` is our own."""

    SINGLE_STREAM = "single_stream"
    MULTI_STREAM = "multi_stream"
    SERVER = "server"
    OFFLINE = "offline"
    PIPELINE = "pipeline"


class Phase(StrEnum):
    """What a block's samples are for."""

    WARMUP = "warmup"
    MEASURE = "measure"
    ENERGY = "energy"
    SOAK = "soak"
    DEVICE = "device"


class BlockKind(StrEnum):
    """How long an exclusive stretch of measuring lasts."""

    SLICE = "slice"
    WINDOW = "window"
    SOAK = "soak"


class Clock(StrEnum):
    """Whose clock stamped the samples."""

    HOST = "host"
    DEVICE = "device"


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorSpec:
    """One input or output: ``shape`` has -1 for a free dimension.

    ``scale`` and ``zero_point`` are set for a per-tensor quantised tensor:
    real = scale * (stored - zero_point).
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    scale: float | None = None
    zero_point: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelProfile:
    """What can be counted in a model file without running it.

    ``macs`` maps operator class (``conv``, ``conv1x1``, ``depthwise``, ``dense``,
    ``other``) to multiply-accumulates for one sample; None where a shape is unknown.
    ``external_files`` are paths, relative to the model's folder, of weights beside it.
    ``weight_bytes`` are those of the ``parameters``, packed as the file holds them.
    ``output_elements`` are those that the operators of each class give for one sample.
    ``live_macs`` and ``live_output_elements`` leave out channels whose weights are all
    zero; None where the format's reader does not look for them.
    """

    format: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    operators: Mapping[str, int]
    parameters: int | None
    macs: Mapping[str, int] | None
    peak_activation_bytes: int | None
    weight_bits: int | None
    activation_bits: int | None
    external_files: tuple[str, ...] = ()
    weight_bytes: int | None = None
    output_elements: Mapping[str, int] | None = None
    live_macs: Mapping[str, int] | None = None
    live_output_elements: Mapping[str, int] | None = None

    @property
    def macs_total(self) -> int | None:
        """Return the multiply-accumulates of all operators, one sample."""
        return None if self.macs is None else sum(self.macs.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One model file and how it came to be."""

    model: str
    name: str
    format: str
    size_bytes: int
    sha256: str
    profile: ModelProfile
    weight_bits: int | None
    activation_bits: int | None
    lineage: tuple[Mapping[str, Any], ...] = ()
    path: Path = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """What a case is asked to do; ``profile`` names how carefully it is measured.

    What belongs to another scenario is None: the samples of a multi-stream query, the
    p99 that a server must keep to, and of a pipeline the frames a second of one camera,
    the time that each frame is given, and the most cameras to try.
    """

    scenario: Scenario
    batch: int
    profile: str
    seed: int = 0
    samples_per_query: int | None = None
    server_p99_ms: float | None = None
    frame_rate_fps: float | None = None
    frame_deadline_ms: float | None = None
    streams_max: int | None = None

    @property
    def content(self) -> dict[str, Any]:
        """Return what is set, so that a key that came later changes no old hash."""
        return {key: value for key, value in asdict(self).items() if value is not None}

    @property
    def load(self) -> dict[str, Any]:
        """Return what belongs to this scenario alone, nothing for most."""
        common = ("scenario", "batch", "profile", "seed")
        return {k: value for k, value in self.content.items() if k not in common}

    @property
    def samples(self) -> int:
        """Return the samples of what one latency is the latency of."""
        return self.samples_per_query or self.batch


@dataclass(frozen=True, kw_only=True)  # no slots: the key is kept once made
class Case:
    """One variant on one target with its options, under one workload.

    ``options`` holds every option's value; ``chosen`` names those that the sweep set.
    """

    variant: Variant
    target: str
    options: Mapping[str, Setting]
    workload: Workload
    data_sha256: str | None = None
    tier: str = ""
    chosen: tuple[str, ...] = ()

    @cached_property
    def key(self) -> str:
        """Return a hash of the content, the same on every machine."""
        content = {
            "model": self.variant.model,
            "variant": self.variant.name,
            "sha256": self.variant.sha256,
            "target": self.target,
            "options": dict(self.options),
            "workload": self.workload.content,
            "data": self.data_sha256,
        }
        return hashlib.sha256(canonical_json(content).encode()).hexdigest()

    @property
    def label(self) -> str:
        """Return a short name for people, the same for equal cases of two runs."""
        return case_label(
            self.variant.model,
            self.variant.name,
            self.target,
            {key: self.options[key] for key in self.chosen},
            self.workload.scenario,
            self.workload.batch,
        )

    @property
    def place(self) -> str:
        """Return the target with the options that the sweep set."""
        return place(self.target, {key: self.options[key] for key in self.chosen})


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Where a case ran.

    ``identity`` decides whether an earlier result still holds (device, runtime and
    driver versions, clocks, power mode); ``details`` is for the reader only.
    """

    device: str
    tier: str
    runtime: str
    runtime_version: str | None
    identity: Mapping[str, str | None]
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def identity_sha256(self) -> str:
        """Return a hash of what decides reuse."""
        content = [self.device, self.runtime, self.runtime_version, dict(self.identity)]
        return hashlib.sha256(canonical_json(content).encode()).hexdigest()

    @property
    def sha256(self) -> str:
        """Return a hash of all of it."""
        return hashlib.sha256(canonical_json(asdict(self)).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Series:
    """Values of one quantity; ``times`` are ns on the same clock, or None."""

    quantity: str
    unit: str
    values: Samples
    times: Samples | None = None
    clock: Clock = Clock.HOST
    evidence: Evidence = Evidence.MEASURED


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Block:
    """One exclusive stretch of measuring by one worker.

    ``series`` holds ``latency`` (ns per call), ``gap`` (ns from the end of a call to
    the start of the next) and, where the runtime computes on the calling thread,
    ``off_cpu`` (ns of the call in which the thread did not run), and beside them what
    the monitor saw of the device's state, see ``traces``. Where calls are due at
    moments of their own, ``latency`` is from there and ``service`` (ns) from the
    call's start, and ``context`` holds the ``offered`` load. A block of the phase
    ``energy`` also holds ``power`` (W) and in ``context`` the meter's name and scope;
    one of the phase ``soak`` holds every ``kept_every``-th of its ``calls``, and in
    ``context`` why readers of the state told nothing, ``unread`` by module.
    ``started_at_ns`` is Unix time; ``offset_ns`` is the time since the run began to
    measure on this machine, on that machine's monotonic clock.
    ``context`` holds counters read around the block: context switches, run delay.
    """

    index: int
    worker: int
    round: int
    kind: BlockKind
    phase: Phase
    started_at_ns: int
    offset_ns: int
    elapsed_ns: int
    calls: int
    series: tuple[Series, ...]
    context: Mapping[str, Any] = field(default_factory=dict)

    def values(self, quantity: str) -> Samples | None:
        """Return the values of a quantity, or None where it was not recorded."""
        for series in self.series:
            if series.quantity == quantity:
                return series.values
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """How each of ``n`` samples fared, packed; see ``outcomes``.

    ``kind`` is ``right`` (1 or 0 a sample) or ``error`` (a number a sample).
    """

    kind: str
    n: int
    data: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """Accuracy on ``n`` samples with its 95 % interval.

    ``outcomes`` is None where a metric has none of each sample, as ``auc``, and in
    results of versions that did not keep them. ``evidence`` is set where it differs
    from the result's.
    """

    metric: str
    value: float
    low: float
    high: float
    n: int
    outcomes: Outcomes | None = None
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Bytes that one worker takes; ``scope`` says of what: ``process``.

    ``baseline`` is after the runtime's import, before the model; ``loaded`` before the
    first call; ``steady`` after a call that follows the warm-up. ``peak`` is the
    highest of its phases: opening the model, the first call, a steady one. All are
    totals, not differences. ``device`` and ``arena`` are the runtime's own counts: of
    the accelerator's memory, and of host memory that it manages itself.
    """

    scope: str
    baseline_bytes: int | None = None
    loaded_bytes: int | None = None
    steady_bytes: int | None = None
    steady_anonymous_bytes: int | None = None
    steady_file_bytes: int | None = None
    peak_bytes: int | None = None
    peak_opening_bytes: int | None = None
    peak_first_call_bytes: int | None = None
    peak_steady_bytes: int | None = None
    peak_reason: str | None = None
    device_bytes: int | None = None
    arena_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerRecord:
    """What one worker told apart from its blocks."""

    worker: int
    first_call_ns: int
    open_ns: int
    memory: Memory | None
    ran: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Result:
    """How one case of one run went; statistics are computed from it when read.

    ``figures`` are what no sample tells: counted by an emulator, or projected.
    """

    id: str
    run_id: str
    case: Case
    environment: Environment | None
    status: Status
    reason: str | None
    started_at_ns: int
    finished_at_ns: int
    blocks: tuple[Block, ...] = ()
    workers: tuple[WorkerRecord, ...] = ()
    accuracy: Accuracy | None = None
    accuracy_reason: str | None = None
    evidence: Evidence = Evidence.MEASURED
    throttled: str = "unknown"
    throttled_reason: str | None = None
    soak_reason: str | None = None
    figures: tuple[Figure, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One execution of a sweep."""

    id: str
    name: str
    sweep_sha256: str
    sweep: Mapping[str, Any]
    started_at_ns: int
    trigger: str
    finished_at_ns: int | None = None
    status: str = "running"
    tierbench_version: str = ""


def canonical_json(value: Any) -> str:
    """Return JSON with sorted keys and no spaces: equal values, equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
