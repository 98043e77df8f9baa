"""``tierbench doctor`` and ``run --prepare`` from the command line, on a fake root."""

import json
from pathlib import Path

import pytest
from support.machine_tree import AUTOGROUP, fit_machine, stat
from support.plans import write_model
from support.sysfs_tree import write_tree

from tierbench.harness import fitness, preparing, run
from tierbench.harness.cli import main


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in for this machine's files."""
    root = fit_machine(tmp_path / "root")
    prepared = preparing.prepared.__wrapped__
    for act in (preparing.prepare, preparing.restore, preparing.take_back, prepared):
        monkeypatch.setattr(act, "__defaults__", (root,))
    monkeypatch.setattr(fitness.examine, "__defaults__", (root, lambda: _pass(root)))
    return root


def _pass(root: Path) -> None:
    write_tree(root, {"proc/stat": stat(100)})


def doctor(capsys, *options: str) -> tuple[int, str, str]:
    status = main(["doctor", *options])
    told = capsys.readouterr()
    return status, told.out, told.err


def test_a_fit_machine_ends_with_status_0(machine: Path, capsys) -> None:
    status, out, err = doctor(capsys)
    assert status == 0
    assert "governor" in out
    assert "unfit" not in out
    assert err == ""


def test_an_unfit_one_ends_with_1_and_the_remedy(machine: Path, capsys) -> None:
    write_tree(machine, {AUTOGROUP: 1})
    status, out, _ = doctor(capsys, "--json")
    assert status == 1
    (unfit,) = [each for each in json.loads(out) if each["verdict"] == "unfit"]
    assert unfit["name"] == "autogroup"
    assert set(unfit) == {"name", "verdict", "seen", "remedy"}
    assert "doctor --fix" in unfit["remedy"]


def test_fix_and_restore(machine: Path, capsys) -> None:
    write_tree(machine, {AUTOGROUP: 1})
    status, _, err = doctor(capsys, "--fix")
    assert status == 0
    assert f"{AUTOGROUP}: 0" in err
    assert "stay changed until" in doctor(capsys)[2]
    status, _, err = doctor(capsys, "--restore")
    assert status == 1
    assert f"{AUTOGROUP}: 1" in err


def test_fix_and_restore_together_are_refused(machine: Path, capsys) -> None:
    status, _, err = doctor(capsys, "--fix", "--restore")
    assert status == 2
    assert "not both" in err


SWEEP = """\
name = "prepared"
profile = "smoke"
[[model]]
path = "model.onnx"
[[target]]
use = "sim"
"""


def test_a_run_prepares_and_puts_back(machine, tmp_path, capsys, monkeypatch) -> None:
    write_tree(machine, {AUTOGROUP: 1})
    seen = []
    run_plan = run.run_plan

    def noting(*arguments: object, **options: object) -> object:
        seen.append((machine / AUTOGROUP).read_text())
        return run_plan(*arguments, **options)

    monkeypatch.setattr(run, "run_plan", noting)
    write_model(tmp_path)
    (tmp_path / "sweep.toml").write_text(SWEEP)
    store = f"sqlite:///{tmp_path}/results.db"
    status = main(["run", str(tmp_path / "sweep.toml"), "--store", store, "--prepare"])
    assert status == 0
    assert seen == ["0\n"]
    assert (machine / AUTOGROUP).read_text() == "1\n"
    assert f"{AUTOGROUP}: 0" in capsys.readouterr().err


def test_a_run_puts_back_what_a_killed_one_left(machine, tmp_path, capsys) -> None:
    write_tree(machine, {AUTOGROUP: 1})
    preparing.prepare()
    record = machine / preparing.RECORD
    plain = json.loads(record.read_text())
    record.write_text(json.dumps({**plain, "started": "1"}))
    write_model(tmp_path)
    (tmp_path / "sweep.toml").write_text(SWEEP)
    store = f"sqlite:///{tmp_path}/results.db"
    assert main(["run", str(tmp_path / "sweep.toml"), "--store", store]) == 0
    assert (machine / AUTOGROUP).read_text() == "1\n"
    assert "left this machine prepared" in capsys.readouterr().err
