"""What ``hailortcli`` writes is read with care; the program is run within bounds."""

import json
import os
import sys
import time
from pathlib import Path

import pytest
from support.hefs import write_hef

from tierbench.targets.hailo import hailortcli

ASKED = {"device_id": "", "seconds": 1, "batch": 1}


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Return a way to put a program of that name on the PATH."""

    def write(code: str) -> None:
        path = tmp_path / "bin" / "hailortcli"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!{sys.executable}\nimport os, sys, time\n{code}\n")
        path.chmod(0o755)

    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return write


def told(tmp_path: Path, asked=None) -> dict:
    hef = str(write_hef(tmp_path / "a.hef"))
    hailortcli.measure(hef, asked or ASKED)
    return hailortcli.kept(hef, asked or ASKED)


WRITES = "open(sys.argv[sys.argv.index('--json') + 1], 'w').write({!r})"
VERSION = (
    "if sys.argv[1] == '--version': sys.exit(print('HailoRT-CLI version 4.23.0'))\n"
)


def groups(**keys) -> str:
    return json.dumps({"network_groups": [{"name": "net", **keys}]})


@pytest.mark.parametrize(
    ("written", "found"),
    [
        (groups(hw_latency=2.5, overall_latency=3), (2.5, 3.0)),
        (groups(hw_latency="2.5 ms"), (2.5, None)),
        (groups(hw_latency="2.5"), (2.5, None)),
    ],
)
def test_latency_is_read_in_ms(program, tmp_path, written: str, found) -> None:
    program(VERSION + WRITES.format(written))
    answer = told(tmp_path)
    assert (answer["hw_latency_ms"], answer["overall_latency_ms"]) == found
    assert (answer["by"], answer["seconds"]) == ("hailortcli 4.23.0", 1)


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        (groups(), "tells no time on the chip"),
        (groups(hw_latency=0), "tells no time on the chip"),
        (groups(hw_latency="2.5 us"), "'2.5 us' is not in ms"),
        (groups(hw_latency=-1), "is no time"),
        (groups(hw_latency="NaN"), "is no time"),
        (groups(hw_latency=[1]), "no JSON that can be read"),
        ("", "no JSON that can be read"),
        ("[]", "no JSON that can be read"),
        (json.dumps({"network_groups": []}), "no JSON that can be read"),
        (json.dumps({"network_groups": [{}, {}]}), "no JSON that can be read"),
        (json.dumps({"network_groups": ["net"]}), "no JSON that can be read"),
    ],
)
def test_what_is_no_latency_is_a_reason(program, tmp_path, written, reason) -> None:
    program(VERSION + WRITES.format(written))
    answer = told(tmp_path)
    assert reason in answer["reason"]
    assert "hw_latency_ms" not in answer


def test_one_that_hangs_is_ended(program, tmp_path, monkeypatch) -> None:
    program("os.fork()\ntime.sleep(60)")
    monkeypatch.setattr(hailortcli, "PATIENCE_S", 0.5)
    began = time.monotonic()
    assert told(tmp_path)["reason"] == "hailortcli did not end within 1.5 s"
    assert time.monotonic() - began < 10


def test_one_that_writes_without_end_fills_no_disk(program, tmp_path) -> None:
    program(
        "with open(sys.argv[sys.argv.index('--json') + 1], 'w') as file:\n"
        "    while True: file.write('x' * 65536)"
    )
    assert "ended with status" in told(tmp_path)["reason"]


def test_one_that_cannot_be_started_is_a_reason(program, tmp_path) -> None:
    program("")
    (tmp_path / "bin" / "hailortcli").write_text("#!/nonexistent/python\n")
    assert "hailortcli cannot be started" in told(tmp_path)["reason"]


def test_its_last_words_are_the_reason(program, tmp_path) -> None:
    program("print('on and on'); sys.exit('[error] CHECK failed')")
    assert told(tmp_path)["reason"] == (
        "hailortcli ended with status 1: [error] CHECK failed"
    )


def test_the_device_is_named(program, tmp_path) -> None:
    program(
        VERSION + "assert '--device-id 0000:01:00.0 --json' in ' '.join(sys.argv)\n"
        "assert sys.argv[-2] == 'set-net'\n" + WRITES.format(groups(hw_latency=1))
    )
    answer = told(tmp_path, {**ASKED, "device_id": "0000:01:00.0"})
    assert answer["hw_latency_ms"] == 1.0


def test_what_another_case_measured_is_not_taken(program, tmp_path) -> None:
    program(VERSION + WRITES.format(groups(hw_latency=1)))
    told(tmp_path)
    hef = str(tmp_path / "a.hef")
    other = hailortcli.kept(hef, {**ASKED, "batch": 8})
    assert other == {"reason": "hailortcli was not run"}
