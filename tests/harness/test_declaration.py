"""What a mark declares is a sweep, checked like one."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.plans import write_model

from tierbench.harness.declaration import Declaration, labels, merged, plain
from tierbench.harness.errors import InputError
from tierbench.harness.plan import make_plan
from tierbench.harness.values import Scenario

SWEEP = """\
name = "kept"
profile = "nightly"
[[model]]
path = "model.onnx"
[[target]]
use = "sim"
latency_us = [100.0, 200.0]
[[target]]
use = "host-litert"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("declared")
    write_model(folder)
    (folder / "kept.toml").write_text(SWEEP)
    return folder


def declared(
    folder: Path,
    targets: tuple[str, ...] = (),
    profile: str | None = None,
    **given: Any,
) -> Declaration:
    return Declaration(
        source="test_it.py::test_it",
        folder=str(folder),
        arguments=plain(given),
        targets=targets,
        profile=profile,
    )


def test_arguments_are_those_of_a_sweep_file(folder: Path) -> None:
    sweep = declared(
        folder,
        path=Path("model.onnx"),
        name="panel",
        target=("sim", {"use": "host-litert", "threads": [1, 2]}),
        scenario=Scenario.OFFLINE,
        batch=(1, 8),
        seed=3,
        profile="nightly",
        limits={"call_s": 2},
        constraints={"accuracy_min": 0.9},
    ).sweep()
    assert [request.use for request in sweep.targets] == ["sim", "host-litert"]
    assert sweep.models[0].name == "panel"
    assert (sweep.scenarios, sweep.batches, sweep.seed) == (("offline",), (1, 8), 3)
    assert (sweep.profile, sweep.limits.call_s) == ("nightly", 2.0)
    assert sweep.constraints is not None
    assert sweep.constraints.accuracy_min == 0.9


def test_a_sweep_file_is_taken_from_the_tests_folder(folder: Path) -> None:
    sweep = declared(folder, sweep="kept.toml", slower_max=0.1).sweep()
    assert [len(request.settings) for request in sweep.targets] == [2, 1]
    assert sweep.profile == "nightly"


def test_the_session_narrows_targets_and_chooses_the_profile(folder: Path) -> None:
    kept = declared(folder, ("sim",), "smoke", sweep="kept.toml").sweep()
    assert [request.use for request in kept.targets] == ["sim"]
    assert kept.profile == "smoke"
    own = declared(folder, ("sim",), path="model.onnx", target=["host-litert", "sim"])
    assert [request.use for request in own.sweep().targets] == ["sim"]
    asked = declared(folder, ("host-litert", "sim"), path="model.onnx").sweep()
    assert [request.use for request in asked.targets] == ["host-litert", "sim"]


def test_without_a_target_of_its_own_or_the_sessions_no_case_is_left(
    folder: Path,
) -> None:
    assert not list(labels(declared(folder, path="model.onnx").sweep()))
    other = declared(folder, ("host-litert",), path="model.onnx", target="sim")
    assert not list(labels(other.sweep()))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "names nothing; give it one of sweep=FILE, model=NAME or path=FILE"),
        ({"model": "defect", "path": "m.onnx"}, r"names \['model', 'path'\]"),
        ({"sweep": "kept.toml", "batch": 2}, r"has \['batch'\], which stand in the"),
        ({"sweep": "absent.toml"}, "absent.toml: file: does not exist"),
        ({"model": "defekt"}, "unknown reference model 'defekt'"),
        ({"path": "absent.onnx"}, "'absent.onnx' does not exist"),
        ({"path": "model.onnx", "colour": 1}, "colour"),
        ({"path": "model.onnx", "batch": object()}, "workload.batch: must be"),
        ({"path": "model.onnx", "batch": 0}, "workload.batch: must be"),
        ({"path": "model.onnx", "target": 7}, "target 7; a name, a table such as"),
        ({"path": "model.onnx", "target": "smi"}, "'smi'"),
        ({"path": "model.onnx", "slower_max": -0.1}, "slower_max -0.1; a share from 0"),
        ({"path": "model.onnx", "slower_max": float("nan")}, "slower_max nan"),
        ({"path": "model.onnx", "slower_max": True}, "slower_max True"),
        ({"path": "model.onnx", "slower_max": 10**400}, "slower_max 1000"),
        ({"path": "model.onnx", "slower_max": "5 %"}, "slower_max '5 %'"),
        ({"": ["defect"], "path": "model.onnx"}, "has .'defect'. without a name"),
    ],
)
def test_what_is_wrong_is_told_with_the_test(folder: Path, given, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        declared(folder, **given).sweep()
    if "sweep" not in given or "batch" in given:
        assert str(caught.value).startswith("test_it.py::test_it: ")


def test_labels_are_those_of_the_planned_cases(folder: Path) -> None:
    for arguments in (
        {"sweep": "kept.toml"},
        {"path": "model.onnx", "target": "sim", "batch": [1, 2], "name": "a b"},
        {
            "path": "model.onnx",
            "target": {"use": "sim", "seed": [1, 2], "device": "x"},
            "scenario": ["single_stream", "offline"],
        },
    ):
        sweep = declared(folder, **arguments).sweep()
        plan = make_plan(sweep)
        cases = [entry.case.label for entry in (*plan.cases, *plan.skipped)]
        named = list(labels(sweep))
        assert sorted(label for label, _ in named) == sorted(cases)
        assert len({name for _, name in named}) == len(named)


def test_an_inner_mark_adds_to_the_outer_and_names_anew_what_to_measure() -> None:
    outer = {"path": "a.onnx", "batch": 1, "target": "sim"}
    assert merged(outer, {"batch": 2}) == {**outer, "batch": 2}
    assert merged(outer, {"model": "defect"}) == {
        "model": "defect",
        "batch": 1,
        "target": "sim",
    }


class Colour(StrEnum):
    RED = "red"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text() | st.binary()
        | st.just(Path("a")) | st.just(Colour.RED) | st.complex_numbers(),
        lambda inner: st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(st.text() | st.integers(), inner),
        max_leaves=10,
    )
)  # fmt: skip
def test_any_argument_becomes_json(value: Any) -> None:
    found = plain(value)
    assert json.loads(json.dumps(found)) == found
    assert plain(found) == found


def test_a_list_that_holds_itself_is_cut_off(folder: Path) -> None:
    endless: list[Any] = []
    endless.append(endless)
    json.dumps(plain(endless))
    with pytest.raises(InputError, match=r"workload\.batch\[0\]: must be"):
        declared(folder, path="model.onnx", batch=endless).sweep()
