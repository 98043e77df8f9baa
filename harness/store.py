"""Runs and their results in one database, where all finished results are kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import (
    Connection,
    RowMapping,
    Select,
    delete,
    func,
    insert,
    select,
    update,
)

from . import schema
from .database import Database
from .errors import NotFound, StoreError
from .migrations import bring_to_head
from .plain import from_plain, parse_json, parse_object, to_json
from .published import shelf
from .published.result import PublishedResult
from .published.shelf import Added
from .rows import (
    environment_row,
    more_block_rows,
    read_results,
    result_rows,
    variant_row,
)
from .schema import result
from .values import Block, Result, Run, Status

_NAMESPACE = UUID("6f1b5f0e-6f0c-4c0b-9d53-5d6a0b1d7c11")
_KEYS_PER_QUERY = 10_000  # SQLite takes 32,766 variables, PostgreSQL 65,535
_RESULTS_PER_QUERY = 500
_RESULTS_WITH_SAMPLES_PER_QUERY = 16
_SHOWN = 10  # known ids in a message


def result_id(run_id: str, case_key: str) -> str:
    """Return the id of the result of a case in a run: the same whenever asked."""
    return str(uuid5(_NAMESPACE, f"{run_id}/{case_key}"))


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierResult:
    """What decides whether an earlier result stands in for a new one."""

    result_id: str
    run_id: str
    identity_sha256: str | None
    status: Status
    finished_at_ns: int


class Store:
    """An open store; a context manager. Every failure of it is a `StoreError`."""

    def __init__(self, database: Database) -> None:
        """Keep an open database; call `open` instead."""
        self._database = database

    @classmethod
    def open(cls, url: str, create: bool = True) -> Store:
        """Open the store at ``url``, with the newest schema.

        ``url`` is ``sqlite:///path`` or ``postgresql+psycopg://...``. With ``create``
        an absent file and its folder are made. Raise `StoreError` where there is no
        store, or one that this tierbench cannot use.
        """
        database = Database(url, create=create)
        try:
            bring_to_head(database)
        except BaseException:
            database.close()
            raise
        return cls(database)

    @property
    def url(self) -> str:
        """Return the URL without its password."""
        return self._database.name

    @property
    def path(self) -> Path | None:
        """Return the database's file; None where it is a server's."""
        return self._database.path

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def __enter__(self) -> Store:
        """Return the store itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the database."""
        self.close()

    def lock(self) -> AbstractContextManager[None]:
        """Hold the store for one running sweep; others may still read and write.

        Entering it raises `StoreError` with the holder's pid where there is one.
        """
        return self._database.lock()

    def add_run(self, new: Run) -> None:
        """Add a run; one with its id that is already there stays as it is."""
        row = {f.name: getattr(new, f.name) for f in fields(new)}
        row["sweep"] = to_json(new.sweep)
        with self._database.write(durable=False) as connection:
            self._database.insert_new(connection, schema.run, row)

    def finish_run(self, id: str, status: str, finished_at_ns: int) -> None:
        """Say how and when (UTC, ns) a run ended; raise `NotFound` for another id."""
        values = {"status": status, "finished_at_ns": finished_at_ns}
        change = update(schema.run).where(schema.run.c.id == id).values(values)
        with self._database.write() as connection:
            found = connection.execute(change).rowcount
        if not found:
            self._check_run(id)

    def runs(self) -> tuple[Run, ...]:
        """Return all runs, the newest first."""
        with self._database.read() as connection:
            query = _newest_runs()
            return tuple(map(_run, connection.execute(query).mappings()))

    def unfinished_run(self, sweep_sha256: str) -> Run | None:
        """Return the newest run of this sweep that has not ended, None without one."""
        t = schema.run.c
        query = _newest_runs().where(
            t.sweep_sha256 == sweep_sha256, t.finished_at_ns.is_(None)
        )
        with self._database.read() as connection:
            row = connection.execute(query.limit(1)).mappings().first()
            return None if row is None else _run(row)

    def add_result(self, new: Result) -> None:
        """Add a result to its run, whole or not at all, safe from a power loss.

        One with its id that is already there stays as it is. Raise `StoreError`
        where the run is not in the store.
        """
        (own, rows), *parts = result_rows(new)
        add = self._database.insert_new
        with self._database.write() as connection:
            add(connection, schema.variant, variant_row(new.case.variant))
            if new.environment is not None:
                row = environment_row(new.environment)
                add(connection, schema.environment, row)
            if not add(connection, own, rows[0]):
                return
            for table, rows in parts:
                if rows:
                    connection.execute(insert(table), rows)
            _link(connection, new.run_id, [new.id])

    def add_soak(
        self, result_id: str, blocks: Sequence[Block], reason: str | None
    ) -> None:
        """Add a sustained run to a result that is there, whole or not at all.

        Blocks whose number the result has already are left out. ``reason`` says why
        there is no sustained run, or why it did not end; None where it did. Raise
        `NotFound` for another result.
        """
        with self._database.write() as connection:
            query = select(result.c.extra).where(result.c.id == result_id)
            found = connection.execute(query).scalar()
            if found is None:
                raise NotFound("result", result_id, [])
            extra = to_json({**parse_object(found), "soak_reason": reason})
            change = update(result).where(result.c.id == result_id)
            connection.execute(change.values(extra=extra))
            for table, rows in more_block_rows(connection, result_id, blocks):
                if rows:
                    connection.execute(insert(table), rows)

    def link_result(self, run_id: str, *result_ids: str) -> None:
        """Let earlier results stand for their cases in a run: all of them, or none.

        Raise `StoreError` where a result or the run is not in the store.
        """
        with self._database.write(durable=False) as connection:
            _link(connection, run_id, result_ids)

    def run_results(self, run_id: str) -> dict[str, str]:
        """Return the result's id of each case of a run, by case key."""
        t = schema.run_result.c
        query = select(t.case_key, t.result_id).where(t.run_id == run_id)
        with self._database.read() as connection:
            return {row.case_key: row.result_id for row in connection.execute(query)}

    def measured_until(self, run_id: str) -> tuple[int, int]:
        """Return the last round and the latest end of a run's own blocks.

        The end is in ns on the run's timeline. Without blocks it is -1 and 0.
        """
        t = schema.block.c
        found = select(func.max(t.round), func.max(t.offset_ns + t.elapsed_ns))
        found = found.join(result, result.c.id == t.result_id)
        with self._database.read() as connection:
            last, end = connection.execute(found.where(result.c.run_id == run_id)).one()
        return (-1, 0) if last is None else (int(last), int(end))

    def reusable(self, case_keys: Iterable[str]) -> dict[str, list[EarlierResult]]:
        """Return all results of each of these cases, the newest first."""
        found: dict[str, list[EarlierResult]] = {key: [] for key in case_keys}
        t = result.c
        columns = (t.case_key, t.id, t.run_id, t.identity_sha256, t.status)
        query = select(*columns, t.finished_at_ns)
        query = query.order_by(t.finished_at_ns.desc(), t.id.desc())
        with self._database.read() as connection:
            for keys in _chunks(list(found), _KEYS_PER_QUERY):
                for row in connection.execute(query.where(t.case_key.in_(keys))):
                    found[row.case_key].append(
                        EarlierResult(
                            result_id=row.id,
                            run_id=row.run_id,
                            identity_sha256=row.identity_sha256,
                            status=Status(row.status),
                            finished_at_ns=row.finished_at_ns,
                        )
                    )
        return found

    def result(self, id: str) -> Result:
        """Return a result; raise `NotFound` where the store has none with this id."""
        with self._database.read() as connection:
            found = read_results(connection, [id], samples=True)
            if found:
                return found[0]
            newest = select(result.c.id).order_by(result.c.finished_at_ns.desc())
            raise NotFound("result", id, connection.scalars(newest.limit(_SHOWN)))

    def results(
        self, run: str | None = None, *, latest: bool = False, samples: bool = True
    ) -> Iterator[Result]:
        """Yield results in the order of their start.

        ``run`` keeps those that stand for the cases of this run, reused ones
        included; ``latest`` the one of each case that finished last. Without
        ``samples`` results have no blocks and cost a hundredth. Raise `NotFound`
        where there is no such run, `StoreError` at a result that is damaged.
        """
        query = _latest() if latest else select(result.c.id)
        if run is not None:
            query = query.where(result.c.id.in_(_ids_of_run(run)))
        query = query.order_by(result.c.started_at_ns, result.c.id)
        with self._database.read() as connection:
            ids = connection.scalars(query).all()
        if run is not None and not ids:
            self._check_run(run)
        size = _RESULTS_WITH_SAMPLES_PER_QUERY if samples else _RESULTS_PER_QUERY
        for part in _chunks(ids, size):
            with self._database.read() as connection:
                found = read_results(connection, part, samples=samples)
            yield from found

    def add_published(self, results: Iterable[PublishedResult]) -> Added:
        """Add what others published, all or none; what is there already stays."""
        return shelf.add_published(self._database, results)

    def published(self) -> list[PublishedResult]:
        """Return all that others published, by network, device and scenario."""
        return shelf.read_all(self._database)

    def _check_run(self, id: str) -> None:
        known = [run.id for run in self.runs()]
        if id not in known:
            raise NotFound("run", id, known[:_SHOWN])


