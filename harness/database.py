"""Connections to the store's database, and the one border of its errors.

All that differs between SQLite and PostgreSQL stands here.
"""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Table, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from .errors import StoreError
from .schema import version

BUSY_TIMEOUT_S = 60
"""How long a write waits for other writers."""

_DRIVERS = ("sqlite", "postgresql+psycopg")
_HEADER = b"SQLite format 3\0"
_ADVISORY_LOCK = 0x7469657262656E63  # "tierbenc"
_WRITE = "tierbench_write"

_HOLDER = (
    "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted "
    "AND ((classid::bigint << 32) | objid::bigint) = :key"
)
_VALID = "sqlite:///path/to/file or postgresql+psycopg://user@host/name"
_FOREIGN = (SQLAlchemyError, sqlite3.Error, OSError, ArithmeticError, UnicodeError)
_DAMAGE = (sqlite3.Error, UnicodeError)
_REMEDIES = {
    "SQLITE_BUSY": "another process keeps it locked; wait until that ends",
    "SQLITE_LOCKED": "another process keeps it locked; wait until that ends",
    "SQLITE_NOTADB": "it is not an SQLite database; give another path",
    "SQLITE_CORRUPT": "the file is damaged; restore a copy, or give another path",
    "SQLITE_READONLY": "it is read-only; make file and folder writable",
    "SQLITE_CANTOPEN": "it cannot be opened; make file and folder readable, writable",
    "SQLITE_PERM": "it cannot be opened; make file and folder readable, writable",
    "SQLITE_FULL": "the disk is full; free some space",
    "SQLITE_IOERR": "the disk does not answer or is full; free some space",
    "SQLITE_CONSTRAINT_FOREIGNKEY": "its run is not in the store; add the run first",
    "23503": "its run is not in the store; add the run first",  # PostgreSQL's code
}


class Database:
    """A pool of connections to one database."""

    def __init__(self, url: str, *, create: bool) -> None:
        """Check ``url`` and the file behind it; connect when first used.

        Raise `StoreError` for another kind of URL, for a folder or a foreign file,
        and where nothing is there and ``create`` is false.
        """
        parsed = _parse(url)
        self.name = parsed.render_as_string(hide_password=True)
        self.path = _file(parsed, self.name, create=create)
        if self.path is not None:  # as it is now, wherever the process goes later
            parsed = parsed.set(database=str(self.path))
        try:
            self.engine = create_engine(parsed)
        except (SQLAlchemyError, ImportError) as exc:
            raise StoreError(
                f"store {self.name!r}: {exc}; install the driver psycopg: "
                "pip install 'tierbench[postgres]'"
            ) from exc
        if self.path is not None:
            event.listen(self.engine, "connect", _set_up_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection in a transaction that sees one state; roll it back."""
        with self._border(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[Connection]:
        """Give a connection in a transaction that alone may write; commit it.

        When it is ``durable`` it outlives a power loss, else (and faster) only the
        death of the process; SQLite alone makes that difference.
        """
        with self._border(), self.engine.connect() as plain:
            synchronous = "FULL" if durable else "NORMAL"
            connection = plain.execution_options(**{_WRITE: synchronous})
            with connection.begin():
                yield connection

    def insert_new(
        self, connection: Connection, table: Table, row: Mapping[str, Any]
    ) -> bool:
        """Insert a row whose key is not there yet; return whether it was new."""
        insert = self._insert(table).values(row).on_conflict_do_nothing()
        # else the count of an INSERT is gone, or -1, once it was executed
        counted = insert.execution_options(preserve_rowcount=True)
        return connection.execute(counted).rowcount == 1

    def _insert(self, table: Table) -> Any:
        """Return the insert of the database's own dialect: the other's is slow to load.

        Both have ``on_conflict_do_nothing``, which is in no common class.
        """
        if self.path is not None:
            from sqlalchemy.dialects import sqlite

            return sqlite.insert(table)
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the only lock on the store; raise `StoreError` naming its holder."""
        locked = self._advisory_lock if self.path is None else self._file_lock
        with locked():
            yield

    def close(self) -> None:
        """Close all connections that no one uses."""
        self.engine.dispose()

    @contextmanager
    def _file_lock(self) -> Iterator[None]:
        path = f"{self.path}.lock"
        with self._border():
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            with self._border():
                self._take(descriptor)
            yield
        finally:
            os.close(descriptor)

    def _take(self, descriptor: int) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            holder = os.read(descriptor, 20).decode(errors="replace").strip()
            raise self._in_use(holder) from exc
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())

    @contextmanager
    def _advisory_lock(self) -> Iterator[None]:
        key = {"key": _ADVISORY_LOCK}
        with self._border():
            connection = self.engine.connect()
        try:
            with self._border():
                got = connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), key)
                if not got:
                    raise self._in_use(str(connection.scalar(text(_HOLDER), key)))
                connection.commit()
            yield
        finally:
            # a session's lock ends with the session, so it must not be pooled
            connection.invalidate()
            connection.close()

    def _in_use(self, holder: str) -> StoreError:
        return StoreError(
            f"store {self.name!r} is in use by the sweep of process {holder or '?'}; "
            "wait until it ends, or give another store"
        )

    @contextmanager
    def _border(self) -> Iterator[None]:
        """Translate whatever the database and its driver raise, in this one place."""
        try:
            yield
        except _FOREIGN as exc:
            raise StoreError(f"store {self.name!r}: {_explain(exc)}") from exc


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (SQLAlchemyError, ValueError) as exc:
        shown = url.rpartition("@")[2]  # no password
        raise StoreError(f"store {shown!r} is no URL; give {_VALID}") from exc
    if parsed.drivername not in _DRIVERS or not parsed.database:
        shown = parsed.render_as_string(hide_password=True)
        raise StoreError(f"store {shown!r} cannot be used; give {_VALID}")
    return parsed


