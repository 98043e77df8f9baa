"""Settings that are changed come back: on exit, on request, and after kill -9."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.machine_tree import AUTOGROUP, CPU, fit_machine

from tierbench.harness import preparing
from tierbench.harness.errors import InfrastructureError
from tierbench.harness.preparing import (
    RECORD,
    prepare,
    prepared,
    restore,
    take_back,
    wanted,
)

GOVERNORS = [f"{CPU}/cpufreq/policy{n}/scaling_governor" for n in range(2)]
UNFIT = {GOVERNORS[0]: "schedutil", GOVERNORS[1]: "ondemand", AUTOGROUP: 1,
         f"{CPU}/cpufreq/boost": 1}  # fmt: skip


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return fit_machine(tmp_path, **UNFIT)


def settings(root: Path) -> dict[str, str]:
    return {name: (root / name).read_text().strip() for name in UNFIT}


BEFORE = {name: str(value) for name, value in UNFIT.items()}
FIT = {name: "performance" if "gov" in name else "0" for name in UNFIT}


def test_settings_are_fixed_and_put_back_on_exit(root: Path) -> None:
    with prepared(root) as told:
        assert settings(root) == FIT
        assert len(told) == len(UNFIT)
    assert settings(root) == BEFORE
    assert not (root / RECORD).exists()


def test_settings_come_back_when_measuring_fails(root: Path) -> None:
    with pytest.raises(RuntimeError), prepared(root):
        raise RuntimeError("lost")
    assert settings(root) == BEFORE


def test_intels_own_switch_is_turned_the_other_way(tmp_path: Path) -> None:
    path = f"{CPU}/intel_pstate/no_turbo"
    root = fit_machine(tmp_path, **{path: 0})
    with prepared(root):
        assert (root / path).read_text().strip() == "1"
    assert (root / path).read_text().strip() == "0"


def test_a_fit_machine_is_left_alone(tmp_path: Path) -> None:
    root = fit_machine(tmp_path)
    with prepared(root) as told:
        assert told == ["nothing to change: the settings are fit"]
        assert not (root / RECORD).exists()


def test_changes_that_are_to_stay_do_so_until_they_are_put_back(root: Path) -> None:
    prepare(root, stay=True)
    assert take_back(root) == [
        "4 settings stay changed until: tierbench doctor --restore"
    ]
    assert settings(root) == FIT
    assert len(restore(root)) == len(UNFIT)
    assert settings(root) == BEFORE
    assert restore(root) == ["nothing to restore"]


SCRIPT = """
import os, signal, sys
from pathlib import Path
from tierbench.harness import preparing
root, when = Path(sys.argv[1]), int(sys.argv[2])
put, count = preparing._put, 0
def counting(*arguments):
    global count
    if count == when:
        os.kill(os.getpid(), signal.SIGKILL)
    count += 1
    return put(*arguments)
preparing._put = counting
with preparing.prepared(root):
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("when", range(len(UNFIT) + 1))
def test_after_a_kill_the_next_one_puts_all_back(root: Path, when: int) -> None:
    """Killed before any change, between two, and after all."""
    done = subprocess.run([sys.executable, "-c", SCRIPT, str(root), str(when)])
    assert done.returncode == -signal.SIGKILL
    changed = sum(settings(root)[name] != BEFORE[name] for name in UNFIT)
    assert changed == when
    (first, *rest) = take_back(root)
    assert "left this machine prepared" in first
    assert len(rest) == when
    assert settings(root) == BEFORE
    assert take_back(root) == []


