"""Published results in a store: a table of their own, beside all that was measured."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import delete, insert, select

from .. import schema
from ..database import Database
from ..errors import StoreError
from ..plain import from_plain, parse_json
from .result import PublishedResult

_PER_QUERY = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """How many results were new, told otherwise than before, or already there."""

    new: int
    changed: int
    same: int


def add_published(database: Database, results: Iterable[PublishedResult]) -> Added:
    """Add results, all or none; one of the same source takes the place of the old.

    Raise `StoreError` where the store cannot be written.
    """
    texts = {result.id: result.json for result in results}
    table = schema.published
    with database.write() as connection:
        old = {row.id: row.json for row in connection.execute(select(table))}
        wanted = {id: text for id, text in texts.items() if old.get(id) != text}
        changed = sorted(wanted.keys() & old.keys())
        for start in range(0, len(changed), _PER_QUERY):
            part = changed[start : start + _PER_QUERY]
            connection.execute(delete(table).where(table.c.id.in_(part)))
        if wanted:
            rows = [{"id": id, "json": text} for id, text in wanted.items()]
            connection.execute(insert(table), rows)
    new = len(wanted) - len(changed)
    return Added(new=new, changed=len(changed), same=len(texts) - len(wanted))


def read_all(database: Database) -> list[PublishedResult]:
    """Return all published results, sorted by network, device, scenario and source.

    Raise `StoreError` naming the one that is damaged.
    """
    found = []
    with database.read() as connection:
        for row in connection.execute(select(schema.published)):
            try:
                found.append(from_plain(PublishedResult, parse_json(row.json)))
            except StoreError as exc:
                raise StoreError(
                    f"published result {row.id!r} is damaged: {exc}; restore a copy of "
                    "the store, or import its source again into another one"
                ) from exc
    return sorted(found, key=_order)


def _order(result: PublishedResult) -> tuple[str, ...]:
    return (
        result.network or result.model,
        result.device_name or result.device,
        result.scenario,
        result.citation.round or "",
        result.key,
    )
