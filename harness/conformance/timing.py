"""Timing sanity: the device's clock, the host's and ours, one against the other."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from ..course import ask
from ..demand import DeviceTimed
from ..own_clock import DEVICE_CLOCK
from ..values import BlockKind
from ..worker import Stretch, Worker
from .subject import Note, Subject

BLOCK = Stretch(
    kind=BlockKind.SLICE, calls_min=20, calls_max=2000, duration_ns=200_000_000
)

BATCH = 8
GROWTH_MIN = 0.9
"""A batch of 8 takes at least this share of the time of one sample."""

DEVICE_SHARE_MAX = 1.01
"""The device's clock may run so much fast: 1 % is what the agreement of the two is
judged to elsewhere."""

DEVICE_SHARE_MIN = 1e-3
"""A device that was at work for less of a call's time did not make the call."""

REPEATS = 7
REPEATS_APART = 2.0
"""How far the two fastest of so many blocks may be apart."""


class TimingChecks(Subject):
    """A number of time is worth what its clock is worth."""

    def test_blocks_take_the_time_that_they_tell(
        self, worker: Worker, note: Note
    ) -> None:
        """A block's own account of its time fits into the time we waited for it."""
        self._measured()
        self._bind(worker)
        worker.block(BLOCK)
        began_ns = time.monotonic_ns()
        block = worker.block(BLOCK)
        waited_ns = time.monotonic_ns() - began_ns
        note(told_ns=block.elapsed_ns, waited_ns=waited_ns)
        assert block.elapsed_ns <= waited_ns, (
            f"the block tells of {block.elapsed_ns} ns; we waited {waited_ns} ns"
        )
        assert block.elapsed_ns >= BLOCK.duration_ns // 2 or block.made >= (
            BLOCK.calls_max
        ), f"the block ended after {block.elapsed_ns} ns and {block.made} calls"

    def test_the_same_calls_take_the_same_time(
        self, worker: Worker, note: Note
    ) -> None:
        """The two fastest of a few blocks agree: what else runs here only adds."""
        self._measured()
        self._bind(worker)
        blocks = (worker.block(BLOCK) for _ in range(REPEATS))
        fastest, second, *_ = sorted(np.median(b.latency_ns) for b in blocks)
        apart = float(second / fastest)
        note(fastest_ns=float(fastest), second_ns=float(second), apart=apart)
        assert apart <= REPEATS_APART, (
            f"of {REPEATS} blocks of the same calls the two fastest are {apart:.3g} "
            "times apart"
        )

    def test_more_work_takes_longer(self, note: Note) -> None:
        """A batch takes no less time than one of its samples."""
        self._measured()
        one_ns = self._fastest_ns(1)
        batch_ns = self._fastest_ns(BATCH)
        note(batch=BATCH, one_ns=one_ns, batch_ns=batch_ns, growth=batch_ns / one_ns)
        assert batch_ns >= GROWTH_MIN * one_ns, (
            f"a batch of {BATCH} took {batch_ns:.0f} ns, one sample {one_ns:.0f} ns"
        )

    def test_the_device_clock_fits_the_hosts(self, worker: Worker, note: Note) -> None:
        """The device was at work for no longer than the call, and for part of it."""
        self._measured()
        device_ns, host_ns = self._both_clocks(worker, note)
        share = float(np.median(device_ns) / np.median(host_ns))
        note(share=share, calls=len(device_ns))
        assert (device_ns > 0).all(), "the device's clock told a time of 0 or less"
        assert share <= DEVICE_SHARE_MAX, (
            f"the device says {np.median(device_ns):.0f} ns of a call that took "
            f"{np.median(host_ns):.0f} ns from outside"
        )
        assert share >= DEVICE_SHARE_MIN, (
            f"the device says that it was at work for {share:.2g} of the call"
        )

    def test_the_device_clock_grows_with_the_work(self, note: Note) -> None:
        """A device whose clock stands still, or is made up, tells no batch from one."""
        self._measured()
        with self._launched(self.model) as worker:
            one_ns = float(np.median(self._both_clocks(worker, note)[0]))
        with self._launched(self.model, BATCH) as worker:
            batch_ns = float(np.median(self._both_clocks(worker, note, BATCH)[0]))
        note(batch=BATCH, one_ns=one_ns, batch_ns=batch_ns)
        assert batch_ns >= GROWTH_MIN * one_ns, (
            f"by the device's clock a batch of {BATCH} took {batch_ns:.0f} ns, "
            f"one sample {one_ns:.0f} ns"
        )

    def _fastest_ns(self, batch: int) -> float:
        """Return the least of three medians: what else runs here only adds."""
        with self._launched(self.model, batch) as worker:
            worker.bind(self._inputs(worker, batch))
            worker.block(BLOCK)
            return min(float(np.median(worker.block(BLOCK).latency_ns)) for _ in "123")

    def _both_clocks(
        self, worker: Worker, note: Note, batch: int = 1
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return times of the same calls by the device's clock and by the host's."""
        ran = worker.bind(self._inputs(worker, batch)).ran
        if not ran.get(DEVICE_CLOCK):
            pytest.skip("the target tells no time of the device alone")
        note(device_clock=ran[DEVICE_CLOCK])
        worker.block(BLOCK)
        timed = ask(worker, replace(BLOCK, demand=DeviceTimed()))
        return timed.more["device"], timed.latency_ns
