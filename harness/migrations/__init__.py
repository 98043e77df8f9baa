"""Bring a store's database to the newest schema."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, insert, inspect, select

from ..database import Database
from ..errors import StoreError
from ..schema import HEAD, metadata, version

SCRIPTS = Path(__file__).parent
"""The folder of Alembic's ``env.py`` and ``versions``."""


def bring_to_head(database: Database) -> None:
    """Create the tables of an empty database, or upgrade those of an older tierbench.

    Raise `StoreError` for a newer schema and for a database of something else.
    """
    with database.read() as connection:
        if _revision(connection, database.name) == HEAD:
            return
    with database.write() as connection:
        # read again: another process may have done it in between
        found = _revision(connection, database.name)
        if found is None:
            metadata.create_all(connection)
            connection.execute(insert(version).values(version_num=HEAD))
        elif found != HEAD:
            upgrade(connection, found, database.name)


def upgrade(connection: Connection, found: str, name: str) -> None:
    """Run the migrations after revision ``found``, "" before the first.

    Raise `StoreError` where ``found`` is none of ours.
    """
    # Alembic takes longer to import than a store takes to open.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    known = {s.revision for s in ScriptDirectory.from_config(config).walk_revisions()}
    if found and found not in known:
        raise StoreError(
            f"store {name!r} has schema {found!r}, newer than {HEAD!r} of this "
            "tierbench; upgrade tierbench, or give another store"
        )
    command.upgrade(config, "head")


def _revision(connection: Connection, name: str) -> str | None:
    """Return the schema's revision, "" before the first, None without any table."""
    inspector = inspect(connection)
    if inspector.has_table(version.name):
        return connection.scalar(select(version.c.version_num)) or ""
    if tables := inspector.get_table_names():
        raise StoreError(
            f"store {name!r} is a database of something else, with table "
            f"{tables[0]!r}; give another path"
        )
    return None
