"""The table of all cases: rows of the results as cells of text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ..harness.front import State
from .condition import RAN, condition
from .digits import byte_size, plain, with_interval
from .metrics import NO_REASON, Metric, Row, number, read, words
from .pareto import costs
from .summary import accuracy_name, outcome, place_name, workload

ABSENT = "n/a"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column's title, and whether it holds numbers."""

    title: str
    unit: str = ""
    numeric: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What one cell shows; ``sort`` is what the column is ordered by.

    ``spread`` is the interval, rounded as the value in ``text`` is. ``reason`` is set
    where the value, or only its interval, is unknown; ``why`` is then the number of
    its note. ``evidence`` is set where it differs from the row's. ``tag`` is the class
    of a state.
    """

    text: str
    spread: str = ""
    detail: str = ""
    sort: str = ""
    tag: str = ""
    evidence: str | None = None
    reason: str | None = None
    why: int | None = None

    @property
    def known(self) -> bool:
        """Return whether there is a value."""
        return self.text != ABSENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Columns and cells; ``notes`` are reasons, numbered from 1.

    ``unknown`` names the columns left out because no case knows them, each with its
    reasons.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...]
    unknown: tuple[tuple[str, tuple[str, ...]], ...]


_COLUMNS = (
    Column(title="Variant", numeric=False),
    Column(title="Target", numeric=False),
    Column(title="Workload", numeric=False),
    Column(title="Outcome", numeric=False),
    Column(title="Pareto", numeric=False),
    Column(title="Accuracy"),
    Column(title="Median latency", unit="ms"),
    Column(title="p90", unit="ms"),
    Column(title="p99", unit="ms"),
    Column(title="p99 early stopping", unit="ms"),
    Column(title="Throughput", unit="1/s"),
    Column(title="Peak memory"),
    Column(title="Model size"),
)
_COUNTED = (Column(title="Tensor arena"), Column(title="Instructions"))
"""Shown where some case knows them: most targets have neither."""

ENERGY = "Energy per inference"


def table(rows: Sequence[Row], states: Mapping[int, Mapping[str, State]]) -> Table:
    """Return the table of all rows, in their order, with its notes.

    ``states`` are those of ``pareto.states``.
    """
    scopes = _scopes(rows)
    columns = (*_COLUMNS, *_energy_columns(scopes), *_COUNTED)
    cells = [
        (*_cells(row, states.get(place, {})), *_energies(row, scopes), *_counted(row))
        for place, row in enumerate(rows)
    ]
    kept = [
        index
        for index, column in enumerate(columns)
        if not column.numeric or any(c.known or c.detail for c in _at(cells, index))
    ]
    unknown = tuple(
        (column.title, _why_unknown(rows, _at(cells, index)))
        for index, column in enumerate(columns)
        if index not in kept and column not in _COUNTED
    )
    shown = [[line[index] for index in kept] for line in cells]
    reasons = dict.fromkeys(c.reason for line in shown for c in line if c.reason)
    numbers = {why: place for place, why in enumerate(reasons, start=1) if why}
    return Table(
        columns=tuple(columns[index] for index in kept),
        rows=tuple(tuple(_noted(cell, numbers) for cell in line) for line in shown),
        notes=tuple(numbers),
        unknown=unknown,
    )


def _at(lines: Sequence[Sequence[Cell]], index: int) -> list[Cell]:
    """Return the cells of one column."""
    return [line[index] for line in lines]


def _cells(row: Row, states: Mapping[str, State]) -> tuple[Cell, ...]:
    return (
        _text(f"{words(row.get('model'))} / {words(row.get('variant'))}", _kind(row)),
        _text(place_name(row), _where(row)),
        _text(workload(row), _effort(row)),
        _text(outcome(row), condition(row), tag=outcome(row)),
        _standing(row, states),
        _metric(row, read(row, "accuracy", "value"), _accuracy_detail(row)),
        _metric(row, read(row, "latency_ms", "median"), _on_cpu(row, "median")),
        _metric(row, read(row, "latency_ms", "p90"), _on_cpu(row, "p90")),
        _metric(row, read(row, "latency_ms", "p99"), _on_cpu(row, "p99")),
        _metric(row, read(row, "latency_ms", "p99_early_stopping")),
        _metric(row, read(row, "throughput_per_s")),
        _bytes(row, read(row, "memory", "peak_bytes"), _held(row)),
        _bytes(row, read(row, "size_bytes")),
    )


def _counted(row: Row) -> tuple[Cell, ...]:
    return (
        _bytes(row, read(row, "memory", "arena_bytes")),
        _metric(row, read(row, "instructions"), _beside(row)),
    )


def _beside(row: Row) -> str:
    """Return the instructions of others' kernels for the same model, one a line."""
    figures = row.get("figures")
    held = figures.get("instructions") if isinstance(figures, Mapping) else None
    basis = held.get("basis") if isinstance(held, Mapping) else None
    others = basis.get("beside") if isinstance(basis, Mapping) else None
    if not isinstance(others, Mapping):
        return ""
    known = [(words(name), number(count)) for name, count in others.items()]
    return "\n".join(f"{name}: {plain(n)}" for name, n in known if n is not None)


