"""What was found out about one case, as a test reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .quantity import Quantity


@dataclass(frozen=True, slots=True, repr=False)
class Findings:
    """One row of the results; see ``tierbench results --json``.

    What is not known is a quantity without a value: it prints its reason, and a
    comparison with it fails with that reason.
    """

    row: Mapping[str, Any]

    def __repr__(self) -> str:
        """Return the case's name, as a failing test shows it."""
        return f"<{_case(self.row)}: {self.row['status']}>"

    @property
    def latency(self) -> Latency:
        """Return the latency of one call, which holds a whole batch."""
        return Latency(self.row)

    @property
    def throughput_per_s(self) -> Quantity:
        """Return the samples computed in a second."""
        return _quantity(self.row, "throughput_per_s", "throughput per s", "")

    @property
    def accuracy(self) -> Quantity:
        """Return the accuracy, or whatever metric the outputs were judged by."""
        part, reason = _part(self.row, "accuracy")
        name = str(part.get("metric", "accuracy"))
        ends = part.get("ci95")
        return Quantity(
            name=name,
            value=part.get("value"),
            interval=None if ends is None else (ends[0], ends[1]),
            reason=reason,
        )

    @property
    def memory(self) -> Memory:
        """Return the memory of the process that ran the model, and of its device."""
        return Memory(self.row)

    @property
    def size(self) -> Quantity:
        """Return the size of the model's file or files."""
        return _quantity(self.row, "size_bytes", "size", "bytes")

    @property
    def energy(self) -> Energy:
        """Return the energy of one inference."""
        return Energy(self.row)

    @property
    def status(self) -> str:
        """Return ``ok`` or ``not_converged``."""
        return str(self.row["status"])

    @property
    def evidence(self) -> str:
        """Return how the numbers were obtained, as ``MEASURED``."""
        return str(self.row["evidence"])

    def quantities(self) -> tuple[Quantity, ...]:
        """Return what is worth recording of every case."""
        return (
            self.latency.median,
            self.latency.p90,
            self.latency.p99,
            self.latency.p99_early_stopping,
            self.throughput_per_s,
            self.accuracy,
            self.memory.peak,
            self.size,
            self.energy.gross,
        )


@dataclass(frozen=True, slots=True, repr=False)
class Latency:
    """Latency in ms: from inputs in host memory to outputs readable there."""

    row: Mapping[str, Any]

    def __repr__(self) -> str:
        """Return the case's name, as a failing test shows it."""
        return f"<latency of {_case(self.row)}>"

    @property
    def median(self) -> Quantity:
        """Return the median over slices."""
        return self._quantity("median")

    @property
    def p90(self) -> Quantity:
        """Return the 90th percentile over calls."""
        return self._quantity("p90")

    @property
    def p99(self) -> Quantity:
        """Return the 99th percentile over calls."""
        return self._quantity("p99")

    @property
    def p90_early_stopping(self) -> Quantity:
        """Return MLPerf's upper estimate of the 90th percentile."""
        return self._quantity("p90_early_stopping", "p90 (early stopping)")

    @property
    def p99_early_stopping(self) -> Quantity:
        """Return MLPerf's upper estimate of the 99th percentile."""
        return self._quantity("p99_early_stopping", "p99 (early stopping)")

    @property
    def on_cpu(self) -> OnCpuLatency:
        """Return the latency of calls that were not preempted."""
        return OnCpuLatency(self.row)

    @property
    def first_call(self) -> Quantity:
        """Return the first call's latency, median over processes."""
        return self._quantity("first_call")

    def _quantity(self, key: str, name: str = "") -> Quantity:
        part, reason = _part(self.row, "latency_ms")
        return _quantity(part, key, f"{name or key} latency", "ms", reason)


@dataclass(frozen=True, slots=True, repr=False)
class OnCpuLatency:
    """Latency in ms of the calls whose thread was not preempted."""

    row: Mapping[str, Any]

    def __repr__(self) -> str:
        """Return the case's name, as a failing test shows it."""
        return f"<latency on the CPU of {_case(self.row)}>"

    @property
    def median(self) -> Quantity:
        """Return the median over slices."""
        return self._quantity("median")

    @property
    def p90(self) -> Quantity:
        """Return the 90th percentile over calls."""
        return self._quantity("p90")

    @property
    def p99(self) -> Quantity:
        """Return the 99th percentile over calls."""
        return self._quantity("p99")

    def _quantity(self, key: str) -> Quantity:
        part, reason = _part(self.row, "latency_ms")
        found, why = _part(part, "on_cpu")
        return _quantity(found, key, f"{key} latency on the CPU", "ms", reason or why)


@dataclass(frozen=True, slots=True, repr=False)
class Memory:
    """Memory in bytes."""

    row: Mapping[str, Any]

    def __repr__(self) -> str:
        """Return the case's name, as a failing test shows it."""
        return f"<memory of {_case(self.row)}>"

    @property
    def peak(self) -> Quantity:
        """Return the highest since the runtime was imported."""
        return self._quantity("peak")

    @property
    def steady(self) -> Quantity:
        """Return what is taken after the warm-up."""
        return self._quantity("steady")

    @property
    def loaded(self) -> Quantity:
        """Return what is taken with the model loaded, before its first call."""
        return self._quantity("loaded")

    @property
    def baseline(self) -> Quantity:
        """Return what the runtime takes before any model; the others include it."""
        return self._quantity("baseline")

    @property
    def device(self) -> Quantity:
        """Return what the runtime tells of the accelerator's own memory."""
        return self._quantity("device")

    def _quantity(self, key: str) -> Quantity:
        part, reason = _part(self.row, "memory")
        return _quantity(part, f"{key}_bytes", f"{key} memory", "bytes", reason)


@dataclass(frozen=True, slots=True, repr=False)
class Energy:
    """Energy of one inference in mJ."""

    row: Mapping[str, Any]

    def __repr__(self) -> str:
        """Return the case's name, as a failing test shows it."""
        return f"<energy of {_case(self.row)}>"

    @property
    def gross(self) -> Quantity:
        """Return it with what the device draws idle."""
        return self._quantity("gross")

    @property
    def net(self) -> Quantity:
        """Return it without what the device draws idle."""
        return self._quantity("net")

    def _quantity(self, key: str) -> Quantity:
        part, reason = _part(self.row, "energy_mj")
        found = _quantity(part, key, f"{key} energy", "mJ", reason)
        return replace(found, scope=part.get("scope"))


def _case(row: Mapping[str, Any]) -> str:
    return (
        f"{row['model']}/{row['variant']} on {row['place']}, {row['scenario']} "
        f"batch {row['batch']}"
    )


def _part(row: Mapping[str, Any], key: str) -> tuple[Mapping[str, Any], str | None]:
    return row.get(key) or {}, row.get(f"{key}_reason")


def _quantity(
    part: Mapping[str, Any], key: str, name: str, unit: str, reason: str | None = None
) -> Quantity:
    ends = part.get(f"{key}_ci95")
    return Quantity(
        name=name,
        value=part.get(key),
        unit=unit,
        interval=None if ends is None else (ends[0], ends[1]),
        reason=reason or part.get(f"{key}_reason") or "it was not measured",
    )
