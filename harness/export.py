"""Results for other programs."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TextIO

from .outcomes import RIGHT, unpack_outcomes
from .results import rows
from .store import Store
from .values import Block, Result

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet would take for a formula; names are untrusted."""

SAMPLE_COLUMNS = (
    "case_key", "run", "worker", "block", "round", "phase", "kind",
    "offset_ns", "call", "latency_ns", "off_cpu_ns",
)  # fmt: skip

OUTCOME_COLUMNS = (
    "case_key", "run", "model", "variant", "place", "metric", "data_sha256", "sample",
    "outcome",
)  # fmt: skip


def write_rows(store: Store, run: str | None, file: TextIO) -> None:
    """Write one CSV row a case; nested keys become ``latency_ms.median``."""
    flat = [dict(_flat(row)) for row in rows(store, run)]
    columns = list(dict.fromkeys(key for row in flat for key in row))
    writer = csv.DictWriter(file, columns)
    writer.writeheader()
    writer.writerows(flat)


def write_json(store: Store, run: str | None, file: TextIO) -> None:
    """Write the rows of ``results --json``."""
    json.dump(rows(store, run), file, indent=2)
    file.write("\n")


def write_samples(store: Store, run: str | None, file: TextIO) -> None:
    """Write one CSV row a call, warm-up included, in the order of measuring."""
    writer = csv.writer(file)
    writer.writerow(SAMPLE_COLUMNS)
    for result in store.results(run, latest=run is None):
        for block in result.blocks:
            writer.writerows(_samples(result, block))


def write_outcomes(store: Store, run: str | None, file: TextIO) -> None:
    """Write one CSV row a judged sample: 1 right, 0 wrong, or its error."""
    writer = csv.writer(file)
    writer.writerow(OUTCOME_COLUMNS)
    for result in store.results(run, latest=run is None, samples=False):
        if result.accuracy is None or result.accuracy.outcomes is None:
            continue
        case, kept = result.case, result.accuracy.outcomes
        names = (case.variant.model, case.variant.name, case.place)
        fixed = (
            *(case.key, result.run_id, *map(_inert, names)),
            *(_inert(result.accuracy.metric), case.data_sha256),
        )
        number = int if kept.kind == RIGHT else float
        for place, value in enumerate(unpack_outcomes(kept).tolist()):
            writer.writerow((*fixed, place, number(value)))


def _samples(result: Result, block: Block) -> Iterator[tuple[object, ...]]:
    latency, off_cpu = block.values("latency"), block.values("off_cpu")
    if latency is None:
        return
    fixed = (
        *(result.case.key, result.run_id, block.worker, block.index),
        *(block.round, str(block.phase), str(block.kind), block.offset_ns),
    )
    step = int(block.context.get("kept_every", 1))
    for place, value in enumerate(latency.tolist()):
        idle = "" if off_cpu is None else int(off_cpu[place])
        yield (*fixed, place * step, value, idle)


def _flat(row: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in row.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        elif isinstance(value, (list, tuple)):
            yield f"{prefix}{key}", _listed(value)
        else:
            yield f"{prefix}{key}", _inert(value)


def _listed(values: Sequence[Any]) -> Any:
    text = " ".join(map(str, values))
    numbers = all(isinstance(value, (int, float)) for value in values)
    return text if numbers else _inert(text)


def _inert(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return "'" + value
    return value
