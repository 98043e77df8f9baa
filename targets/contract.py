"""The contract that every target keeps, as tests for a plug-in's own suite.

::

    from tierbench.targets.contract import TargetContract

    class TestMyTarget(TargetContract):
        target = MyTarget
        model = Path("tests/small.onnx")     # any file that the target runs

A target that cannot run here fails nothing: what needs it is skipped with the
target's own reason.
"""

from __future__ import annotations

import ast
import io
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, replace
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from ..harness.course import ask
from ..harness.data import synthetic
from ..harness.demand import Frames, Poisson, Queries, Stages
from ..harness.errors import CaseError, DataError, WorkerError
from ..harness.formats import inspect_model
from ..harness.hashing import file_sha256
from ..harness.images.layout import image_layout
from ..harness.target import Target
from ..harness.values import BlockKind, Case, Scenario, Variant, Workload
from ..harness.worker import Limits, Measured, Stretch, Worker

LIMITS = Limits(open_s=120.0, call_s=30.0)
DEVICE_PYTHON = (3, 9)
"""The oldest Python that a device half's syntax keeps to."""

SLICE = Stretch(
    kind=BlockKind.SLICE, calls_min=5, calls_max=1000, duration_ns=20_000_000
)


LOADED = Stretch(
    kind=BlockKind.WINDOW, calls_min=1, calls_max=30, duration_ns=600_000_000_000
)


class TargetContract:
    """What every target promises; subclass it and name the target and a model."""

    target: ClassVar[type[Target]]
    model: ClassVar[Path]

    @pytest.fixture
    def worker(self, tmp_path: Path) -> Iterator[Worker]:
        """Start a worker for the model, or skip with the target's reason."""
        target = self._available()
        case = self._case(self.model)
        artifact = target.prepare(case.variant)
        with target.launch(case, artifact, LIMITS) as worker:
            yield worker

    def test_default_options_are_valid(self) -> None:
        """Every option's default is one of its valid values."""
        for option in self.target.options:
            assert option.problem(option.default) is None, option.name

    def test_option_names_are_unique(self) -> None:
        """No two options share a name."""
        names = [option.name for option in self.target.options]
        assert len(names) == len(set(names))

    def test_says_what_to_do_when_unavailable(self) -> None:
        """A target that cannot run names the reason and the remedy."""
        missing = self.target().unavailable()
        assert missing is None or (missing.reason and missing.remedy)

    def test_a_missing_python_is_a_reason(self) -> None:
        """A Python that does not exist makes the target unavailable, not broken."""
        missing = self.target(python="/nonexistent/python").unavailable()
        assert missing is None or "/nonexistent/python" in missing.reason

    def test_describes_the_same_environment_twice(self) -> None:
        """Reuse rests on an identity that does not change by itself."""
        self._available()
        first, second = self.target().describe(), self.target().describe()
        assert first.identity_sha256 == second.identity_sha256

    def test_host_half_imports_no_runtime(self) -> None:
        """The harness's process never loads a vendor's runtime."""
        module, name = self.target.__module__, self.target.__qualname__
        device = self.target.device_modules[-1]
        code = (
            f"import sys, {module}; {module}.{name}(); "
            f"sys.exit({device!r} in sys.modules)"
        )
        assert subprocess.run([sys.executable, "-c", code]).returncode == 0

    def test_device_half_keeps_to_old_syntax(self) -> None:
        """The device half compiles on the oldest Python that a board may have."""
        for module in self.target.device_modules:
            spec = find_spec(module)
            assert spec is not None
            assert spec.origin is not None
            source = Path(spec.origin).read_text(encoding="utf-8")
            ast.parse(source, feature_version=DEVICE_PYTHON)

    def test_measures(self, worker: Worker) -> None:
        """A block holds one positive latency a call, within the time it took."""
        self._bind(worker)
        block = worker.block(SLICE)
        assert len(block.latency_ns) >= SLICE.calls_min
        assert (block.latency_ns > 0).all()
        assert len(block.gap_ns) == len(block.latency_ns) - 1
        spent = int(block.latency_ns.sum() + block.gap_ns.sum())
        assert spent == block.elapsed_ns

    def test_keeps_to_the_bound_on_calls(self, worker: Worker) -> None:
        """A block never makes more calls than it was given room for."""
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

    def test_tells_what_ran(self, worker: Worker) -> None:
        """What really ran names its provider."""
        bound = worker.bind(self._inputs(worker))
        assert bound.first_call_ns > 0
        assert bound.ran["provider"]

    def test_outputs_repeat(self, worker: Worker) -> None:
        """Equal inputs give equal outputs."""
        inputs = self._bind(worker)
        first, second = worker.evaluate(inputs), worker.evaluate(inputs)
        for one, other in zip(first, second, strict=True):
            np.testing.assert_array_equal(one, other)

    def test_memory_is_ordered(self, worker: Worker) -> None:
        """The peak is not below what is held, and every number is of bytes."""
        self._bind(worker)
        memory = worker.memory()
        if memory.peak_bytes is not None and memory.steady_bytes is not None:
            assert memory.peak_bytes >= memory.steady_bytes > 0
        told = (memory.baseline_bytes, memory.device_bytes, memory.arena_bytes)
        assert all(count is None or count >= 0 for count in told)

    def test_closes_twice(self, worker: Worker) -> None:
        """Closing a closed worker does nothing."""
        self._bind(worker)
        worker.close()
        worker.close()

    def test_garbage_is_refused_or_ignored(self, tmp_path: Path) -> None:
        """A file of garbage ends as an error of the case, never of the harness."""
        target = self._available()
        garbage = tmp_path / f"garbage{self.model.suffix}"
        garbage.write_bytes(b"\x00\xff<garbage>" * 100)
        worker = target.launch(self._case(self.model), garbage, LIMITS)
        with worker, suppress(CaseError, WorkerError):
            worker.open()

    def _available(self) -> Target:
        target = self.target()
        missing = target.unavailable()
        if missing is not None:
            pytest.skip(f"{missing.reason}; {missing.remedy}")
        return target

    def _bind(self, worker: Worker) -> dict[str, np.ndarray]:
        inputs = self._inputs(worker)
        worker.bind(inputs)
        return inputs

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

    def _inputs(self, worker: Worker) -> dict[str, np.ndarray]:
        return synthetic(worker.open().inputs, 1, 0)

    def _case(self, path: Path) -> Case:
        profile = inspect_model(path)
        variant = Variant(
            model="contract",
            name="as is",
            format=profile.format,
            size_bytes=path.stat().st_size,
            sha256=file_sha256(path),
            profile=profile,
            weight_bits=profile.weight_bits,
            activation_bits=profile.activation_bits,
            path=path,
        )
        workload = Workload(scenario=Scenario.SINGLE_STREAM, batch=1, profile="smoke")
        return Case(
            variant=variant,
            target=self.target.name,
            options=self.target().settings,
            workload=workload,
        )


def _image() -> bytes:
    """Return a grey image as a PNG file."""
    from PIL import Image

    file = io.BytesIO()
    Image.linear_gradient("L").save(file, "PNG")
    return file.getvalue()
