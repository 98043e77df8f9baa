"""Hostile names: shown, kept and compared, and never interpreted by anything."""

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from support.complaints import Done, check, check_inert, dump, tree
from support.plans import write_model

PRINTABLE = {
    "markup": "<script>alert(1)</script>",
    "an image": "<img src=x onerror=alert(1)>",
    "an end tag": "</script></svg></style><script>alert(1)</script>",
    "a template": "{{ 7 * 7 }}{% include '/etc/passwd' %}",
    "mathematics": "$\\frac{1}{0}$ _x^2",
    "quotes": "\"'`\\",
    "SQL": "'; DROP TABLE result;--",
    "a path": "../../x",
    "an absolute path": "/etc/x",
    "a formula": "=cmd()|' /C calc'!A0",
    "a plus": "+1+1",
    "an at sign": "@SUM(1)",
    "rich markup": "[bold red]x[/] [link=file:///x]y[/link] :smile:",
    "per cent": "%s %d {0} {x}",
    "emojis": "\N{GRINNING FACE}" * 100,
    "a glob": "*.?[a]~$HOME",
}
"""What may be a model's name: it is printable."""

UNPRINTABLE = {
    "lines": "one\ntwo\r\nthree",
    "tabs": "\ta\tb",
    "escapes": "\x1b[31mred\x1b[0m \x1b]0;title\x07 \x9b2J",
    "right to left": "\u202egpj.exe\u202c \u2066x\u2069",
    "nothing to see": "\u200b\ufeff\u00ad",
    "a lone mark": "x\u2028y\u2029z\x85",
    "bells": "\x07\x08\x7f",
}


class Page(HTMLParser):
    """The elements and attributes of a page, and its text."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


def quoted(text: str) -> str:
    """Return a TOML string, which is one of JSON but for the character DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def write_sweep(folder: Path, name: str, model: str, device: str) -> Path:
    sweep = folder / "hostile.toml"
    sweep.write_text(
        f"name = {quoted(name)}\n"
        f'[[model]]\npath = "model.onnx"\nname = {quoted(model)}\n'
        f'[[target]]\nuse = "sim"\ndevice = {quoted(device)}\n'
        f"runtime_version = {quoted(device)}\n"
        '[[target]]\nuse = "host-litert"\n'  # which skips the model
    )
    return sweep


CASES = {
    **{name: (text, text) for name, text in PRINTABLE.items()},
    **{name: ("model", text) for name, text in UNPRINTABLE.items()},
}


@pytest.fixture(scope="session")
def plain_page(original: Path) -> Page:
    """Return the report of a store with names that nobody need fear."""
    from tierbench.harness.cli import main

    out = original.with_name("plain.html")
    url = f"sqlite:///{original}/results.db"
    assert main(["report", "--store", url, "--out", str(out)]) == 0
    return Page(out.read_text("utf-8"))


@pytest.mark.parametrize("kind", sorted(CASES))
def test_a_hostile_name_is_inert_everywhere(
    folder: Path, cli: Callable[..., Done], kind: str
) -> None:
    model, device = CASES[kind]
    sweep = write_sweep(folder, model, model, device)
    url = f"sqlite:///{folder}/hostile.db"
    before = tree(folder.parent)
    store = ["--store", url]
    run = cli("run", sweep, *store)
    assert run.status == 0, run.err
    for done in (
        run,
        cli("plan", sweep),
        cli("results", *store),
        cli("results", "--json", *store),
    ):
        check_inert(done)
    _check_rows(json.loads(cli("results", "--json", *store).out), model, device)
    _check_compare(cli, store)
    _check_csv(cli, folder, store)
    made = {"hostile.db", "hostile.db.lock", "out.csv"}
    found = tree(folder.parent) - before
    assert found == {f"work/{name}" for name in made}
    assert any("CREATE TABLE result " in line for line in dump(folder / "hostile.db"))


def _check_rows(rows: list[dict[str, object]], model: str, device: str) -> None:
    assert {row["status"] for row in rows} == {"ok", "skipped"}
    assert {row["model"] for row in rows} == {model}
    assert {row["device"] for row in rows} == {device, None}


