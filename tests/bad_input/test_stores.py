"""Stores that are none, or cannot be used: a reason, a remedy, and nothing lost."""

import fcntl
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from support.complaints import Done, check, dump, tree

READERS = ("results", "export", "report", "compare")
RUNNING = """
import sys, time
from tierbench.harness.store import Store
with Store.open(sys.argv[1]) as store, store.lock():
    print("locked", flush=True)
    time.sleep(60)
"""


def arguments(command: str, folder: Path, url: str) -> list[str]:
    """Return a command that would use the store at ``url``."""
    more = {
        "run": [str(folder / "sweep.toml")],
        "report": ["--out", str(folder / "out.html")],
        "export": ["--out", str(folder / "out.csv")],
        "compare": ["a", "b"],
    }
    return [command, *more.get(command, []), "--store", url]


def _text(path: Path) -> None:
    path.write_text("hello, I am no database\n" * 100)


def _folder(path: Path) -> None:
    path.mkdir()


def _foreign(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")


def _torn(path: Path) -> None:
    path.write_bytes(path.with_name("results.db").read_bytes()[:6000])


def _head_alone(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\0" + bytes(84))


def _newer(path: Path) -> None:
    shutil.copyfile(path.with_name("results.db"), path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")


def _loop(path: Path) -> None:
    path.symlink_to(path)


STORES: dict[str, tuple[Callable[[Path], None], list[str]]] = {
    "text": (_text, ["not an SQLite database", "give another path"]),
    "a folder": (_folder, ["is a folder", "give a file's path"]),
    "something else's": (_foreign, ["'recipes'", "give another path"]),
    "cut off": (_torn, ["restore a copy"]),
    "a head alone": (_head_alone, ["give another path"]),
    "newer": (_newer, ["'9999'", "upgrade tierbench"]),
    "a loop": (_loop, ["; "]),
}


@pytest.mark.parametrize("command", ["run", *READERS])
@pytest.mark.parametrize("kind", sorted(STORES))
def test_what_is_no_store_of_ours_stays_as_it_was(
    folder: Path, cli: Callable[..., Done], kind: str, command: str
) -> None:
    make, words = STORES[kind]
    path = folder / "wrong.db"
    make(path)
    content = path.read_bytes() if path.is_file() else None
    before = tree(folder)
    done = cli(*arguments(command, folder, f"sqlite:///{path}"))
    check(done, 3, str(path), *words, lines=1)
    assert done.out == ""
    assert content is None or path.read_bytes() == content
    assert tree(folder) - before <= {"wrong.db-wal", "wrong.db-shm"}


URLS = {
    "no URL": ("results.db", ["'results.db'", "sqlite:///path/to/file"]),
    "nothing": ("", ["sqlite:///path/to/file"]),
    "no path": ("sqlite://", ["sqlite:///path/to/file"]),
    "memory": ("sqlite:///:memory:", ["must be a file"]),
    "options": ("sqlite:///r.db?mode=ro", ["without options"]),
    "another kind": ("mysql://host/name", ["mysql", "postgresql+psycopg://"]),
    "a kind alone": ("oracle:", ["postgresql+psycopg://"]),
    "a port of text": ("postgresql+psycopg://u@h:x/n", ["sqlite:///path/to/file"]),
}


@pytest.mark.parametrize("kind", sorted(URLS))
@pytest.mark.parametrize("command", ["run", "results"])
def test_what_is_no_url_of_a_store(
    folder: Path,
    cli: Callable[..., Done],
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    command: str,
) -> None:
    url, words = URLS[kind]
    monkeypatch.chdir(folder)
    before = tree(folder)
    check(cli(*arguments(command, folder, url)), 3, *words, lines=1)
    assert tree(folder) == before


def test_a_server_without_its_driver(
    folder: Path, cli: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    url = "postgresql+psycopg://me:secret@host/name"
    done = cli(*arguments("run", folder, url))
    check(done, 3, "tierbench[postgres]", "me:***@host", lines=1)
    assert "secret" not in done.err


@pytest.mark.parametrize("command", READERS)
def test_a_store_that_is_not_there(
    folder: Path, cli: Callable[..., Done], command: str
) -> None:
    before = tree(folder)
    path = folder / "new" / "absent.db"
    done = cli(*arguments(command, folder, f"sqlite:///{path}"))
    check(done, 3, str(path), "does not exist; run a sweep first", lines=1)
    assert tree(folder) == before


def test_an_empty_file_becomes_a_store(folder: Path, cli: Callable[..., Done]) -> None:
    path = folder / "empty.db"
    path.touch()
    done = cli("run", folder / "sweep.toml", "--store", f"sqlite:///{path}")
    assert done.status == 0, done.err
    assert len(dump(path)) > len(dump(folder / "results.db")) / 2


def test_a_store_whose_folder_cannot_be_made(
    folder: Path, cli: Callable[..., Done]
) -> None:
    url = f"sqlite:///{folder}/model.onnx/results.db"
    check(cli(*arguments("run", folder, url)), 3, "model.onnx", "make file", lines=1)
    url = f"sqlite:///{folder}/{'x' * 300}.db"
    check(cli(*arguments("run", folder, url)), 3, "name too long", lines=1)


@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_store_that_is_read_only(
    open_folder: Path, original: Path, cli: Callable[..., Done], nobody, what: str
) -> None:
    shutil.copytree(original, open_folder / "work")
    folder = open_folder / "work"
    path = folder / "results.db"
    before = dump(path)
    (folder / "sweep.toml").write_text(
        (folder / "sweep.toml").read_text().replace("board 1", "board 2")
    )
    folder.chmod(0o777 if what == "file" else 0o755)
    path.chmod(0o644 if what == "file" else 0o666)
    with nobody():
        done = cli(*arguments("run", folder, f"sqlite:///{path}"))
    check(done, 3, str(path), "writable", lines=1)
    assert dump(path) == before


def test_a_store_that_a_sweep_holds(folder: Path, cli: Callable[..., Done]) -> None:
    url = f"sqlite:///{folder}/results.db"
    before = dump(folder / "results.db")
    child = subprocess.Popen(
        [sys.executable, "-c", RUNNING, url], stdout=subprocess.PIPE
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == b"locked\n"
        done = cli(*arguments("run", folder, url))
        check(done, 3, f"process {child.pid}", "wait until it ends", lines=1)
        assert cli("results", "--store", url).status == 0
    finally:
        child.kill()
        child.communicate()
    assert dump(folder / "results.db") == before
    assert cli(*arguments("run", folder, url)).status == 0


def _leave_a_run_open(folder: Path) -> Path:
    """Make the store's only run unfinished, and return its journal's path."""
    with closing(sqlite3.connect(folder / "results.db")) as connection, connection:
        (run,) = connection.execute("SELECT id FROM run").fetchone()
        connection.execute("UPDATE run SET finished_at_ns = NULL, status = 'running'")
        connection.execute("DELETE FROM run_result")
        connection.execute("DELETE FROM samples")
        connection.execute("DELETE FROM block")
        connection.execute("DELETE FROM worker")
        connection.execute("DELETE FROM result")
    (folder / "journal").mkdir(exist_ok=True)
    return folder / "journal" / f"{run}.journal"


def test_a_journal_that_is_damaged_in_its_middle(
    folder: Path, cli: Callable[..., Done]
) -> None:
    from tierbench.harness.journal import Journal

    path = _leave_a_run_open(folder)
    with Journal.open(path) as journal:
        for number in range(5):
            journal.append("note", {"case": "x", "number": number})
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    before = dump(folder / "results.db")
    url = f"sqlite:///{folder}/results.db"
    done = cli(*arguments("run", folder, url))
    check(done, 3, str(path), "damaged at byte", "move it away", lines=1)
    assert path.read_bytes() == content
    assert dump(folder / "results.db") == before
    path.rename(folder / "aside")
    assert cli(*arguments("run", folder, url)).status == 0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"hello, no journal\n", "no journal"),
        (b"tierbench journal 9\n", "of another version"),
    ],
)
def test_what_is_no_journal(
    folder: Path, cli: Callable[..., Done], content: bytes, words: str
) -> None:
    path = _leave_a_run_open(folder)
    path.write_bytes(content)
    done = cli(*arguments("run", folder, f"sqlite:///{folder}/results.db"))
    check(done, 3, str(path), words, "move it away", lines=1)
    assert path.read_bytes() == content


def test_a_journal_that_another_process_has(
    folder: Path, cli: Callable[..., Done]
) -> None:
    path = _leave_a_run_open(folder)
    with path.open("wb") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        done = cli(*arguments("run", folder, f"sqlite:///{folder}/results.db"))
    check(done, 3, str(path), "another process", lines=1)


REMEDIES = ("restore a copy", "give another path", "upgrade tierbench", "make file")


def test_flipped_bits_of_a_store_are_told(
    folder: Path, cli: Callable[..., Done]
) -> None:
    """Reading a damaged store ends well or with one line, never as our own error."""
    chance = random.Random("a store's flips")
    path = folder / "results.db"
    content = path.read_bytes()
    statuses = set()
    for _ in range(100):
        changed = bytearray(content)
        for _ in range(8):
            changed[chance.randrange(100, len(changed))] ^= 1 << chance.randrange(8)
        for left in folder.glob("results.db-*"):
            left.unlink()
        path.write_bytes(changed)
        more = ["--samples"] * chance.randrange(2)
        done = cli("export", *more, "--store", f"sqlite:///{path}")
        statuses.add(done.status)
        assert "internal error" not in done.err
        if done.status:
            check(done, 3, lines=1)
            assert any(word in done.err for word in REMEDIES), done.err
    assert statuses == {0, 3}


def in_a_process(*arguments: object) -> Done:
    found = subprocess.run(
        [sys.executable, "-m", "tierbench", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    return Done(status=found.returncode, out=found.stdout, err=found.stderr)


@pytest.mark.parametrize("room_bytes", [0, 100_000, 250_000])
def test_a_disk_that_is_full(
    small_disk: Path, original: Path, cli: Callable[..., Done], room_bytes: int
) -> None:
    for name in ("sweep.toml", "model.onnx", "results.db"):
        shutil.copyfile(original / name, small_disk / name)
    sweep, path = small_disk / "sweep.toml", small_disk / "results.db"
    url = f"sqlite:///{path}"
    before = cli("results", "--json", "--store", url)
    sweep.write_text(sweep.read_text().replace("board 1", "board 2"))
    free = os.statvfs(small_disk)
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(free.f_bavail * free.f_frsize - room_bytes))
    done = in_a_process("run", sweep, "--store", url)
    check(done, 3, "free", lines=1)
    assert str(small_disk) in done.complaints[0]
    ballast.unlink()
    found = cli("results", "--json", "--store", url)
    keys = {row["case_key"] for row in json.loads(before.out)}
    assert keys <= {row["case_key"] for row in json.loads(found.out)}
    assert cli("run", sweep, "--store", url).status == 0
