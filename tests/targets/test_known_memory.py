"""A model of known weight bytes, in five loading modes, to within 1 MiB.

What a mode must take is the session of a tiny model of the same graph in the same mode
(the runtime's own code and tables) and, above it, what `support.known_memory` derives
from the model's numbers.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.components import missing
from support.known_memory import MODES, WEIGHT_BYTES, Mode, write_known
from support.sessions import session

from tierbench.harness.data import synthetic
from tierbench.harness.formats import inspect_model
from tierbench.harness.values import Memory
from tierbench.targets.host_onnxruntime import HostOnnxruntime

MIB = 1 << 20
TIMES = 3


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if found := HostOnnxruntime().unavailable():
        missing("host", found.reason)
    folder = tmp_path_factory.mktemp("known")
    for external in (False, True):
        write_known(folder / f"large-{external}.onnx", external=external)
        tiny = folder / f"tiny-{external}.onnx"
        write_known(tiny, external=external, width=16, spread=256)
    return folder


@pytest.fixture(scope="module")
def large_parent() -> Iterator[None]:
    """Hold more than 1 GB in the process that starts the workers."""
    ballast = bytearray(b"\xff") * (1100 << 20)
    yield
    assert len(ballast) == 1100 << 20


def taken(path: Path, mode: Mode) -> Memory:
    with session(HostOnnxruntime, path, **mode.settings) as worker:
        bound = worker.bind(synthetic(worker.open().inputs, 1, 0))
        assert bound.ran.items() >= mode.settings.items()
        return worker.memory()


def above(found: Memory, tiny: Memory) -> dict[str, float]:
    """Return MiB above the baseline and above the tiny model's own."""

    def more(name: str) -> int:
        return getattr(found, name) - getattr(tiny, name)

    apart = more("baseline_bytes")
    return {
        "loaded": (more("loaded_bytes") - apart) / MIB,
        # the parts have no baseline of their own; their sum has
        "steady": (more("steady_bytes") - apart) / MIB,
        "steady_anonymous": more("steady_anonymous_bytes") / MIB,
        "steady_file": more("steady_file_bytes") / MIB,
        "peak_opening": (more("peak_opening_bytes") - apart) / MIB,
        "peak_first_call": (more("peak_first_call_bytes") - apart) / MIB,
        "peak_steady": (more("peak_steady_bytes") - apart) / MIB,
        "peak": (more("peak_bytes") - apart) / MIB,
    }


def expected(mode: Mode) -> dict[str, float]:
    found = {
        "loaded": mode.loaded,
        "steady": mode.steady_anonymous + mode.steady_file,
        "steady_anonymous": mode.steady_anonymous,
        "steady_file": mode.steady_file,
        "peak_opening": mode.peak_opening,
        "peak_first_call": mode.peak_call,
        "peak_steady": mode.peak_call,
        "peak": max(mode.peak_opening, mode.peak_call),
    }
    return {name: count / MIB for name, count in found.items()}


@pytest.mark.parametrize("name", MODES)
def test_each_mode_is_told_three_times_in_a_row(files: Path, name: str) -> None:
    mode = MODES[name]
    tiny = taken(files / f"tiny-{mode.external}.onnx", mode)
    for _ in range(TIMES):
        found = taken(files / f"large-{mode.external}.onnx", mode)
        assert above(found, tiny) == pytest.approx(expected(mode), abs=1.0)
        assert found.steady_bytes == pytest.approx(
            found.steady_anonymous_bytes + found.steady_file_bytes, abs=MIB / 4
        )


@pytest.mark.parametrize("name", MODES)
def test_a_large_parent_changes_nothing(
    files: Path, name: str, large_parent: None
) -> None:
    mode = MODES[name]
    tiny = taken(files / f"tiny-{mode.external}.onnx", mode)
    for _ in range(TIMES):
        found = taken(files / f"large-{mode.external}.onnx", mode)
        assert above(found, tiny) == pytest.approx(expected(mode), abs=1.0)
        assert found.peak_bytes < 400 * MIB


def test_the_weights_are_counted_in_the_file(files: Path) -> None:
    for external in (False, True):
        profile = inspect_model(files / f"large-{external}.onnx")
        # the activation's shape, two integers, is a parameter of the file's too
        assert profile.weight_bytes == pytest.approx(WEIGHT_BYTES, abs=16)
