"""Recovery: a worker that is killed, a device that is reset, and what comes after."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace
from threading import Timer

import numpy as np
import pytest

from .. import child
from ..errors import TierbenchError, WorkerDied
from ..values import BlockKind
from ..worker import Stretch, Worker
from .subject import Note, Subject

LONG = Stretch(
    kind=BlockKind.WINDOW, calls_min=1, calls_max=10_000_000, duration_ns=30_000_000_000
)

KILLED_AFTER_S = 0.5
NOTICED_S = 10.0
"""How soon the death of a worker must be noticed."""

RESET_LIMIT_S = 300.0
"""What the command that resets a device may take, and the device to come back."""

LOOK_AGAIN_S = 2.0


class RecoveryChecks(Subject):
    """Nothing that happens to one worker outlives it."""

    def test_a_killed_worker_is_noticed_and_replaced(self, note: Note) -> None:
        """A worker that dies in a block says so; the next one works as it did."""
        self._timed()
        with self._launched(self.model) as worker:
            pid = getattr(worker, "pid", None)
            if pid is None:
                pytest.skip("the target's worker is no process of its own")
            inputs = self._bind(worker)
            before = worker.evaluate(inputs)
            killer = Timer(KILLED_AFTER_S, os.kill, (pid, signal.SIGKILL))
            killer.start()
            began_s = time.monotonic()
            try:
                with pytest.raises(WorkerDied) as caught:
                    worker.block(LONG)
            finally:
                killer.cancel()
            noticed_s = time.monotonic() - began_s
        note(message=str(caught.value)[:300], noticed_s=round(noticed_s, 3))
        assert noticed_s <= NOTICED_S, f"noticed after {noticed_s:.3g} s"
        with self._launched(self.model) as worker:
            _expect_the_same(worker, self._bind(worker), before)

    def test_a_device_that_was_reset_works_again(self, note: Note) -> None:
        """After the device is reset under a worker, a new one works as it did."""
        if not self.reset:
            pytest.skip("not done: no command that resets the device was given")
        with self._launched(self.model) as worker:
            inputs = self._bind(worker)
            before = worker.evaluate(inputs)
            done = child.run(self.reset, RESET_LIMIT_S)
            assert done.status == 0, f"{self.reset[0]} {done.death}"
            try:
                worker.block(replace(LONG, duration_ns=1_000_000_000))
                note(open_worker="went on")
            except TierbenchError as exc:
                note(open_worker=str(exc)[:300])
        began_s = time.monotonic()
        while self._afresh().unavailable() is not None:
            waited_s = time.monotonic() - began_s
            assert waited_s < RESET_LIMIT_S, "the device did not come back"
            time.sleep(LOOK_AGAIN_S)
        note(command=self.reset[0], came_back_s=round(time.monotonic() - began_s, 1))
        with self._launched(self.model) as worker:
            _expect_the_same(worker, self._bind(worker), before)


def _expect_the_same(
    worker: Worker, inputs: dict[str, np.ndarray], before: tuple[np.ndarray, ...]
) -> None:
    for one, other in zip(worker.evaluate(inputs), before, strict=True):
        np.testing.assert_array_equal(one, other)