def _newest_runs() -> Select[Any]:
    return select(schema.run).order_by(schema.run.c.started_at_ns.desc(), "id")


def _run(row: RowMapping) -> Run:
    try:
        return from_plain(Run, {**row, "sweep": parse_json(row["sweep"])})
    except StoreError as exc:
        raise StoreError(
            f"run {row['id']!r} is damaged: {exc}; restore a copy of the store"
        ) from exc


def _link(connection: Connection, run_id: str, ids: Sequence[str]) -> None:
    """Put results into the list of a run, in place of others of their cases."""
    t = schema.run_result
    for part in _chunks(ids, _KEYS_PER_QUERY):
        query = select(result.c.case_key, result.c.id).where(result.c.id.in_(part))
        found = {row.id: row.case_key for row in connection.execute(query)}
        if missing := set(part) - found.keys():
            raise StoreError(
                f"run {run_id!r} cannot take over result {min(missing)!r}: the store "
                "does not hold it; link results that the store lists"
            )
        cases = {case_key: id for id, case_key in found.items()}
        old = delete(t).where(t.c.run_id == run_id, t.c.case_key.in_(cases))
        connection.execute(old)
        rows = [
            {"run_id": run_id, "case_key": case_key, "result_id": id}
            for case_key, id in cases.items()
        ]
        connection.execute(insert(t), rows)


def _latest() -> Select[tuple[str]]:
    """Select the newest result of each case, without a window: that costs far more."""
    t = result.c
    newest = (
        select(t.case_key, func.max(t.finished_at_ns).label("finished_at_ns"))
        .group_by(t.case_key)
        .subquery()
    )
    same = (t.case_key == newest.c.case_key) & (
        t.finished_at_ns == newest.c.finished_at_ns
    )
    # of results that finished in the same ns, one
    ids = select(func.max(t.id)).join(newest, same).group_by(t.case_key)
    return select(t.id).where(t.id.in_(ids))


def _ids_of_run(run_id: str) -> Select[tuple[str]]:
    t = schema.run_result.c
    return select(t.result_id).where(t.run_id == run_id)


def _chunks(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
