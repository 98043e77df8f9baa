"""Programs run for their answer: what they print, and how they fail."""

import sys
import time

import pytest

from tierbench.harness.child import WORDS_BYTES, run


def python(code: str, timeout_s: float = 20.0):
    return run([sys.executable, "-c", code], timeout_s)


def test_lines_of_json_are_kept_and_others_are_not() -> None:
    answer = python('print(\'{"a": 1}\'); print("noise"); print("[1]")')
    assert answer.lines == [{"a": 1}]
    assert answer.death is None


@pytest.mark.parametrize(
    ("code", "how"),
    [
        ("import os; os.abort()", "was ended by SIGABRT"),
        (
            "import sys; sys.exit('no\\nwhy')",
            "ended with status 1; it last printed 'why'",
        ),
        ("import os, signal; os.kill(os.getpid(), 64)", "was ended by SIG"),
    ],
)
def test_a_death_is_told_in_one_line(code: str, how: str) -> None:
    death = python(code).death
    assert death is not None
    assert death.startswith(how)
    assert "\n" not in death


def test_a_child_that_hangs_is_ended_with_its_own() -> None:
    code = "import subprocess; subprocess.run(['sleep', '60'])"
    began = time.monotonic()
    answer = python(code, timeout_s=0.5)
    assert answer.status is None
    assert "did not end in time" in (answer.death or "")
    assert time.monotonic() - began < 20


def test_what_is_printed_without_end_is_bounded() -> None:
    answer = python("import sys; sys.stderr.write('x' * (1 << 20))")
    assert len(answer.words) == WORDS_BYTES


def test_a_program_that_is_missing_is_an_os_error() -> None:
    with pytest.raises(OSError, match="nonexistent"):
        run(["/nonexistent/program"], 1.0)