def _scopes(rows: Sequence[Row]) -> tuple[str, ...]:
    """Return what the energies include, in the order in which the rows tell."""
    found = (_scope(row, "energy_mj") for row in rows)
    return tuple(dict.fromkeys(scope for scope in found if scope))


def _energy_columns(scopes: Sequence[str]) -> tuple[Column, ...]:
    """Return a column for each scope: energies of different scope are not ranked."""
    if len(scopes) < 2:
        return (Column(title=ENERGY, unit="mJ"),)
    return tuple(Column(title=f"{ENERGY}, {scope}", unit="mJ") for scope in scopes)


def _energies(row: Row, scopes: Sequence[str]) -> tuple[Cell, ...]:
    own = _scope(row, "energy_mj")
    gross = read(row, "energy_mj", "gross")
    if len(scopes) < 2:
        return (_metric(row, gross, _energy_detail(row)),)
    return tuple(
        _metric(row, gross, _energy_detail(row))
        if own in ("", scope)
        else Cell(
            text=ABSENT,
            reason=f"its energy is that of the {own}, which is not ranked with others",
        )
        for scope in scopes
    )


def _energy_detail(row: Row) -> str:
    """Return the scope, and the energy without what the device draws idle."""
    net = read(row, "energy_mj", "net")
    scope = _scope(row, "energy_mj")
    if net.value is None or not scope:
        return scope
    text = plain(net.value)
    if net.interval is not None:
        text = " ".join(with_interval(net.value, *net.interval))
    return f"{scope}\nnet {text}"


def _text(text: str, detail: str, tag: str = "") -> Cell:
    return Cell(text=text, detail=detail, sort=text, tag=tag)


def _standing(row: Row, states: Mapping[str, State]) -> Cell:
    """Return where a case stands by speed and, beneath, what other fronts it is on."""
    speed, *others = costs(row)
    state = states.get(speed.name)
    text = "not judged" if state is None else str(state)
    also = [cost.name for cost in others if states.get(cost.name) is State.FRONT]
    return Cell(
        text=text,
        detail=f"front by {' and '.join(also)}" if also else "",
        sort="" if state is None else str(list(State).index(state)),
        tag="" if state is None else text,
    )


def _metric(row: Row, metric: Metric, detail: str = "") -> Cell:
    if metric.value is None:
        return replace(_absent(metric), detail=detail)
    if metric.interval is None:
        text, spread = plain(metric.value), _no_interval(metric)
    else:
        text, spread = with_interval(metric.value, *metric.interval)
    if metric.band and metric.interval is not None:
        spread = f"{spread} ({metric.coverage * 100:.0f} % band)"
    return Cell(
        text=text,
        spread=spread,
        detail=detail,
        sort=repr(float(metric.value)),
        evidence=_other_evidence(row, metric),
        reason=metric.interval_reason,
    )


