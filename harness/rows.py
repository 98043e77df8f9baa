"""Results as rows of the store's tables and back."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, Table, func, select

from . import schema
from .blocks import Row, pack_blocks, unpack_blocks
from .errors import StoreError
from .outcomes import unpack_outcomes
from .plain import from_plain, parse_json, parse_object, to_json, to_plain
from .values import Block, Case, Environment, Result, Variant, WorkerRecord

_EXTRA = (
    *("accuracy", "accuracy_reason", "throttled", "throttled_reason"),
    *("soak_reason", "figures"),
)


def result_rows(result: Result) -> list[tuple[Table, list[Row]]]:
    """Return the rows that hold ``result``, by table, its own table first.

    Raise `StoreError` for what has no place there: see `to_plain`, `pack_blocks`.
    """
    blocks, samples = pack_blocks(result.blocks)
    parts = [
        (schema.worker, [_worker_row(i, w) for i, w in enumerate(result.workers)]),
        (schema.block, blocks),
        (schema.samples, samples),
    ]
    rows: list[tuple[Table, list[Row]]] = [(schema.result, [_result_row(result)])]
    for table, part in parts:
        rows.append((table, [{"result_id": result.id, **row} for row in part]))
    return rows


def more_block_rows(
    connection: Connection, result_id: str, blocks: Sequence[Block]
) -> list[tuple[Table, list[Row]]]:
    """Return the rows that add blocks to a stored result, less those that it has."""
    t = schema.block.c
    numbers = select(t.number).where(t.result_id == result_id)
    known = set(connection.scalars(numbers))
    own, samples = pack_blocks([b for b in blocks if b.index not in known])
    first = _count(connection, schema.samples, result_id)
    placed = [{**row, "series": _series_from(row["series"], first)} for row in own]
    return [
        (schema.block, _moved(placed, result_id, len(known))),
        (schema.samples, _moved(samples, result_id, first)),
    ]


def _count(connection: Connection, table: Table, result_id: str) -> int:
    query = select(func.count()).select_from(table)
    return connection.scalar(query.where(table.c.result_id == result_id)) or 0


def _series_from(text: str, first: int) -> str:
    """Return a block's series, whose samples begin at another place than 0."""
    return to_json([[place + first, n] for place, n in parse_json(text)])


def _moved(rows: Sequence[Row], result_id: str, by: int) -> list[Row]:
    """Return a result's rows at places behind those that it has."""
    return [{**row, "result_id": result_id, "place": row["place"] + by} for row in rows]


def variant_row(variant: Variant) -> Row:
    """Return the row of `schema.variant`, whose key is the hash of its content."""
    text = to_json(variant)
    return {
        "key": hashlib.sha256(text.encode()).hexdigest(),
        "sha256": variant.sha256,
        "model": variant.model,
        "name": variant.name,
        "json": text,
    }


def environment_row(environment: Environment) -> Row:
    """Return the row of `schema.environment`."""
    return {"sha256": environment.sha256, "json": to_json(environment)}


def read_results(
    connection: Connection, ids: Sequence[str], *, samples: bool
) -> list[Result]:
    """Return the results with these ids in their order, absent ones left out.

    Without ``samples`` they have no blocks. Raise `StoreError` naming the result
    that is damaged.
    """
    query = (
        select(
            *schema.result.c,
            schema.variant.c.json.label("variant"),
            schema.environment.c.json.label("environment"),
        )
        .join(schema.variant)
        .outerjoin(schema.environment)
        .where(schema.result.c.id.in_(ids))
    )
    rows = {row["id"]: row for row in connection.execute(query).mappings()}
    workers = _parts(connection, schema.worker, ids)
    blocks = _parts(connection, schema.block, ids if samples else ())
    merged = _parts(connection, schema.samples, ids if samples else ())
    shared = _Shared()
    results = []
    for id in filter(rows.__contains__, ids):
        try:
            read = unpack_blocks(blocks[id], merged[id])
            results.append(_result(rows[id], shared, workers[id], read))
        except StoreError as exc:
            raise StoreError(
                f"result {id!r} is damaged: {exc}; restore a copy of the store, or "
                "measure its case again with --fresh"
            ) from exc
    return results


class _Shared:
    """Variants and environments, which many results share: each is built once."""

    def __init__(self) -> None:
        self._built: dict[str, Any] = {}

    def build(self, cls: type, text: str | None) -> Any:
        if text is None:
            return None
        if text not in self._built:
            self._built[text] = from_plain(cls, parse_json(text))
        return self._built[text]


def _result_row(result: Result) -> Row:
    case = to_plain(result.case)
    del case["variant"]  # it has a row of its own
    environment = result.environment
    return {
        "id": result.id,
        "run_id": result.run_id,
        "case_key": result.case.key,
        "variant_key": variant_row(result.case.variant)["key"],
        "case_json": to_json(case),
        "target": result.case.target,
        "environment_sha256": environment.sha256 if environment else None,
        "identity_sha256": environment.identity_sha256 if environment else None,
        "status": result.status.value,
        "reason": result.reason,
        "evidence": result.evidence.value,
        "started_at_ns": result.started_at_ns,
        "finished_at_ns": result.finished_at_ns,
        "extra": to_json({name: getattr(result, name) for name in _EXTRA}),
    }


def _worker_row(place: int, worker: WorkerRecord) -> Row:
    return {
        "place": place,
        "worker": worker.worker,
        "first_call_ns": worker.first_call_ns,
        "open_ns": worker.open_ns,
        "memory": to_json(worker.memory),
        "ran": to_json(worker.ran),
    }


def _parts(
    connection: Connection, table: Table, ids: Sequence[str]
) -> Mapping[str, list[Row]]:
    """Return the rows of these results in order, by result."""
    found: dict[str, list[Row]] = defaultdict(list)
    if ids:
        query = select(table).where(table.c.result_id.in_(ids)).order_by("place")
        for row in connection.execute(query):
            found[row.result_id].append(row._asdict())
    return found


def _result(
    row: RowMapping,
    shared: _Shared,
    workers: Sequence[Row],
    blocks: tuple[Block, ...],
) -> Result:
    variant = shared.build(Variant, row["variant"])
    case = {**parse_object(row["case_json"]), "variant": variant}
    kept = ("id", "run_id", "status", "reason", "evidence")
    plain = {name: row[name] for name in (*kept, "started_at_ns", "finished_at_ns")}
    plain |= parse_object(row["extra"])
    plain["case"] = found = from_plain(Case, case)
    if missing := set(found.chosen) - found.options.keys():
        raise StoreError(f"Case.chosen: {min(missing)!r} is no option of it")
    plain["environment"] = shared.build(Environment, row["environment"])
    plain["workers"] = [_worker(worker) for worker in workers]
    plain["blocks"] = list(blocks)
    built = from_plain(Result, plain)
    if built.accuracy and built.accuracy.outcomes:
        unpack_outcomes(built.accuracy.outcomes)  # so that damage is told here
    return built


def _worker(row: Row) -> WorkerRecord:
    plain = {k: x for k, x in row.items() if k not in ("result_id", "place")}
    for name in ("memory", "ran"):
        plain[name] = parse_json(row[name])
    return from_plain(WorkerRecord, plain)
