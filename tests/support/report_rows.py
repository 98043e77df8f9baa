"""Made-up rows with the keys of ``tierbench results --json``."""

from __future__ import annotations

import hashlib
from html.parser import HTMLParser
from types import SimpleNamespace
from typing import Any

from tierbench.harness.distribution import LatencyHistogram

VOID = {"wbr", "meta", "br", "link", "img", "input", "hr"}

ENVIRONMENT = "e" * 64
ENVIRONMENTS = {
    ENVIRONMENT: {
        "device": "AMD EPYC, 2 cores",
        "tier": "host",
        "runtime": "litert",
        "runtime_version": "2.3.0",
        "identity": {"cpu": "AMD EPYC", "governor": None},
        "details": {"flags": ["avx2", "avx512_vnni"], "memory": {"total_mib": 7951}},
    }
}
SWEEP = {
    "name": "panel-defect",
    "profile": "nightly",
    "models": [
        {
            "name": "defect",
            "use": "defect",
            "path": None,
            "variants": ["fp32", "fp16", "int8", "int4"],
        }
    ],
    "targets": [
        {"use": "host-onnxruntime", "settings": [{"threads": 1}, {"threads": 2}]},
        {"use": "host-litert", "settings": [{}]},
    ],
    "scenarios": ["single_stream"],
    "batches": [1, 8],
    "constraints": {"accuracy_min": 0.95, "energy_mj_max": None},
}
RUNS = [
    {
        "id": "0b6c",
        "name": "panel-defect",
        "trigger": "manual",
        "started_at_ns": 1_795_449_600_000_000_000,
        "finished_at_ns": None,
        "status": "running",
        "profile": "nightly",
        "version": "0.1.0",
        "sweep": SWEEP,
    }
]
_NO_POWER = "no power meter is attached"


def board_rows() -> list[dict[str, Any]]:
    """Return a projected row of a board, and one of an emulator, which counts."""
    arena = {"low": 20_000.0, "mid": 23_000.0, "high": 28_000.0, "coverage": 0.8}
    board = {
        "target": "cortex-m",
        "tier": "microcontroller",
        "evidence": "PROJECTED",
        "latency_ms": {"low": 50.0, "mid": 75.0, "high": 110.0, "coverage": 0.8},
        "throughput_per_s": None,
        "memory": {"scope": "arena", "arena_bytes": {**arena, "evidence": "EMULATED"}},
    }
    emulator = {
        **board,
        "target": "cortex-m-qemu",
        "evidence": "EMULATED",
        "latency_ms": None,
        "latency_ms_reason": "the target tells no time",
        "memory": None,
        "memory_reason": "the target does not tell",
        "instructions": {"value": 7_698_485.0},
    }
    return [measured_row(**board), measured_row(**emulator)]


def measured_row(**changes: Any) -> dict[str, Any]:
    """Return a measured row with ``changes``."""
    row: dict[str, Any] = {
        "model": "defect",
        "variant": "fp32",
        "format": "onnx",
        "weight_bits": 32,
        "activation_bits": 32,
        "size_bytes": 412_672,
        "target": "host-onnxruntime",
        "tier": "host",
        "device": "AMD EPYC, 2 cores",
        "runtime": "onnxruntime",
        "runtime_version": "1.32.0",
        "evidence": "MEASURED",
        "status": "ok",
        "reason": None,
        "scenario": "single_stream",
        "batch": 1,
        "n": 4812,
        "slices": 63,
        "workers": 3,
        "latency_ms": {
            "median": 0.61834,
            "median_ci95": [0.60921, 0.62733],
            "p90": 0.70412,
            "p99": None,
            "p99_reason": "p99 needs 1,000 effective samples; 4,812 are worth 310",
            "p99_early_stopping": 0.91734,
            "on_cpu": None,
            "on_cpu_reason": "the runtime computes on other threads",
            "first_call": 3.91,
        },
        "throughput_per_s": 1589.3,
        "memory": {
            "peak_bytes": 61_341_696,
            "steady_bytes": 58_720_256,
            "arena_bytes": None,
            "arena_bytes_reason": "the runtime does not say",
            "scope": "process",
        },
        "power": None,
        "power_reason": _NO_POWER,
        "energy_mj": None,
        "energy_mj_reason": _NO_POWER,
        "accuracy": {
            "metric": "accuracy",
            "value": 0.9725,
            "ci95": [0.9514, 0.9846],
            "n": 400,
        },
        "throttled": "unknown",
        "throttled_reason": "no throttle sensor",
        "case_key": "c" * 64,
        "variant_sha256": "a" * 64,
        "run": "0b6c",
        "environment": ENVIRONMENT,
    }
    return row | changes


def unmeasured_row(status: str, reason: str, **changes: Any) -> dict[str, Any]:
    """Return the row of a case that has no measurement."""
    unknown = dict.fromkeys(
        (
            "latency_ms",
            "throughput_per_s",
            "memory",
            "power",
            "energy_mj",
            "accuracy",
        )
    )
    reasons = {f"{key}_reason": reason for key in unknown}
    row = measured_row(status=status, reason=reason, n=0, slices=0, workers=0)
    return row | unknown | reasons | changes


