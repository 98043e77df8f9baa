"""What a file needs, told by a child process."""

from importlib import import_module
from pathlib import Path

import pytest
from support.microcontroller import quantised

from tierbench.harness.errors import ModelError
from tierbench.models import defect
from tierbench.targets.cortex_m.arena import PLANNED, arena_figures
from tierbench.targets.cortex_m.sizing import BUILDS, size_model

FLOAT = Path(defect.__file__).parent / "defect.tflite"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("variants")


def test_an_int8_model_has_no_problem_and_an_arena_for_each_build(folder) -> None:
    found = size_model(quantised(folder))
    assert found.problems == ()
    assert found.unknown == ()
    assert found.arenas.keys() == BUILDS.keys()
    arenas = found.arenas
    assert arenas["reference"].used < arenas["cmsis-nn dsp"].used
    assert arenas["reference"].used < arenas["package"].used
    for arena in arenas.values():
        assert arena.used == arena.head + arena.tail <= arena.needed


@pytest.mark.parametrize(
    ("variant", "problem"),
    [
        ("int16x8", None),
        ("int8-dynamic", "operators in float"),
        ("int4", "4-bit weights in FULLY_CONNECTED"),
        ("fp16", "operators in float"),
    ],
)
def test_variants_run_or_say_why_not(folder: Path, variant: str, problem) -> None:
    found = size_model(quantised(folder, variant)).problems
    assert bool(found) == bool(problem)
    if problem:
        assert problem in "; ".join(found)


def test_a_float_model_names_its_float_operators() -> None:
    (problem,) = size_model(FLOAT).problems
    assert "operators in float: ADD (3)" in problem
    assert "CONV_2D (6)" in problem


@pytest.mark.parametrize(
    "content", [b"", b"\0" * 64, b"garbage" * 100, b"\x1c\0\0\0TFL3" + b"\xff" * 99]
)
def test_what_is_no_model_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"m\.tflite"):
        size_model(path)


def test_a_reader_that_hangs_is_ended(folder: Path, monkeypatch) -> None:
    monkeypatch.setattr("tierbench.targets.cortex_m.sizing._known", {})
    with pytest.raises(ModelError, match="did not end in time"):
        size_model(quantised(folder), timeout_s=0.0)


def test_a_tensor_that_nothing_fills_is_a_problem(folder: Path) -> None:
    schema = import_module("ai_edge_litert.schema_py_generated")
    flatbuffers = import_module("flatbuffers")
    content = bytearray(quantised(folder).read_bytes())
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    graph = model.subgraphs[0]
    bias = graph.tensors[graph.operators[0].inputs[2]]
    model.buffers[bias.buffer].data = None
    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), b"TFL3")
    path = folder / "unfilled.tflite"
    path.write_bytes(bytes(builder.Output()))
    (problem,) = size_model(path).problems
    assert "nothing fills are read by" in problem


def planned(path: Path, folder: Path) -> Path:
    """Write a model again as one that says itself where its tensors lie."""
    schema = import_module("ai_edge_litert.schema_py_generated")
    utils = import_module("ai_edge_litert.tools.flatbuffer_utils")
    model = utils.read_model(str(path))
    metadata = schema.MetadataT()
    metadata.name, metadata.buffer = "OfflineMemoryAllocation", 0
    model.metadata = [metadata]
    utils.write_model(model, str(folder / "planned.tflite"))
    return folder / "planned.tflite"


def test_a_plan_in_the_file_is_not_laid_out_as_another(folder, tmp_path) -> None:
    found = size_model(planned(quantised(folder), tmp_path))
    assert found.is_planned
    assert found.arenas == {}
    arena, needed = arena_figures(found, None, "cortex-m4", "", None)
    assert arena.reason == needed.reason == PLANNED
