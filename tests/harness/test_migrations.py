from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from tierbench.harness import migrations
from tierbench.harness.database import Database
from tierbench.harness.errors import StoreError
from tierbench.harness.schema import HEAD, metadata
from tierbench.harness.store import Store
from tierbench.harness.values import Run

RUN = Run(
    id="run1", name="n", sweep_sha256="s", sweep={}, started_at_ns=1, trigger="manual"
)
NEXT = f"""
from alembic import op
import sqlalchemy as sa
revision = "9001"
down_revision = "{HEAD}"
def upgrade():
    op.add_column("run", sa.Column("note", sa.Text()))
"""


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/store.db"


@pytest.fixture
def next_version(tmp_path, monkeypatch):
    """Return the file of a migration that comes after ours."""
    scripts = tmp_path / "100% new"
    shutil.copytree(migrations.SCRIPTS, scripts)
    monkeypatch.setattr(migrations, "SCRIPTS", scripts)
    monkeypatch.setattr(migrations, "HEAD", "9001")
    path = scripts / "versions" / "9001_note.py"
    path.write_text(NEXT)
    return path


def layout(connection):
    """Return all that the database knows of its tables."""
    found = inspect(connection)
    return {
        name: [
            [
                (c["name"], str(c["type"]), c["nullable"])
                for c in found.get_columns(name)
            ],
            found.get_pk_constraint(name),
            sorted(found.get_foreign_keys(name), key=str),
            sorted(found.get_indexes(name), key=str),
        ]
        for name in found.get_table_names()
    }


def columns(path, table):
    connection = sqlite3.connect(path)
    found = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    connection.close()
    return found


def test_head_is_the_newest_migration():
    config = Config()
    config.set_main_option("script_location", str(migrations.SCRIPTS))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_migrating_and_creating_make_the_same_tables(tmp_path):
    made, migrated = (
        Database(f"sqlite:///{tmp_path}/{name}.db", create=True) for name in "ab"
    )
    migrations.bring_to_head(made)
    with migrated.write() as connection:
        migrations.upgrade(connection, "", migrated.name)
    with made.read() as left, migrated.read() as right:
        assert layout(left) == layout(right)
        assert set(layout(left)) == set(metadata.tables)
        context = MigrationContext.configure(right)
        assert compare_metadata(context, metadata) == []
    made.close()
    migrated.close()


def test_a_store_at_head_opens_without_alembic(url):
    code = (
        "import sys\nfrom tierbench.harness.store import Store\n"
        "Store.open(sys.argv[1]).close()\nStore.open(sys.argv[1]).close()\n"
        "sys.exit('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code, url]).returncode == 0


def test_an_older_store_is_upgraded_and_keeps_its_content(url, next_version):
    with Store.open(url) as store:
        pass
    connection = sqlite3.connect(store.path)
    connection.execute("UPDATE alembic_version SET version_num = ?", [HEAD])
    connection.commit()
    connection.close()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrations, "HEAD", HEAD)
        with Store.open(url) as store:
            store.add_run(RUN)
    assert "note" not in columns(store.path, "run")
    Store.open(url).close()
    assert "note" in columns(store.path, "run")
    connection = sqlite3.connect(store.path)
    assert connection.execute("SELECT id, note FROM run").fetchall() == [("run1", None)]
    connection.close()


def test_a_store_of_before_published_results_opens(url):
    with Store.open(url) as store:
        store.add_run(RUN)
    connection = sqlite3.connect(store.path)
    connection.execute("DROP TABLE published")
    connection.execute("UPDATE alembic_version SET version_num = '0001'")
    connection.commit()
    connection.close()
    with Store.open(url) as store:
        assert store.runs() == (RUN,)
        assert store.published() == []


def test_a_failed_upgrade_leaves_the_store_as_it_was(url, next_version):
    next_version.write_text(NEXT + '    op.execute("INSERT INTO absent VALUES (1)")\n')
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrations, "HEAD", HEAD)
        with Store.open(url) as store:
            store.add_run(RUN)
    with pytest.raises(StoreError, match="no such table: absent"):
        Store.open(url)
    assert "note" not in columns(store.path, "run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrations, "HEAD", HEAD)
        with Store.open(url) as store:
            assert store.runs() == (RUN,)


def test_a_newer_store_is_refused(url):
    with Store.open(url) as store:
        pass
    connection = sqlite3.connect(store.path)
    connection.execute("UPDATE alembic_version SET version_num = '0999'")
    connection.commit()
    connection.close()
    with pytest.raises(
        StoreError, match=rf"'0999', newer than '{HEAD}'.*upgrade tierbench"
    ):
        Store.open(url)


def test_a_database_of_something_else_is_refused_and_left_alone(tmp_path, url):
    connection = sqlite3.connect(tmp_path / "store.db")
    connection.execute("CREATE TABLE recipes (title)")
    connection.close()
    with pytest.raises(StoreError, match="something else, with table 'recipes'"):
        Store.open(url)
    connection = sqlite3.connect(tmp_path / "store.db")
    tables = connection.execute("SELECT name FROM sqlite_master").fetchall()
    connection.close()
    assert tables == [("recipes",)]
