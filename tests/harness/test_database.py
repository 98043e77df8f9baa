from __future__ import annotations

import os
import sqlite3
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import event
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable
from store_examples import (
    example_block,
    example_case,
    example_result,
    example_run,
    one_line,
    urls,
)

from tierbench.harness import database as database_module
from tierbench.harness.errors import StoreError
from tierbench.harness.schema import metadata
from tierbench.harness.store import Store
from tierbench.harness.values import (
    Series,
)


@pytest.fixture
def url(tmp_path):
    return urls(tmp_path / "store.db")


@pytest.fixture
def store(url):
    with Store.open(url) as store:
        store.add_run(example_run())
        yield store


@pytest.mark.parametrize(
    "url",
    [
        "",
        "store.db",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///x?mode=ro",
        "mysql://host/name",
        "postgresql://host/name",
        "postgresql+psycopg://host:port/name",
    ],
)
def test_another_url_is_refused(url, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StoreError, match=r"sqlite:///path/to/file or postgresql"):
        Store.open(url)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("scheme", ["postgres", "postgresql+psycopg"])
@pytest.mark.parametrize("port", ["1", "x"])
def test_no_message_tells_the_password(scheme, port, monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StoreError) as caught:
        Store.open(f"{scheme}://me:secret@host:{port}/name")
    assert "secret" not in str(caught.value)


def test_a_missing_driver_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StoreError, match="install the driver psycopg"):
        Store.open("postgresql+psycopg://host/name")


def test_the_tables_suit_postgresql():
    dialect = postgresql.dialect()
    for table in metadata.sorted_tables:
        assert "CREATE TABLE" in str(CreateTable(table).compile(dialect=dialect))
        for index in table.indexes:
            assert "CREATE INDEX" in str(CreateIndex(index).compile(dialect=dialect))


def test_what_is_not_there_is_not_made_against_the_will(tmp_path):
    with pytest.raises(StoreError, match="does not exist; run a sweep first"):
        Store.open(urls(tmp_path / "sub" / "store.db"), create=False)
    assert list(tmp_path.iterdir()) == []
    Store.open(urls(tmp_path / "sub" / "store.db")).close()


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(StoreError, match="is a folder; give a file's path"):
        Store.open(urls(tmp_path))


@pytest.mark.parametrize("text", ["hello", "SQLite format 3\0" + "garbage" * 1000])
def test_another_file_is_refused_and_left_alone(tmp_path, text):
    path = tmp_path / "notes.txt"
    path.write_text(text)
    with pytest.raises(StoreError, match=r"notes.txt.*not (an SQLite|a) database"):
        Store.open(urls(path))
    assert path.read_text() == text


def test_a_damaged_file_is_named(store, url):
    store.add_result(example_result())
    store.close()
    content = bytearray(store.path.read_bytes())
    content[4096:] = bytes(len(content) - 4096)
    store.path.write_bytes(content)
    with pytest.raises(StoreError, match="damaged; restore a copy") as caught:
        list(Store.open(url).results())
    assert "store.db" in one_line(caught)


@contextmanager
def without_privileges():
    """Be nobody, whom unlike root permissions bind."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)


@pytest.mark.parametrize(("folder", "file"), [(0o555, 0o444), (0o777, 0o444)])
def test_a_read_only_store_is_named(folder, file):
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "store.db"
        with Store.open(urls(path)) as store:
            store.add_run(example_run())
        path.chmod(file)
        path.parent.chmod(folder)
        try:
            with (
                without_privileges(),
                pytest.raises(StoreError, match="file and folder") as caught,
                Store.open(urls(path)) as store,
            ):
                store.add_run(example_run("run2"))
        finally:
            path.parent.chmod(0o700)
    assert str(path) in one_line(caught)


def test_a_folder_that_takes_no_file_is_named():
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o555)
        for path in (Path(name, "store.db"), Path(name, "sub", "store.db")):
            with (
                without_privileges(),
                pytest.raises(StoreError, match="file and folder") as caught,
            ):
                Store.open(urls(path))
            assert str(path) in one_line(caught)


def test_a_full_disk_costs_only_what_did_not_fit(store):
    store.add_result(example_result())
    store.close()

    def limit(connection, record):
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages + 2}")

    event.listen(store._database.engine, "connect", limit)
    noise = np.random.default_rng(0).integers(0, 2**62, 100_000)
    series = Series(quantity="latency", unit="ns", values=noise)
    large = example_result(
        case=example_case("large"), blocks=(example_block(series=(series,)),)
    )
    with pytest.raises(StoreError, match="full: the disk is full; free some space"):
        store.add_result(large)
    assert len(list(store.results())) == 1


def test_a_locked_store_is_named(url, monkeypatch):
    Store.open(url).close()
    monkeypatch.setattr(database_module, "BUSY_TIMEOUT_S", 0)
    with Store.open(url) as store:
        holder = sqlite3.connect(store.path)
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="another process keeps it locked"):
            store.add_run(example_run())
        holder.close()
        store.add_run(example_run())