def projected_row(**changes: Any) -> dict[str, Any]:
    """Return a row with projected latency beside emulated accuracy."""
    accuracy = {"metric": "accuracy", "value": 0.96, "ci95": [0.94, 0.98], "n": 400}
    latency = {"low": 41.0, "mid": 55.0, "high": 74.0, "coverage": 0.8}
    row = measured_row(
        target="cortex-m",
        variant="int8",
        evidence="PROJECTED",
        latency_ms=latency,
        throughput_per_s=None,
        throughput_per_s_reason="not projected",
        accuracy=accuracy | {"evidence": "EMULATED"},
    )
    return row | changes


def sweep_rows() -> list[dict[str, Any]]:
    """Return sixteen cases: two targets, four variants, two batches."""
    speed = {"fp32": 1.0, "fp16": 0.97, "int8": 0.44, "int4": 0.51}
    score = {"fp32": 0.9725, "fp16": 0.9725, "int8": 0.9625, "int4": 0.915}
    bits = {"fp32": (32, 32), "fp16": (16, 32), "int8": (8, 8), "int4": (4, 8)}
    targets = {"host-onnxruntime": 0.618, "host-litert": 0.803}
    rows = []
    for target, base in targets.items():
        for variant, factor in speed.items():
            for batch in (1, 8):
                median = base * factor * (1 if batch == 1 else 6.9)
                half = median * (0.011 if batch == 1 else 0.019)
                value = score[variant]
                row = measured_row(
                    target=target,
                    runtime=target.removeprefix("host-"),
                    format="onnx" if "onnx" in target else "tflite",
                    variant=variant,
                    batch=batch,
                    weight_bits=bits[variant][0],
                    activation_bits=bits[variant][1],
                    size_bytes=round(412_672 * bits[variant][0] / 32),
                    throughput_per_s=batch * 970 / median,
                    variant_sha256=_sha256(f"{target} {variant}"),
                    case_key=_sha256(f"{target} {variant} {batch}"),
                    accuracy={
                        "metric": "accuracy",
                        "value": value,
                        "ci95": [value - 0.021, value + 0.012],
                        "n": 400,
                    },
                )
                row["latency_ms"] = row["latency_ms"] | {
                    "median": median,
                    "median_ci95": [median - half, median + half * 1.08],
                    "p90": median * 1.14,
                }
                rows.append(row)
    kept = ("variant", "target", "batch", "format", "case_key", "variant_sha256")
    same = {key: rows[6][key] for key in kept}
    rows[6] = unmeasured_row(
        "skipped", "onnxruntime has no kernel for int4 weights with int8 inputs", **same
    )
    same = {key: rows[7][key] for key in kept}
    rows[7] = unmeasured_row("failed", "worker died: signal 11 (SIGSEGV)", **same)
    rows[15] |= {
        "status": "not_converged",
        "reason": "half-width 4.1 % after 120 s, 3 % was asked",
    }
    return rows


def offline_rows() -> list[dict[str, Any]]:
    """Return the cases of ``sweep_rows`` as offline ones, without latencies."""
    rows = []
    for row in sweep_rows():
        rate = row["throughput_per_s"]
        row |= {
            "scenario": "offline",
            "latency_ms": None,
            "latency_ms_reason": "queries have no latency of their own",
            "throughput_per_s_ci95": rate and [rate * 0.97, rate * 1.02],
            "case_key": _sha256(f"offline {row['case_key']}"),
        }
        rows.append(row)
    return rows


def histograms(rows: list[dict[str, Any]]) -> dict[str, LatencyHistogram]:
    """Return a small histogram for each row with a latency."""
    return {
        row["case_key"]: LatencyHistogram(
            edges_ms=(median * 0.9, median, median * 2, median * 4),
            counts=(70, 27, 3),
            n=100,
            median_ms=median,
            p90_ms=row["latency_ms"]["p90"],
            p99_ms=None,
        )
        for row in rows
        if row["latency_ms"] is not None
        and (median := row["latency_ms"].get("median")) is not None
    }


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class Page(HTMLParser):
    """The elements and texts of a page; fails on tags that do not match."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.inside: dict[int, str] = {}
        self._open: list[tuple[str, int]] = []
        self.feed(html)
        self.close()
        assert not self._open, f"never closed: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"doubled attribute in {tag}: {names}"
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append((tag, len(self.elements) - 1))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, Any]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        opened, _ = self._open.pop()
        assert opened == tag, f"</{tag}> closes <{opened}>"

    def handle_data(self, data: str) -> None:
        for _, index in self._open:
            self.inside[index] = self.inside.get(index, "") + data

    def find(self, tag: str, **attributes: str) -> list[str]:
        """Return the texts of all elements with this tag and these attributes."""
        return [
            self.inside.get(index, "")
            for index, (name, given) in enumerate(self.elements)
            if name == tag
            and all(given.get(key.rstrip("_")) == v for key, v in attributes.items())
        ]

    def shape(self) -> list[tuple[str, tuple[str, ...]]]:
        """Return all tags with the names of their attributes."""
        return [(tag, tuple(sorted(given))) for tag, given in self.elements]


EXAMPLES = SimpleNamespace(
    board_rows=board_rows,
    measured_row=measured_row,
    unmeasured_row=unmeasured_row,
    projected_row=projected_row,
    sweep_rows=sweep_rows,
    offline_rows=offline_rows,
    histograms=histograms,
    sweep=SWEEP,
    runs=RUNS,
    environments=ENVIRONMENTS,
    Page=Page,
)
"""Makers of rows, runs and environments, and the parser."""
