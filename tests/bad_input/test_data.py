"""Wrong evaluation data: told before anything is measured, or the reason of a null."""

import json
from collections.abc import Callable
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.complaints import Done, check, dump

RNG = np.random.default_rng(1)
FOUR = RNG.random((8, 4), np.float32)


def with_value(value: float) -> dict[str, Any]:
    array = FOUR.copy()
    array[3, 2] = value
    return {"input": array}


def write_sweep(
    folder: Path, data: str, model: str = 'path = "model.onnx"', target: str = "sim"
) -> Path:
    sweep = folder / "wrong.toml"
    sweep.write_text(
        f'name = "x"\n[[model]]\n{model}\ndata = {json.dumps(data)}\n'
        f'[[target]]\nuse = "{target}"\n'
    )
    return sweep


WRONG: dict[str, tuple[dict[str, Any], list[str]]] = {
    "NaN": (with_value(np.nan), ["'input' holds nan at [3, 2]", "only finite"]),
    "infinity": (with_value(np.inf), ["'input' holds inf at [3, 2]", "only finite"]),
    "no arrays": ({}, ["no inputs", "one array per model input"]),
    "labels alone": ({"labels": np.zeros(8, int)}, ["no inputs"]),
    "a shape": ({"input": FOUR[:, :3]}, ["shape (3,)", "the model takes (4,)"]),
    "an axis too many": ({"input": FOUR[:, None]}, ["(1, 4)", "takes (4,)"]),
    "no axis": ({"input": np.float32(1)}, ["no axes", "first axis"]),
    "no samples": ({"input": FOUR[:0]}, ["0} samples", "1 or more"]),
    "an array too many": (
        {"input": FOUR, "mask": FOUR},
        ["['input', 'mask']", "name the arrays like these"],
    ),
    "unequal lengths": (
        {"input": FOUR, "mask": FOUR[:2]},
        ["8, 'mask': 2}", "the same number"],
    ),
    "whole numbers": (
        {"input": FOUR.astype(np.int32)},
        ["'int32'", "astype('float32')"],
    ),
    "complex numbers": ({"input": FOUR.astype(complex)}, ["complex128", "numbers"]),
    "text": ({"input": np.array([["a"] * 4] * 8)}, ["numbers are valid"]),
    "objects": ({"input": np.array([[None] * 4] * 8)}, ["objects"]),
    "doubles too large": (
        {"input": np.full((8, 4), 1e300)},
        ["beyond the 'float32'", "scale them"],
    ),
    "labels of truth": (
        {"input": FOUR, "labels": np.zeros(8, bool)},
        ["labels are of 'bool'", "integer type"],
    ),
    "labels with NaN": (
        {"input": FOUR, "labels": np.full(8, np.nan)},
        ["'labels' holds nan at [0]", "only finite"],
    ),
    "labels of two axes": (
        {"input": FOUR, "labels": np.zeros((8, 2), int)},
        ["(8, 2)", "(8,) is valid"],
    ),
    "labels too few": (
        {"input": FOUR, "labels": np.zeros(7, int)},
        ["(7,)", "8 samples"],
    ),
    "a negative label": (
        {"input": FOUR, "labels": np.array([0, 1, 2, 3, -1, 0, 0, 0])},
        ["label -1 of sample 4", "0 and up"],
    ),
}


@pytest.mark.parametrize("name", sorted(WRONG))
def test_wrong_data_are_told_and_nothing_is_measured(
    folder: Path, cli: Callable[..., Done], name: str
) -> None:
    arrays, words = WRONG[name]
    np.savez(folder / "wrong.npz", **arrays)
    before = dump(folder / "results.db")
    sweep = write_sweep(folder, "wrong.npz")
    done = cli("run", sweep, "--store", f"sqlite:///{folder}/results.db")
    check(done, 2, str(sweep), "model[0]: data", "wrong", *words, lines=1)
    assert dump(folder / "results.db") == before


def test_wrong_data_of_a_reference_model_are_told_as_well(
    folder: Path, cli: Callable[..., Done]
) -> None:
    use = 'use = "defect"\nvariants = ["fp32"]'
    np.savez(folder / "nan.npz", **with_value(np.nan))
    done = cli("plan", write_sweep(folder, "nan.npz", use, "host-onnxruntime"))
    check(done, 2, "nan.npz", "only finite", lines=1)
    np.savez(folder / "shape.npz", anything=FOUR)
    done = cli("plan", write_sweep(folder, "shape.npz", use, "host-onnxruntime"))
    check(done, 2, "'shape'", "the model takes", lines=1)


def _cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _changed(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


DAMAGE: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "empty": (lambda content: b"", "numpy.savez"),
    "text": (lambda content: b"a,b\n1,2\n", "numpy.savez"),
    "cut": (_cut, "numpy.savez"),
    "changed": (_changed, "numpy.savez"),
    "a lone array": (lambda content: b"\x93NUMPY\x01\0v\0" + bytes(118), "numpy.savez"),
}