def test_the_record_is_on_disk_before_anything_changes(root: Path, monkeypatch) -> None:
    synced: list[str] = []

    def note(descriptor: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        assert settings(root) == BEFORE

    monkeypatch.setattr(os, "fsync", note)
    prepare(root)
    assert str((root / RECORD).parent) in synced
    assert any(RECORD in name for name in synced)
    restore(root)


def test_a_process_that_still_measures_keeps_its_settings(root: Path) -> None:
    with prepared(root):
        assert "still measures" in take_back(root)[0]
        assert settings(root) == FIT
        with pytest.raises(InfrastructureError, match="changed already"):
            prepare(fit_machine(root, **UNFIT))
        restore(root)


def test_a_later_process_of_the_owners_number_is_another(root: Path) -> None:
    prepare(root)
    record = json.loads((root / RECORD).read_text())
    (root / RECORD).write_text(json.dumps({**record, "started": "1"}))
    assert "left this machine prepared" in take_back(root)[0]
    assert settings(root) == BEFORE


def test_what_somebody_else_has_changed_since_is_left(root: Path) -> None:
    prepare(root, stay=True)
    (root / GOVERNORS[0]).write_text("powersave\n")
    told = restore(root)
    assert any("is now 'powersave', by somebody else" in line for line in told)
    assert settings(root) == {**BEFORE, GOVERNORS[0]: "powersave"}


def test_a_setting_that_cannot_be_put_back_keeps_the_record(root, monkeypatch) -> None:
    prepare(root, stay=True)
    opened = os.open

    def refusing(path, *rest):
        if str(path).endswith(AUTOGROUP) and rest[0] & os.O_WRONLY:
            raise PermissionError(13, "Permission denied")
        return opened(path, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refusing)
        told = restore(root)
    assert any("Permission denied" in line and "sudo" in line for line in told)
    assert (root / RECORD).exists()
    restore(root)
    assert settings(root) == BEFORE


def test_a_record_that_cannot_be_removed_stops_no_command(root, monkeypatch) -> None:
    """Root was killed between putting all back and removing the record."""
    prepare(root)
    record = json.loads((root / RECORD).read_text())
    restore(root)
    (root / RECORD).write_text(json.dumps({**record, "started": "1"}))

    def refusing(self, **_) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "unlink", refusing)
    told = take_back(root)
    assert "left this machine prepared" in told[0]
    assert "cannot be removed" in told[-1]
    assert "use sudo" in told[-1]


def test_what_the_kernel_refuses_is_told_and_not_said_to_stay(
    root, monkeypatch
) -> None:
    def refusing(path, *rest):
        if rest[0] & os.O_TRUNC and "run/" not in str(path):
            raise PermissionError(13, "Permission denied")
        return opened(path, *rest)

    opened = os.open
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refusing)
        told = prepare(root, stay=True)
    assert len(told) == len(UNFIT)
    assert all("Permission denied" in line and "use sudo" in line for line in told)
    assert settings(root) == BEFORE
    assert take_back(root) == []


def test_without_permission_nothing_changes(root: Path, monkeypatch) -> None:
    (root / "run").write_text("no folder")
    with pytest.raises(InfrastructureError, match="nothing was changed; use sudo"):
        prepare(root)
    assert settings(root) == BEFORE


def record(path: str, before: str) -> str:
    """Return the text of a record with one change."""
    change = {"path": path, "before": before, "after": "1"}
    return json.dumps({"changes": [change], "owner": 1, "started": "1"})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"changes": [], "owner": "x", "started": null}',
        record("etc/passwd", "0"),
        record(f"{CPU}/../../../etc/shadow", "0"),
        record(f"{CPU}/cpufreq/policy0/../../x/scaling_governor", "0"),
        record(AUTOGROUP, "0\n; rm"),
        record(AUTOGROUP, "../x"),
    ],
)
def test_a_record_that_was_tampered_with_changes_nothing(root: Path, text: str) -> None:
    (root / RECORD).parent.mkdir(parents=True)
    (root / RECORD).write_text(text)
    with pytest.raises(InfrastructureError, match="cannot be used"):
        restore(root)
    (told,) = take_back(root)
    assert "cannot be used" in told
    assert settings(root) == BEFORE


def test_a_governor_of_odd_name_is_not_touched(root: Path) -> None:
    (root / GOVERNORS[0]).write_text("my governor!\n")
    assert GOVERNORS[0] not in {change.path for change in wanted(root)}


def test_every_setting_is_one_that_a_record_may_hold(root: Path) -> None:
    for change in wanted(root):
        assert preparing.SETTINGS.fullmatch(change.path)