def _check_compare(cli: Callable[..., Done], store: list[str]) -> None:
    (run,) = {row["run"] for row in json.loads(cli("results", "--json", *store).out)}
    for more in ([], ["--json"]):
        done = cli("compare", run, run, *store, *more)
        assert done.status == 0, done.err
        check_inert(done)


def _check_csv(cli: Callable[..., Done], folder: Path, store: list[str]) -> None:
    out = folder / "out.csv"
    assert cli("export", *store, "--out", out).status == 0
    text = out.read_bytes().decode()
    header, *rows = csv.reader(io.StringIO(text, newline=""))
    assert len(rows) == 2
    for row in rows:
        assert len(row) == len(header)
        for cell in row:
            number = cell.lstrip("-").replace(".", "").isdigit()
            assert number or not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


def test_a_report_of_hostile_names_shows_them_and_no_more(
    folder: Path, cli: Callable[..., Done], plain_page: Page
) -> None:
    url = f"sqlite:///{folder}/hostile.db"
    for model, device in CASES.values():
        sweep = write_sweep(folder, model, model, device)
        assert cli("run", sweep, "--store", url).status == 0
    out = folder / "out.html"
    done = cli("report", "--store", url, "--out", out)
    assert done.status == 0, done.err
    page = Page(out.read_text("utf-8"))
    for tag in ("script", "style", "iframe", "object", "link", "base", "form", "img"):
        assert page.tags.count(tag) == plain_page.tags.count(tag), tag
    assert not {name for name in page.attributes if name.startswith("on")}
    wrong = {char for char in page.text if not char.isprintable()}
    assert wrong <= set("\n\u202f\xa0"), wrong
    shown = "".join(page.text.split())
    for text in PRINTABLE.values():
        assert "".join(text.split()) in shown
    assert "49{%" not in shown


@pytest.mark.parametrize("kind", sorted(UNPRINTABLE))
def test_a_name_that_cannot_be_read_is_refused(
    folder: Path, cli: Callable[..., Done], kind: str
) -> None:
    text = UNPRINTABLE[kind]
    sweep = write_sweep(folder, text, text, "board")
    done = cli("plan", sweep)
    check(done, 2, "name: must be 1 to 100 printable characters", lines=2)


FILE_NAMES = {
    "markup": "<img src=x onerror=alert(1)>",
    "quotes": "\"'`\\",
    "SQL": "'; DROP TABLE result;--",
    "a formula": "=cmd()",
    "lines": "one\ntwo",
    "escapes": "\x1b[31mred",
    "right to left": "\u202egpj",
    "dots": "..",
    "a dash": "--help",
    "emojis": "\N{GRINNING FACE}" * 50,
    "a space": " ",
}


@pytest.mark.parametrize("kind", sorted(FILE_NAMES))
def test_a_hostile_file_name_is_inert(
    folder: Path, cli: Callable[..., Done], kind: str
) -> None:
    name = FILE_NAMES[kind]
    place = folder / "place"
    place.mkdir()
    write_model(place, f"{name}.onnx")
    np.savez(place / f"{name}.npz", input=np.zeros((2, 4), np.float32))
    sweep = place / f"{name}.toml"
    sweep.write_text(
        f'name = "x"\n[[model]]\nname = "m"\npath = {quoted(name + ".onnx")}\n'
        f'data = {quoted(name + ".npz")}\n[[target]]\nuse = "sim"\n'
    )
    before = tree(folder.parent)
    done = cli("plan", sweep)
    assert done.status == 0, done.err
    check_inert(done)
    (place / f"{name}.onnx").write_bytes(b"damaged")
    (place / f"{name}.npz").write_bytes(b"damaged")
    check(cli("plan", sweep), 2, lines=2)
    sweep.write_text("name = 5")
    check(cli("plan", sweep), 2, lines=3)
    url = f"sqlite:///{place}/{name}.db"
    done = cli("results", "--store", url)
    check(done, 3, "run a sweep first", lines=1)
    known = f"sqlite:///{folder}/results.db"
    for command in ("report", "export"):
        done = cli(command, "--store", known, "--out", place / f"{name}.out")
        assert done.status == 0, done.err
        check_inert(done)
        done = cli(command, "--store", known, "--out", place / "no" / f"{name}.out")
        check(done, 2, "--out", lines=1)
    assert tree(folder.parent) - before == {f"work/place/{name}.out"}


