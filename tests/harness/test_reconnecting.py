"""Waiting for a machine whose link was lost."""

import sys
from pathlib import Path

import pytest
from support.fake_ssh import fake_ssh, start_anew

from tierbench.harness import reconnecting
from tierbench.harness.process import Process
from tierbench.harness.reconnecting import await_machine

HERE = f"ssh://board{sys.executable}"


def test_a_machine_that_answers_is_gone_on_with(tmp_path: Path) -> None:
    with fake_ssh(tmp_path):
        assert await_machine(HERE, lambda: False) is None


def test_one_that_was_started_anew_is_not(tmp_path: Path) -> None:
    with fake_ssh(tmp_path):
        Process((), HERE).close()
        start_anew()
        why = await_machine(HERE, lambda: False)
    assert why is not None
    assert "board was started anew" in why


def test_the_wait_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconnecting, "LIMIT_S", 0.1)
    monkeypatch.setattr(reconnecting, "PAUSE_S", 0.05)
    with fake_ssh(tmp_path):
        why = await_machine("ssh://unreachable/usr/bin/python3", lambda: False)
    assert why is not None
    assert "not back within 0.1 s" in why
    assert "No route to host" in why


def test_a_wait_is_left_when_asked_to(tmp_path: Path) -> None:
    with fake_ssh(tmp_path):
        assert await_machine("ssh://unreachable/usr/bin/python3", lambda: True)


def test_this_machine_has_no_link() -> None:
    assert await_machine(None, lambda: False)
