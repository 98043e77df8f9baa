"""A Jetson's power mode, by programs that stand for nvpmodel and jetson_clocks."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.sysfs_tree import set_file, write_tree

from tierbench.harness.device.session import SessionError
from tierbench.targets.jetson import modes

GPU = "sys/class/devfreq/17000000.gpu"
TREE = {
    "etc/nv_tegra_release": "# R36 (release), REVISION: 4.3, GCID: 38968081",
    "etc/nvpmodel.conf": "\n".join(
        f"< POWER_MODEL ID={number} NAME={name} >"
        for number, name in enumerate(("MAXN", "MODE_15W", "MODE_30W"))
    ),
    "proc/device-tree/model": "NVIDIA Jetson AGX Orin Developer Kit\0",
    f"{GPU}/min_freq": 306_000_000,
    f"{GPU}/max_freq": 930_750_000,
}
NVPMODEL = """#!/bin/sh
case "$1" in
-q) echo "NV Power Mode: $(sed -n "$(($(cat {state}) + 1))p" {names})"; cat {state} ;;
-m) [ "$2" = 2 ] && {{ echo 'a restart is needed' >&2; exit 0; }}
    echo "$2" > {state} ;;
*) exit 2 ;;
esac
"""
CLOCKS = """#!/bin/sh
case "$1" in
--store) echo stored > "$2" ;;
--restore) [ "$(cat "$2")" = stored ] && echo off > {state} ;;
"") echo on > {state} ;;
*) exit 2 ;;
esac
"""
AS_IT_IS = {"power_mode": -1, "jetson_clocks": False}
MAXN = {"power_mode": 0, "jetson_clocks": True}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the root of a module in mode 1, whose clocks are free."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "names").write_text("MAXN\nMODE_15W\nMODE_30W\n")
    for name, text in (("nvpmodel", NVPMODEL), ("jetson_clocks", CLOCKS)):
        state = programs / f"{name}.state"
        program = programs / name
        program.write_text(text.format(state=state, names=programs / "names"))
        program.chmod(0o755)
    (programs / "sudo").write_text('#!/bin/sh\nshift\nexec "$@"\n')
    (programs / "sudo").chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=":")
    put(tmp_path, "nvpmodel", "1")
    put(tmp_path, "jetson_clocks", "off")
    return write_tree(tmp_path / "root", TREE)


def put(tmp_path: Path, program: str, state: str) -> None:
    (tmp_path / "programs" / f"{program}.state").write_text(f"{state}\n")


def now(tmp_path: Path) -> tuple[str, ...]:
    folder = tmp_path / "programs"
    names = ("nvpmodel", "jetson_clocks")
    return tuple((folder / f"{name}.state").read_text().strip() for name in names)


def test_module_release_mode_and_clocks_are_told(root) -> None:
    assert modes.identity(AS_IT_IS, str(root)) == {
        "module": "NVIDIA Jetson AGX Orin Developer Kit",
        "driver": "L4T 36.4.3",
        "power_mode": "MODE_15W (1)",
        "jetson_clocks": "off",
    }
    set_file(root, f"{GPU}/min_freq", 930_750_000)
    assert modes.identity(AS_IT_IS, str(root))["jetson_clocks"] == "on"


def test_what_is_asked_for_is_told_as_what_it_will_run_in(root) -> None:
    told = modes.identity(MAXN, str(root))
    assert (told["power_mode"], told["jetson_clocks"]) == ("MAXN (0)", "on")
    wrong = {**MAXN, "power_mode": 7}
    with pytest.raises(SessionError, match=r"7 is none .* 0 \(MAXN\), 1 \(MODE_15W\)"):
        modes.identity(wrong, str(root))


def test_nothing_is_changed_unasked(tmp_path, root) -> None:
    modes.Held(AS_IT_IS, str(root)).close()
    assert now(tmp_path) == ("1", "off")
    assert not (root / "run").exists()


def test_a_mode_is_held_by_all_who_want_it_and_put_back_by_the_last(
    tmp_path, root
) -> None:
    first, second = modes.Held(MAXN, str(root)), modes.Held(MAXN, str(root))
    assert now(tmp_path) == ("0", "on")
    first.close()
    assert now(tmp_path) == ("0", "on")
    second.close()
    assert now(tmp_path) == ("1", "off")
    assert (root / modes.RECORD).read_text() == ""


def test_two_modes_at_once_are_refused(tmp_path, root) -> None:
    held = modes.Held(MAXN, str(root))
    with pytest.raises(SessionError, match="each power mode in a run of its own"):
        modes.Held({**MAXN, "jetson_clocks": False}, str(root))
    assert now(tmp_path) == ("0", "on")
    held.close()
    assert now(tmp_path) == ("1", "off")


def test_a_mode_that_does_not_take_is_an_error_and_leaves_nothing(
    tmp_path, root
) -> None:
    with pytest.raises(SessionError, match="left the power mode at 1, not 2"):
        modes.Held({"power_mode": 2, "jetson_clocks": False}, str(root))
    assert now(tmp_path) == ("1", "off")
    assert (root / modes.RECORD).read_text() == ""


def test_what_a_killed_process_left_is_put_back_by_the_next(tmp_path, root) -> None:
    code = (
        "import sys, time; from tierbench.targets.jetson import modes\n"
        f"held = modes.Held({MAXN!r}, {str(root)!r})\n"
        "print('held', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        modes.identity(AS_IT_IS, str(root))
        assert now(tmp_path) == ("0", "on"), "it is held by a process that lives"
        os.kill(child.pid, signal.SIGKILL)
    assert now(tmp_path) == ("0", "on")
    assert json.loads((root / modes.RECORD).read_text())["before"] == 1
    assert modes.identity(AS_IT_IS, str(root))["power_mode"] == "MODE_15W (1)"
    assert now(tmp_path) == ("1", "off")


@pytest.mark.parametrize("text", ["rubbish", '{"before": 1}', '{"wish": 1}', "[1]"])
def test_a_record_that_cannot_be_used_is_told_of(tmp_path, root, text) -> None:
    (root / modes.RECORD).parent.mkdir(parents=True)
    (root / modes.RECORD).write_text(text)
    with pytest.raises(SessionError, match="set the power mode by hand and remove it"):
        modes.identity(AS_IT_IS, str(root))
    assert now(tmp_path) == ("1", "off")


def test_a_program_that_fails_is_told_with_its_words(tmp_path, root) -> None:
    program = tmp_path / "programs" / "nvpmodel"
    program.write_text("#!/bin/sh\necho NVPM ERROR: no >&2\nexit 3\n")
    with pytest.raises(SessionError, match="nvpmodel -q failed: NVPM ERROR: no"):
        modes.mode()
