"""Mixed precision in real files of both formats."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from ai_edge_litert.tools import flatbuffer_utils
from support.small_onnx import quantised_weights

from tierbench.harness.errors import ChainError
from tierbench.harness.recipe import GivenRecipe, Recipe
from tierbench.models.defect import model
from tierbench.models.recipes import MIXED

FORMATS = ("onnx", "tflite")


@pytest.fixture(scope="module")
def mixed(tmp_path_factory, defect):
    """Return a function that builds for a share, all in one cache."""
    cache = tmp_path_factory.mktemp("mixed")

    def build(share, format):
        recipe = MIXED.with_value(share)
        return recipe.build(defect.file(format), format, model.calibration(), cache)

    build.cache = cache
    return build


def told(built):
    return built.lineage[-1]["parameters"]


def test_it_fits_the_protocols():
    typed: Recipe = MIXED
    given: GivenRecipe = MIXED
    assert typed.name == "mixed"
    assert given.with_value("0.25").name == "mixed(0.25)"


@pytest.mark.parametrize("value", ["0", "1", "-0.1", "nan", "half", "1e9"])
def test_a_value_that_is_no_share_is_refused(value):
    with pytest.raises(ChainError, match="above 0 and below 1, such as 'mixed"):
        MIXED.with_value(value)


@pytest.mark.parametrize("format", FORMATS)
def test_layers_that_lose_most_keep_8_bits(mixed, format):
    built = mixed("0.1", format)
    parameters = told(built)
    curve = parameters["sensitivity"]
    assert curve["samples"] == 256
    rows = {row["name"]: row for row in curve["layers"]}
    kept = parameters["layers of 8 bits"]
    total = sum(row["weights"] for row in rows.values())
    assert 0 < sum(rows[name]["weights"] for name in kept) <= 0.1 * total
    # A first convolution is where an error is seen by everything behind it.
    assert kept[0] == next(iter(rows))
    assert rows[kept[0]]["error"] > 1.5 * curve["error with 8 bits"]
    json.dumps(built.lineage)


def test_the_onnx_file_has_the_widths_that_are_told(mixed, defect):
    built = mixed("0.1", "onnx")
    source = onnx.load(defect.file("onnx"))
    names = [n.input[1] for n in source.graph.node if n.op_type in ("Conv", "Gemm")]
    found = quantised_weights(onnx.load(built.path))
    wide = {
        name
        for name, (_, values, _, _) in zip(names, found, strict=True)
        if values.dtype == np.int8
    }
    assert wide == set(told(built)["layers of 8 bits"])


def test_the_tflite_file_has_the_widths_that_are_told(mixed):
    from ai_edge_litert import schema_py_generated as schema

    built = mixed("0.1", "tflite")
    content = flatbuffer_utils.read_model(str(built.path))
    (graph,) = content.subgraphs
    wide = set()
    for operator in graph.operators:
        code = content.operatorCodes[operator.opcodeIndex].builtinCode
        plain = (schema.BuiltinOperator.CONV_2D, schema.BuiltinOperator.FULLY_CONNECTED)
        kind = graph.tensors[operator.inputs[1]].type if code in plain else None
        if kind == schema.TensorType.INT8:
            wide.add(graph.tensors[operator.outputs[0]].name.decode())
    assert wide == set(told(built)["layers of 8 bits"])


@pytest.mark.parametrize("format", FORMATS)
def test_the_curve_is_measured_once_for_all_shares(mixed, format):
    few = mixed("0.05", format)
    curves = sorted(Path(mixed.cache).glob("*.json"))
    times = [path.stat().st_mtime_ns for path in curves]
    many = mixed("0.5", format)
    assert [path.stat().st_mtime_ns for path in curves] == times
    assert sorted(Path(mixed.cache).glob("*.json")) == curves
    assert told(few)["sensitivity"] == told(many)["sensitivity"]
    assert few.path.stat().st_size < many.path.stat().st_size
    assert (few.weight_bits, few.recipe) == (4, "mixed(0.05)")
