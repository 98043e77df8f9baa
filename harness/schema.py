"""The store's tables, the same on SQLite and PostgreSQL.

A change here needs a new file in ``migrations/versions`` and a new `HEAD`. Times are
UTC in ns since 1970, JSON is text with sorted keys.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    TypeDecorator,
)

HEAD = "0002"
"""The newest revision in ``migrations/versions``."""


class AnyText(TypeDecorator[str]):
    r"""Text; what no database takes (NUL, lone surrogates) becomes an escape.

    Such characters reach us in the output of a crashed runtime: it shall not cost the
    result that ``\x00`` stands for one of them.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Return ``value`` with backslash escapes where it cannot be stored."""
        if value is None:
            return None
        encoded = value.replace("\0", r"\x00").encode("utf-8", "backslashreplace")
        return encoded.decode()


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


def _text(name: str, **options: Any) -> Column[str]:
    return Column(name, AnyText(), nullable=False, **options)


def _result_key() -> Column[str]:
    return Column("result_id", ForeignKey("result.id"), nullable=False)


version = Table(
    "alembic_version",
    metadata,
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
"""Alembic's own table: one row, the revision of the schema."""

run = Table(
    "run",
    metadata,
    _text("id", primary_key=True),
    _text("name"),
    _text("sweep_sha256", index=True),
    _text("sweep"),
    Column("started_at_ns", BigInteger, nullable=False, index=True),
    _text("trigger"),
    Column("finished_at_ns", BigInteger),
    _text("status"),
    _text("tierbench_version"),
)

environment = Table(
    "environment",
    metadata,
    _text("sha256", primary_key=True),
    _text("json"),
)

variant = Table(
    "variant",
    metadata,
    _text("key", primary_key=True),
    _text("sha256", index=True),
    _text("model"),
    _text("name"),
    _text("json"),
)
"""``key`` is the sha256 of ``json``, so that results share what is really equal."""

result = Table(
    "result",
    metadata,
    _text("id", primary_key=True),
    Column("run_id", ForeignKey("run.id"), nullable=False, index=True),
    _text("case_key"),
    Column("variant_key", ForeignKey("variant.key"), nullable=False),
    _text("case_json"),
    _text("target"),
    Column("environment_sha256", ForeignKey("environment.sha256")),
    Column("identity_sha256", AnyText()),
    _text("status"),
    Column("reason", AnyText()),
    _text("evidence"),
    Column("started_at_ns", BigInteger, nullable=False),
    Column("finished_at_ns", BigInteger, nullable=False),
    _text("extra"),
    Index(None, "case_key", "finished_at_ns"),
)
"""``case_json`` lacks the variant; ``extra`` is JSON of fields that no query needs."""

run_result = Table(
    "run_result",
    metadata,
    Column("run_id", ForeignKey("run.id"), primary_key=True),
    _text("case_key", primary_key=True),
    Column("result_id", ForeignKey("result.id"), nullable=False, index=True),
)
"""The cases of a run: each with its result, new or reused from an earlier run."""

worker = Table(
    "worker",
    metadata,
    _result_key(),
    Column("place", Integer, nullable=False),
    Column("worker", Integer, nullable=False),
    Column("first_call_ns", BigInteger, nullable=False),
    Column("open_ns", BigInteger, nullable=False),
    _text("memory"),
    _text("ran"),
    PrimaryKeyConstraint("result_id", "place"),
)

block = Table(
    "block",
    metadata,
    _result_key(),
    Column("place", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    Column("worker", Integer, nullable=False),
    Column("round", Integer, nullable=False),
    _text("kind"),
    _text("phase"),
    Column("started_at_ns", BigInteger, nullable=False),
    Column("offset_ns", BigInteger, nullable=False),
    Column("elapsed_ns", BigInteger, nullable=False),
    Column("calls", BigInteger, nullable=False),
    _text("context"),
    _text("series"),
    PrimaryKeyConstraint("result_id", "place"),
)
"""``series`` is JSON: the place in `samples` and the length of each of its series."""

samples = Table(
    "samples",
    metadata,
    _result_key(),
    Column("place", Integer, nullable=False),
    Column("worker", Integer, nullable=False),
    _text("phase"),
    _text("quantity"),
    _text("unit"),
    _text("clock"),
    _text("evidence"),
    _text("codec"),
    Column("n", BigInteger, nullable=False),
    _text("dtype"),
    Column("data", LargeBinary, nullable=False),
    Column("times_dtype", AnyText()),
    Column("times", LargeBinary),
    PrimaryKeyConstraint("result_id", "place"),
)
"""The series of all blocks of one worker, phase and quantity, one after another."""

published = Table(
    "published",
    metadata,
    _text("id", primary_key=True),
    _text("json"),
)
"""What others published, apart from all that was measured; ``id`` is of its source."""