@pytest.mark.parametrize("kind", sorted({**PRINTABLE, **UNPRINTABLE}))
def test_a_hostile_name_of_an_array_or_on_the_command_line_is_inert(
    folder: Path, cli: Callable[..., Done], kind: str
) -> None:
    name = {**PRINTABLE, **UNPRINTABLE}[kind]
    np.savez(folder / "odd.npz", **{name: np.zeros((2, 4)), "b": np.zeros((2, 4))})
    sweep = folder / "odd.toml"
    sweep.write_text(
        'name = "x"\n[[model]]\npath = "model.onnx"\ndata = "odd.npz"\n'
        '[[target]]\nuse = "sim"\n'
    )
    before = tree(folder.parent)
    check(cli("plan", sweep), 2, "name the arrays like these", lines=1)
    store = ["--store", f"sqlite:///{folder}/results.db"]
    sweep = folder / "sweep.toml"
    check(cli("plan", sweep, f"--profile={name}"), 2, "no profile", lines=1)
    check(cli("plan", sweep, f"--target={name}"), 2, "no target", lines=1)
    check(cli("results", f"--run={name}", *store), 2, "no run", lines=1)
    check(cli("compare", *store, "--", name, name), 2, "no run", lines=1)
    check(cli("export", f"--format={name}", *store), 2, "csv", lines=1)
    check(cli("results", f"--store={name}"), 3, "sqlite:///", lines=1)
    check(cli("--", name), 2, "No such command", lines=1)
    assert tree(folder.parent) == before


@pytest.mark.parametrize("kind", sorted(UNPRINTABLE))
def test_hostile_keys_and_values_of_a_sweep_are_told_inertly(
    folder: Path, cli: Callable[..., Done], kind: str
) -> None:
    text = quoted(UNPRINTABLE[kind])
    sweep = folder / "odd.toml"
    sweep.write_text(
        f'name = "x"\nprofile = {text}\n[[model]]\npath = {text}\ndata = {text}\n'
        f'[[target]]\nuse = "sim"\n{text} = 1\ndrift = {text}\n[workload]\n'
        f"scenario = {text}\n[{text}]\n"
    )
    done = cli("plan", sweep)
    check(done, 2, lines=8)


def test_names_that_the_system_cannot_decode(folder: Path) -> None:
    command = [sys.executable, "-P", "-m", "tierbench"]
    store = ["--store", f"sqlite:///{folder}/results.db"]
    odd = bytes(folder) + b"/\xff\xfe.html"
    found = subprocess.run(
        [*command, "report", *store, "--out", odd],
        capture_output=True,
        check=False,
        env={"PYTHONIOENCODING": "ascii", "PATH": "/usr/bin:/bin"},
    )
    assert (found.returncode, found.stderr) == (0, b"")
    assert found.stdout.isascii()
    assert b"\\udcff\\udcfe.html" in found.stdout
    odd = bytes(folder) + b"/\xff.toml"
    found = subprocess.run([*command, "plan", odd], capture_output=True, check=False)
    done = Done(
        status=found.returncode,
        out=found.stdout.decode(),
        err=found.stderr.decode(),
    )
    check(done, 2, "\\udcff.toml", "does not exist", lines=1)


def test_a_terminal_without_letters_shows_them_escaped(folder: Path) -> None:
    sweep = write_sweep(folder, "x", "Größe", "Prüfstand")
    done = subprocess.run(
        [sys.executable, "-P", "-m", "tierbench", "plan", sweep],
        capture_output=True,
        check=False,
        env={"PYTHONIOENCODING": "ascii", "XDG_CACHE_HOME": str(folder / "cache")},
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"Gr\\xf6\\xdfe" in done.stdout