def _file(url: URL, name: str, *, create: bool) -> Path | None:
    """Return the file of an SQLite URL, which may become a store; else None."""
    if url.drivername != "sqlite" or url.database is None:
        return None
    if url.database == ":memory:" or url.query:
        raise StoreError(f"store {name!r} must be a file without options; {_VALID}")
    path = Path(url.database).absolute()
    try:
        if path.is_dir():
            raise StoreError(f"store {name!r} is a folder; give a file's path")
        if not path.exists():
            if not create:
                raise StoreError(f"store {name!r} does not exist; run a sweep first")
            path.parent.mkdir(parents=True, exist_ok=True)
        elif (header := _head(path)) and header != _HEADER:
            raise StoreError(f"store {name!r}: {_REMEDIES['SQLITE_NOTADB']}")
    except (OSError, ValueError) as exc:
        raise StoreError(f"store {name!r}: {_explain(exc)}") from exc
    return path


def _head(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(len(_HEADER))


def _set_up_sqlite(connection: sqlite3.Connection, record: object) -> None:
    connection.isolation_level = None  # `_begin_sqlite` begins instead
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_S * 1000}")
    connection.execute("PRAGMA foreign_keys = ON")
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    found = {name for (name,) in tables}
    if found and version.name not in found:
        return  # a database of something else: it is refused, and stays as it is
    # Switching to WAL does not wait for its turn as other statements do.
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as exc:
            busy = exc.sqlite_errorcode == sqlite3.SQLITE_BUSY
            if not busy or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads and then writes fails when another wrote in between,
    # whatever the timeout: so writers take the lock at their beginning.
    synchronous = connection.get_execution_options().get(_WRITE)
    if synchronous:
        connection.exec_driver_sql(f"PRAGMA synchronous = {synchronous}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if synchronous else "BEGIN")


def _explain(exc: BaseException) -> str:
    """Return one line: what happened, and where known what to do about it."""
    cause = exc.orig if isinstance(exc, DBAPIError) and exc.orig else exc
    if isinstance(cause, OSError):
        full = cause.errno in (errno.ENOSPC, errno.EDQUOT)
        remedy = _REMEDIES["SQLITE_FULL" if full else "SQLITE_PERM"]
        return f"{cause.filename!r}: {cause.strerror}: {remedy}"
    said = (str(cause).strip() or type(cause).__name__).splitlines()[0]
    code = getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None)
    for known, remedy in _REMEDIES.items():
        if code and code.startswith(known):
            return f"{said[:200]}: {remedy}"
    if code in (None, "SQLITE_ERROR") and isinstance(cause, _DAMAGE):
        # text that is no UTF-8, or a table that is gone
        return f"{said[:200]}: {_REMEDIES['SQLITE_CORRUPT']}"
    return said