def _on_cpu(row: Row, key: str) -> str:
    """Return the same metric of the calls that were not preempted, where known."""
    latency = row.get("latency_ms")
    metric = read(latency if isinstance(latency, Mapping) else {}, "on_cpu", key)
    if metric.value is None:
        return ""
    if metric.interval is None:
        return f"on CPU {plain(metric.value)}"
    return f"on CPU {with_interval(metric.value, *metric.interval)[0]}"


def _bytes(row: Row, metric: Metric, detail: str = "") -> Cell:
    if metric.value is None:
        return _absent(metric)
    spread = _no_interval(metric)
    if metric.interval is not None:
        low, high = metric.interval
        spread = f"[{byte_size(low)}, {byte_size(high)}]"
    return Cell(
        text=byte_size(metric.value),
        spread=spread,
        detail=detail,
        sort=repr(float(metric.value)),
        evidence=_other_evidence(row, metric),
        reason=metric.interval_reason,
    )


def _no_interval(metric: Metric) -> str:
    return "no interval" if metric.interval_reason else ""


def _absent(metric: Metric) -> Cell:
    return Cell(text=ABSENT, reason=metric.reason or NO_REASON)


def _why_unknown(rows: Sequence[Row], cells: Sequence[Cell]) -> tuple[str, ...]:
    """Return the reasons of the cases that ran, or of all where none did."""
    ran = [c for row, c in zip(rows, cells, strict=True) if row.get("status") in RAN]
    return tuple(dict.fromkeys(cell.reason or NO_REASON for cell in ran or cells))


def _noted(cell: Cell, numbers: dict[str, int]) -> Cell:
    return cell if cell.reason is None else replace(cell, why=numbers[cell.reason])


def _other_evidence(row: Row, metric: Metric) -> str | None:
    same = metric.evidence == str(row.get("evidence") or "unknown")
    return None if same else words(metric.evidence).lower()


def _kind(row: Row) -> str:
    parts = [words(row["format"])] if row.get("format") else []
    bits = ((row.get("weight_bits"), "w"), (row.get("activation_bits"), "a"))
    parts += [f"{letter}{words(value)}" for value, letter in bits if value is not None]
    return " · ".join(parts)


def _where(row: Row) -> str:
    return words(row["device"]) if row.get("device") else ""


def _effort(row: Row) -> str:
    """Return how much was measured, and what share of it was preempted."""
    counts = ((row.get("slices"), "slice"), (row.get("workers"), "worker"))
    told = [
        f"{count:.0f} {noun}{'' if count == 1 else 's'}"
        for count, noun in ((number(raw), noun) for raw, noun in counts)
        if count
    ]
    if share := number(row.get("off_cpu_share")):
        told.append(f"{100 * share:.1f}\u00a0% preempted")
    return ", ".join(told)


def _accuracy_detail(row: Row) -> str:
    """Return the metric's name, unless the column says it, and the samples."""
    name = accuracy_name(row)
    samples = row["accuracy"].get("n") if name else None
    counted = "" if samples is None else f"n = {words(samples)}"
    named = "" if name in (None, "accuracy") else f"{name}"
    return ", ".join(filter(None, (named, counted)))


def _held(row: Row) -> str:
    """Return what the peak counts, and what of it is held steadily or is no model's."""
    parts = ("steady", "baseline", "device")
    known = [(name, read(row, "memory", f"{name}_bytes").value) for name in parts]
    told = [f"{name} {byte_size(value)}" for name, value in known if value is not None]
    return "\n".join(filter(None, (_scope(row, "memory"), *told)))


def _scope(row: Row, group: str) -> str:
    holder = row.get(group)
    return words(holder.get("scope") or "") if isinstance(holder, dict) else ""
