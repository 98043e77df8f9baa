"""The command line as a whole: statuses, streams, and no traceback ever."""

import os
import re
import subprocess
import sys
from importlib.metadata import EntryPoint, version
from pathlib import Path

import click
import pytest

from tierbench.harness import cli, registry
from tierbench.harness.cli import main
from tierbench.harness.commands import targets
from tierbench.harness.errors import (
    CaseError,
    InputError,
    StoreError,
    TierbenchError,
)


@pytest.fixture
def failing(monkeypatch):
    """Make ``tierbench targets`` raise."""

    def fail_with(error: BaseException) -> None:
        def fail(**_):
            raise error

        monkeypatch.setattr(targets.command, "callback", fail)

    return fail_with


def test_help_names_every_command_and_status(capsys) -> None:
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    for name in (*cli.BUILT_IN, "report"):
        assert re.search(rf"^  {name} ", out, re.MULTILINE)
    assert "2 bad input; 3 infrastructure" in " ".join(out.split())


def test_the_version_is_the_distributions(capsys) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"tierbench {version('tierbench')}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["nothing"],
        ["--nothing"],
        ["plan"],
        ["plan", "a.toml", "--nothing"],
        ["export", "--format", "xml"],
        ["compare", "one"],
        [],
    ],
)
def test_wrong_usage_is_bad_input(capsys, arguments) -> None:
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InputError("it is wrong"), 2),
        (StoreError("it is gone"), 3),
        (CaseError("it refuses"), 3),
        (TierbenchError(""), 3),
        (KeyboardInterrupt(), 3),
        (click.Abort(), 3),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_error_has_its_status_and_one_line(capsys, failing, error, status) -> None:
    failing(error)
    assert main(["targets"]) == status
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = err.split("\n")[-2:-1]
    assert err.lstrip("\n") == f"{line}\n"
    assert line.startswith("tierbench: ")
    assert str(error) in line


def test_an_errors_text_steers_no_terminal(capsys, failing) -> None:
    failing(InputError("name '\x1b[2J\u202e' is wrong"))
    main(["targets"])
    assert capsys.readouterr().err == ("tierbench: name '\\x1b[2J\\u202e' is wrong\n")


@pytest.mark.parametrize(
    "error",
    [
        ZeroDivisionError("by zero"),
        KeyError("two\nlines \x1b[2J"),
        RecursionError(),
        MemoryError(),
        AssertionError(),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_internal_error_is_one_line_and_its_traceback_a_file(
    capsys, failing, tmp_path, monkeypatch, error
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    failing(error)
    assert main(["targets"]) == 3
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert err.startswith(f"tierbench: internal error: {type(error).__name__}")
    assert "Traceback" not in err
    assert err.rstrip("\n").isprintable()
    (kept,) = (tmp_path / "tierbench" / "crashes").iterdir()
    assert str(kept) in err
    assert "Traceback" in kept.read_text()
    assert type(error).__name__ in kept.read_text()


def test_a_crash_that_cannot_be_kept_is_told_all_the_same(
    capsys, failing, tmp_path, monkeypatch
) -> None:
    (tmp_path / "tierbench").write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    failing(ZeroDivisionError("by zero"))
    assert main(["targets"]) == 3
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "ZeroDivisionError: by zero" in err


@pytest.mark.parametrize("code", ["import no_such_module", "raise SystemExit(0)"])
def test_a_broken_command_spoils_no_other(capsys, tmp_path, monkeypatch, code) -> None:
    (tmp_path / "broken_command.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    sys.modules.pop("broken_command", None)
    point = EntryPoint("extra", "broken_command:command", registry.COMMANDS)
    found = {**registry._points(registry.COMMANDS), "extra": point}
    monkeypatch.setattr(registry, "_points", lambda group: found)
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    assert "extra" in out
    assert "results" in out
    assert main(["extra", "--any", "thing"]) == 3
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "'extra' cannot be loaded" in err


def test_a_reader_that_leaves_is_no_error(tmp_path) -> None:
    """As in ``tierbench targets | head -0``."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "tierbench", "targets", "--json"],
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_console_script_and_the_module_are_the_same(tmp_path) -> None:
    script = Path(sys.executable).with_name("tierbench")
    commands = [[sys.executable, "-m", "tierbench"]]
    commands += [[str(script)]] if script.exists() else []
    for command in commands:
        done = subprocess.run(
            [*command, "plan", "missing.toml"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 2
        assert done.stderr.startswith("tierbench: missing.toml")