@pytest.mark.parametrize("name", sorted(DAMAGE))
def test_data_that_are_damaged(
    folder: Path, cli: Callable[..., Done], name: str
) -> None:
    damage, words = DAMAGE[name]
    path = folder / "wrong.npz"
    np.savez(path, input=np.tile(FOUR, (100, 1)))
    path.write_bytes(damage(path.read_bytes()))
    done = cli("plan", write_sweep(folder, path.name))
    check(done, 2, f"model[0]: data {str(path)!r}: ", words, lines=1)


def test_data_of_somebody_else(
    open_folder: Path, original: Path, cli: Callable[..., Done], nobody
) -> None:
    (open_folder / "model.onnx").write_bytes((original / "model.onnx").read_bytes())
    path = open_folder / "wrong.npz"
    np.savez(path, input=FOUR)
    path.chmod(0o600)
    sweep = write_sweep(open_folder, path.name)
    with nobody():
        done = cli("plan", sweep)
    check(done, 2, str(path), "Permission denied", lines=1)


def test_data_that_are_a_folder(folder: Path, cli: Callable[..., Done]) -> None:
    (folder / "wrong.npz").mkdir()
    done = cli("plan", write_sweep(folder, "wrong.npz"))
    check(done, 2, "'wrong.npz' is not a regular file", lines=1)


def accuracy(folder: Path, cli: Callable[..., Done], sweep: Path) -> dict[str, Any]:
    """Run a sweep and return each model's accuracy, or why there is none."""
    url = f"sqlite:///{folder}/accuracy.db"
    done = cli("run", sweep, "--store", url, "--json")
    assert done.status == 0, done.err
    rows = json.loads(done.out)
    assert all(row["latency_ms"] is not None for row in rows)
    return {row["model"]: row["accuracy"] or row["accuracy_reason"] for row in rows}


def _two_inputs(folder: Path) -> None:
    """Write a model that adds its two inputs."""
    from onnx import TensorProto, helper, save

    shape = ["batch", 4]
    value = {
        name: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name in ("left", "right", "sum")
    }
    graph = helper.make_graph(
        [helper.make_node("Add", ["left", "right"], ["sum"])],
        "two",
        [value["left"], value["right"]],
        [value["sum"]],
    )
    opset = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=8)
    save(model, folder / "two.onnx")


def test_a_model_of_two_inputs_needs_both_by_name(
    folder: Path, cli: Callable[..., Done]
) -> None:
    _two_inputs(folder)
    model = 'path = "two.onnx"'
    np.savez(folder / "one.npz", left=FOUR)
    done = cli("plan", write_sweep(folder, "one.npz", model))
    check(done, 2, "['left']", "['left', 'right']", "name the arrays", lines=1)


@pytest.mark.usefixtures("quick")
def test_accuracy_is_null_with_a_reason_where_it_cannot_be_told(
    folder: Path, cli: Callable[..., Done]
) -> None:
    _two_inputs(folder)
    top = FOUR.argmax(axis=1)
    both = (FOUR + FOUR[::-1]).argmax(axis=1)
    arrays: dict[str, dict[str, Any]] = {
        "plain": {"input": FOUR},
        "high": {"input": FOUR, "labels": np.arange(8)},
        "double": {"pixels": FOUR.astype(np.float64), "labels": top},
        "both": {"left": FOUR, "right": FOUR[::-1], "labels": both},
    }
    text = 'name = "x"\n[[target]]\nuse = "host-onnxruntime"\n'
    for name, given in arrays.items():
        np.savez(folder / f"{name}.npz", **given)
        path = "two.onnx" if name == "both" else "model.onnx"
        text += f'[[model]]\nname = "{name}"\npath = "{path}"\ndata = "{name}.npz"\n'
    sweep = folder / "four.toml"
    sweep.write_text(text)
    found = accuracy(folder, cli, sweep)
    assert found["plain"] == "data 'plain' has no labels to judge outputs by"
    assert "label 7 with 4 scores" in str(found["high"])
    for name in ("double", "both"):
        assert (found[name]["value"], found[name]["n"]) == (1.0, 8)


@pytest.mark.usefixtures("quick")
def test_floats_are_quantised_for_an_input_of_bytes(
    folder: Path, cli: Callable[..., Done]
) -> None:
    from tierbench.models.defect import model

    int8 = model.build("int8", "tflite", folder / "variants")
    content = int8.path.read_bytes()
    (folder / "int8.tflite").write_bytes(content)
    evaluation = model.evaluation()
    (images,) = evaluation.inputs.values()
    np.savez(folder / "some.npz", image=images[:100], labels=evaluation.labels[:100])
    path = 'path = "int8.tflite"'
    sweep = write_sweep(folder, "some.npz", path, "host-litert")
    assert accuracy(folder, cli, sweep)["int8"]["value"] > 0.8
    halves = images[:100].astype(np.int32)
    np.savez(folder / "whole.npz", image=halves)
    done = cli("plan", write_sweep(folder, "whole.npz", path))
    check(done, 2, "'int32'", "the model takes", lines=1)


def test_the_data_of_a_reference_model_fit_a_file_of_it(
    folder: Path, cli: Callable[..., Done]
) -> None:
    with as_file(files("tierbench.models.defect") / "defect.tflite") as shipped:
        (folder / "mine.tflite").write_bytes(shipped.read_bytes())
    assert (
        cli("plan", write_sweep(folder, "defect", 'path = "mine.tflite"')).status == 0
    )
