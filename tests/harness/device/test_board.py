"""What runs on another machine before any worker: the lifeline, and files by hash."""

import ast
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from tierbench.harness.device import board


def held(silence_s: str) -> tuple[subprocess.Popen[bytes], Path]:
    """Hold a lifeline; return who holds it, and the pipe."""
    child = subprocess.Popen(
        [sys.executable, board.__file__, "hold", silence_s],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    told = json.loads(child.stdout.readline())
    assert told["boot_id"] == board.boot_id()
    return child, Path(told["lifeline"])


def test_it_keeps_to_the_syntax_of_an_old_python() -> None:
    text = Path(board.__file__).read_text("utf-8")
    ast.parse(text, feature_version=(3, 9))


def test_a_lifeline_lasts_as_long_as_the_host_is_heard() -> None:
    child, pipe = held("0.6")
    with child:
        assert pipe.is_fifo()
        assert oct(pipe.stat().st_mode)[-3:] == "600"
        for _ in range(4):
            time.sleep(0.3)
            os.write(child.stdin.fileno(), b".")
        assert child.poll() is None
        assert child.wait(timeout=10) == 0  # silence
    assert not pipe.parent.exists()


def test_a_lifeline_ends_with_its_input() -> None:
    child, pipe = held("600")
    with child:
        child.stdin.close()
        assert child.wait(timeout=10) == 0
    assert not pipe.parent.exists()


def test_a_name_that_leads_out_of_its_folder_is_refused(tmp_path: Path) -> None:
    manifest = '{"folder": "f", "files": [["../../evil", 1, "0"]]}'
    done = subprocess.run(
        [sys.executable, board.__file__, "take", manifest],
        env={"XDG_CACHE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "leads out of its folder" in done.stderr


def test_a_file_of_another_content_is_not_kept(tmp_path: Path) -> None:
    manifest = '{"folder": "f", "files": [["model", 4, "%s"]]}' % ("0" * 64)
    for content, said in ((b"wise", "another content"), (b"wi", "cut short")):
        done = subprocess.run(
            [sys.executable, board.__file__, "take", manifest],
            env={"XDG_CACHE_HOME": str(tmp_path)},
            capture_output=True,
            input=content,
        )
        assert done.returncode == 1
        assert said in done.stderr.decode()
        assert not list((tmp_path / "tierbench" / "pushed" / "f").iterdir())
