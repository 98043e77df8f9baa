"""The first signal leaves between rounds, the second at once."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from tierbench.harness.leaving import LEFT_EARLY, Leaving
from tierbench.harness.progress import Silence


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_asks_to_leave_and_says_so(number) -> None:
    before = signal.getsignal(number)
    told: list[str] = []
    with Leaving(Silence(), tell=told.append) as leaving:
        assert not leaving.asked()
        os.kill(os.getpid(), number)
        assert leaving.asked()
    assert told == ["leaving after this round; press again to leave at once"]
    assert signal.getsignal(number) is before


def test_by_default_it_is_said_on_standard_error(capsys) -> None:
    with Leaving(Silence()):
        os.kill(os.getpid(), signal.SIGINT)
    assert "press again" in capsys.readouterr().err


def test_the_second_signal_leaves_at_once() -> None:
    code = """
import os, signal
from tierbench.harness.leaving import Leaving
from tierbench.harness.progress import Silence
class Closing(Silence):
    def close(self):
        os.write(1, b"closed")
with Leaving(Closing()):
    os.kill(os.getpid(), signal.SIGINT)
    os.write(1, b"asked ")
    os.kill(os.getpid(), signal.SIGTERM)
    os.write(1, b"still here")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60)
    assert done.stdout == b"asked closed"
    assert done.returncode == LEFT_EARLY


def test_another_thread_than_the_first_measures_without_listening() -> None:
    found: list[object] = []

    def measure() -> None:
        with Leaving(Silence()) as leaving:
            found.append(signal.getsignal(signal.SIGINT))
            found.append(leaving.asked())

    thread = threading.Thread(target=measure)
    thread.start()
    thread.join()
    assert found == [signal.getsignal(signal.SIGINT), False]
