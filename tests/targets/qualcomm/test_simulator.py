"""What runs on the simulated processor, what does not, and that nothing is silent."""

from pathlib import Path

import numpy as np
import pytest
from onnx import helper
from support.components import missing
from support.sessions import session, write_adding, write_onnx
from support.shipped import Shipped

from tierbench.harness.data import synthetic
from tierbench.harness.errors import CaseError
from tierbench.harness.formats import inspect_model
from tierbench.harness.values import Scenario, Variant, Workload
from tierbench.targets.qualcomm import Qualcomm, QualcommSimulator


@pytest.fixture(autouse=True)
def _runtime() -> None:
    if found := QualcommSimulator().unavailable():
        missing("qnn", found.reason)


@pytest.fixture(scope="module")
def int8(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the int8 file of the reference model."""
    folder = tmp_path_factory.mktemp("defect")
    return Path(Shipped("defect", folder).built("int8", "onnx").path)


def ran(path: Path, batch: int = 4, **settings) -> dict:
    with session(QualcommSimulator, path, batch, **settings) as worker:
        inputs = synthetic(worker.open().inputs, batch, 0)
        return dict(worker.bind(inputs).ran)


def test_it_says_what_it_simulates() -> None:
    told = QualcommSimulator({"soc": "qcs6490"}).describe()
    assert told.device == "qcs6490 (Hexagon v68, simulated)"
    assert told.identity["runtime"] == "onnxruntime-qnn"
    assert told.identity["qnn"]


def test_the_shipped_int8_file_runs_wholly_on_the_processor(int8: Path) -> None:
    told = ran(int8)
    assert told["provider"] == "QNNExecutionProvider"
    assert told["accelerated_share"] == 1.0
    assert set(told["operators"]) == {"QNNExecutionProvider"}
    assert told["precision"] == {"fp16": 1, "int8": 18}, "softmax alone is in float"


def test_a_processor_without_float_refuses_softmax_by_its_name(int8: Path) -> None:
    with pytest.raises(CaseError, match="1 Softmax on CPUExecutionProvider"):
        ran(int8, soc="qcs6490")
    told = ran(int8, soc="qcs6490", cpu_fallback=True)
    assert told["operators"]["CPUExecutionProvider"] == {"Softmax": 1}
    assert told["accelerated_share"] == pytest.approx(20 / 21)
    assert told["precision"] == "int8"


def test_an_operator_that_it_cannot_take_is_named(tmp_path: Path) -> None:
    """Python's runtime would let the CPU do it, and say nothing."""
    nodes = [
        helper.make_node("Add", ["input", "c"], ["sum"]),
        helper.make_node("Det", ["square"], ["one"]),
        helper.make_node("Reshape", ["sum", "shape"], ["square"]),
        helper.make_node("Add", ["sum", "one"], ["output"]),
    ]
    nodes[1], nodes[2] = nodes[2], nodes[1]
    constants = {"c": np.ones(4, np.float32), "shape": np.array([1, 2, 2])}
    path = write_onnx(tmp_path / "model.onnx", nodes, constants, batch=1)
    with pytest.raises(CaseError, match=r"not on QNN.*1 Det on CPU.*cpu_fallback"):
        ran(path, 1)
    told = ran(path, 1, cpu_fallback=True)
    assert told["operators"]["CPUExecutionProvider"] == {"Det": 1}
    assert 0 < told["accelerated_share"] < 1


def test_a_model_of_which_nothing_runs_there_is_refused_even_so(tmp_path: Path) -> None:
    node = helper.make_node("Det", ["input"], ["output"])
    path = write_onnx(tmp_path / "model.onnx", [node], {}, batch=4)
    with pytest.raises(CaseError, match="takes no operator of this model"):
        ran(path, 4, cpu_fallback=True)


def test_float32_is_told_as_what_it_is_computed_in(tmp_path: Path) -> None:
    told = ran(write_adding(tmp_path / "model.onnx"))
    assert told["precision"] == "fp16"


@pytest.mark.parametrize("helped", [False, True])
def test_types_that_a_processor_lacks_are_told_plainly(
    int8: Path, tmp_path: Path, helped: bool
) -> None:
    """The runtime's own words are of layouts and internal domains."""
    fp32 = Shipped("defect", tmp_path).file("onnx")
    with pytest.raises(
        CaseError, match=r"not take Conv 'node_.*choose an int8 variant"
    ):
        ran(fp32, soc="qcs6490", cpu_fallback=helped)


def test_an_old_dsp_is_refused_with_the_alternative(int8: Path) -> None:
    variant = Variant(
        model="defect",
        name="int8",
        format="onnx",
        size_bytes=1,
        sha256="0" * 64,
        profile=inspect_model(int8),
        weight_bits=8,
        activation_bits=8,
        path=int8,
    )
    load = Workload(scenario=Scenario.SINGLE_STREAM, batch=1, profile="smoke")
    for target in (Qualcomm, QualcommSimulator):
        reason = target({"soc": "qrb5165"}).check(variant, load)
        assert reason is not None
        assert "Hexagon v66" in reason
        assert "QCS6490" in reason
        assert "SNPE" in reason
        assert target({"soc": "qcs6490"}).check(variant, load) is None
    with pytest.raises(CaseError, match="Hexagon v66"):
        ran(int8, soc="qrb5165")


def test_no_time_is_told() -> None:
    assert QualcommSimulator.clock is None
    assert QualcommSimulator.evidence == "EMULATED"
    assert Qualcomm.clock is not None
    assert Qualcomm.evidence == "MEASURED"


def test_the_boards_target_is_not_for_this_machine() -> None:
    found = Qualcomm().unavailable()
    assert found is not None
    assert "/dev/fastrpc-cdsp*" in found.reason
