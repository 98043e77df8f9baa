"""Calls: what blocks hold, alone and under every demand, and what a call puts out."""

from __future__ import annotations

import io
from dataclasses import asdict, replace

import numpy as np
import pytest

from ..course import ask
from ..data import synthetic
from ..demand import Frames, Poisson, Queries, Stages
from ..errors import DataError
from ..images.layout import image_layout
from ..values import BlockKind, Clock
from ..worker import Measured, Stretch, Worker
from .subject import Note, Subject

SLICE = Stretch(
    kind=BlockKind.SLICE, calls_min=5, calls_max=1000, duration_ns=20_000_000
)

LOADED = Stretch(
    kind=BlockKind.WINDOW, calls_min=1, calls_max=30, duration_ns=600_000_000_000
)


class CallChecks(Subject):
    """What a worker does when it is asked for blocks of calls."""

    def test_measures(self, worker: Worker, note: Note) -> None:
        """A block holds one positive latency a call, within the time it took."""
        self._times_calls()
        self._bind(worker)
        block = worker.block(SLICE)
        note(calls=len(block.latency_ns), median_ns=int(np.median(block.latency_ns)))
        assert len(block.latency_ns) >= SLICE.calls_min
        assert (block.latency_ns > 0).all()
        assert len(block.gap_ns) == len(block.latency_ns) - 1
        spent = int(block.latency_ns.sum() + block.gap_ns.sum())
        assert spent == block.elapsed_ns

    def test_keeps_to_the_bound_on_calls(self, worker: Worker) -> None:
        """A block never makes more calls than it was given room for."""
        self._times_calls()
        self._bind(worker)
        narrow = Stretch(
            kind=BlockKind.SLICE, calls_min=1, calls_max=3, duration_ns=10**12
        )
        assert len(worker.block(narrow).latency_ns) == 3

    def test_answers_a_query_of_several_calls(self, worker: Worker) -> None:
        """A query's latency is that of all its calls, overlapped or not."""
        self._bind(worker)
        block = self._asked(worker, replace(SLICE, demand=Queries(calls=3)))
        assert len(block.latency_ns) >= SLICE.calls_min
        assert len(block.gap_ns) == len(block.latency_ns) - 1
        assert (block.latency_ns > 0).all()

    def test_serves_calls_when_they_are_due(self, worker: Worker) -> None:
        """A call under load is timed from its arrival; its service is part of that."""
        self._bind(worker)
        demand = Poisson(rate_per_s=2000.0, seed="contract")
        block = self._asked(worker, replace(LOADED, demand=demand))
        service = block.more["service"]
        assert len(block.latency_ns) == len(service) == LOADED.calls_max
        assert block.context["unserved"] == 0
        assert (service > 0).all()
        assert (block.latency_ns >= service).all()

    def test_an_overload_ends(self, worker: Worker) -> None:
        """Calls that come too fast are cut off, and those not served are counted."""
        self._bind(worker)
        demand = Poisson(rate_per_s=1e9, seed="contract")
        brief = replace(LOADED, calls_max=100_000, duration_ns=20_000_000)
        block = self._asked(worker, replace(brief, demand=demand))
        assert len(block.latency_ns) + block.context["unserved"] == 100_000
        assert block.context["unserved"] > 0

    def test_runs_frames_by_stage(self, worker: Worker) -> None:
        """Frames are timed whole and by stage, where the model takes images."""
        self._show(worker)
        block = self._asked(worker, replace(SLICE, demand=Stages()))
        stages = [block.more[name] for name in Stages.series]
        assert {len(stage) for stage in stages} == {len(block.latency_ns)}
        assert (block.latency_ns > 0).all()

    def test_serves_the_frames_of_many_cameras(self, worker: Worker) -> None:
        """Frames that are due together are served one after the other."""
        self._show(worker)
        demand = Frames(rate_per_s=100.0, streams=3)
        block = self._asked(worker, replace(LOADED, demand=demand))
        waits = block.latency_ns - block.more["service"]
        assert (waits[1::3] >= block.more["service"][::3]).all()

    def test_outputs_repeat(self, worker: Worker) -> None:
        """Equal inputs give equal outputs."""
        inputs = self._bind(worker)
        first, second = worker.evaluate(inputs), worker.evaluate(inputs)
        for one, other in zip(first, second, strict=True):
            np.testing.assert_array_equal(one, other)

    def test_closes_twice(self, worker: Worker) -> None:
        """Closing a closed worker does nothing."""
        self._bind(worker)
        worker.close()
        worker.close()

    def _times_calls(self) -> None:
        self._timed()
        if self.target.clock is not Clock.HOST:
            pytest.skip("the device times windows of calls, by its own clock")

    def _asked(self, worker: Worker, stretch: Stretch) -> Measured:
        """Return a block under a demand, or skip where the worker takes none."""
        if not worker.takes_demands:
            pytest.skip("the target's workers make calls in a row only")
        return ask(worker, stretch)

    def _show(self, worker: Worker) -> None:
        """Bind inputs and give the worker an image, or skip where it takes none."""
        specs = worker.open().inputs
        worker.bind(synthetic(specs, 1, 0))
        if not worker.takes_demands:
            pytest.skip("the target's workers make calls in a row only")
        if not specs:
            worker.show((), {})
            return
        try:
            layout = image_layout(specs)
        except DataError as exc:
            pytest.skip(f"the contract's model takes no images: {exc}")
        scale = {"scale": specs[0].scale, "zero_point": specs[0].zero_point}
        worker.show([_image()], {**asdict(layout), **scale})


def _image() -> bytes:
    """Return a grey image as a PNG file."""
    from PIL import Image

    file = io.BytesIO()
    Image.linear_gradient("L").save(file, "PNG")
    return file.getvalue()
