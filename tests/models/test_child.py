import faulthandler
import os

import pytest

from tierbench.harness.errors import DataError, ModelError
from tierbench.models import child
from tierbench.models.child import run


def test_what_is_done_lasts(tmp_path):
    run(lambda: (tmp_path / "made").write_bytes(b"x"), "it")
    assert (tmp_path / "made").read_bytes() == b"x"


def test_a_failure_is_one_line():
    def fail():
        raise RuntimeError("no such\noperator")

    with pytest.raises(ModelError, match=r"^it: RuntimeError: no such operator$"):
        run(fail, "it")


def test_an_error_of_ours_needs_no_name():
    def fail():
        raise DataError("give more")

    with pytest.raises(ModelError, match=r"^it: give more$"):
        run(fail, "it")


def test_a_crash_is_an_error_of_ours():
    def crash():
        faulthandler.disable()  # pytest's would show the stack amid its own output
        os.abort()

    with pytest.raises(ModelError, match="it ended with status -6"):
        run(crash, "it")


def test_an_endless_tool_is_stopped(monkeypatch):
    def spin():
        while True:
            pass

    monkeypatch.setattr(child, "CPU_S", 1)
    with pytest.raises(ModelError, match=r"it ended with status -(9|24)"):
        run(spin, "it")


def test_what_a_tool_prints_reaches_nobody(capfd):
    def chat():
        os.write(1, b"hello")
        os.write(2, b"world")

    run(chat, "it")
    assert capfd.readouterr() == ("", "")
