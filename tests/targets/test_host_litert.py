"""LiteRT on real models: numbers, what ran, and what is refused."""

from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from support.components import missing
from support.sessions import session

from tierbench.harness.data import quantise, synthetic
from tierbench.harness.errors import CaseError
from tierbench.models import defect
from tierbench.targets.host_litert import HostLitert

DEFECT = Path(defect.__file__).parent / "defect.tflite"


@pytest.fixture(autouse=True)
def _runtime() -> None:
    if found := HostLitert().unavailable():
        missing("host", found.reason)


def plain_outputs(path: Path, array: np.ndarray) -> np.ndarray:
    """Run the interpreter as its makers show."""
    interpreter = import_module("ai_edge_litert.interpreter").Interpreter(str(path))
    (detail,) = interpreter.get_input_details()
    interpreter.resize_tensor_input(detail["index"], array.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(detail["index"], array)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


def with_batch(path: Path, batch: int) -> Path:
    """Write the model with another batch in its input's shape."""
    schema = import_module("ai_edge_litert.schema_py_generated")
    flatbuffers = import_module("flatbuffers")
    model = schema.ModelT.InitFromPackedBuf(bytearray(DEFECT.read_bytes()), 0)
    graph = model.subgraphs[0]
    tensor = graph.tensors[graph.inputs[0]]
    tensor.shape = [batch, *tensor.shape[1:]]
    tensor.shapeSignature = None
    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), b"TFL3")
    path.write_bytes(bytes(builder.Output()))
    return path


@pytest.mark.parametrize("batch", [1, 5])
@pytest.mark.parametrize("xnnpack", [True, False])
def test_numbers_are_those_of_a_plain_interpreter(batch: int, xnnpack: bool) -> None:
    with session(HostLitert, DEFECT, batch, xnnpack=xnnpack) as worker:
        inputs = synthetic(worker.open().inputs, batch, 3)
        worker.bind(inputs)
        (found,) = worker.evaluate(inputs)
        other = {name: np.flip(array).copy() for name, array in inputs.items()}
        (changed,) = worker.evaluate(other)
    (array,), (flipped,) = inputs.values(), other.values()
    expected = plain_outputs(DEFECT, array)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(changed, plain_outputs(DEFECT, flipped), 1e-4, 1e-5)


def test_what_ran_is_told() -> None:
    ran = {}
    for xnnpack in (True, False):
        with session(HostLitert, DEFECT, threads=2, xnnpack=xnnpack) as worker:
            ran[xnnpack] = worker.bind(synthetic(worker.open().inputs, 1, 0)).ran
    assert ran[True]["provider"] == "XNNPACK"
    assert ran[True]["delegates"] >= 1
    assert ran[False]["provider"] == "builtin kernels"
    assert ran[False]["delegates"] == 0
    assert {told["threads"] for told in ran.values()} == {2}


def test_a_quantised_model_tells_its_scale(tmp_path) -> None:
    built = defect.model.build("int8", "tflite", tmp_path)
    with session(HostLitert, built.path) as worker:
        (spec,) = worker.open().inputs
        inputs = synthetic((spec,), 1, 1)
        if spec.dtype == "int8":
            assert spec.scale is not None
            real = np.full((1, *spec.shape[1:]), 0.5, np.float32)
            inputs = {spec.name: quantise(real, spec)}
        worker.bind(inputs)
        (found,) = worker.evaluate(inputs)
    (array,) = inputs.values()
    expected = plain_outputs(built.path, array)
    difference = np.abs(found.astype(float) - expected.astype(float))
    assert difference.max() <= 1, "one step of the output, by another kernel"


def test_another_batch_than_the_files_is_refused_with_the_reason(tmp_path) -> None:
    path = with_batch(tmp_path / "four.tflite", 4)
    refused = pytest.raises(CaseError, match="has a fixed batch of 4, not 8")
    with session(HostLitert, path, 8) as worker, refused:
        worker.open()


def test_an_input_that_does_not_fit_is_refused() -> None:
    with session(HostLitert, DEFECT) as worker:
        (spec,) = worker.open().inputs
        with pytest.raises(CaseError, match="was not given"):
            worker.bind({"other": np.ones(spec.shape, np.float32)})
        with pytest.raises(CaseError, match=repr(spec.name)):
            worker.bind({spec.name: np.ones(spec.shape, np.float64)})
        with pytest.raises(CaseError, match=repr(spec.name)):
            worker.bind({spec.name: np.ones((2, 3), np.float32)})
        worker.bind({spec.name: np.ones(spec.shape, np.float32)})


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_half_a_file_is_refused(tmp_path, share: float) -> None:
    content = DEFECT.read_bytes()
    path = tmp_path / "half.tflite"
    path.write_bytes(content[: int(share * len(content))])
    refused = pytest.raises(CaseError, match="LiteRT")
    with session(HostLitert, path) as worker, refused as caught:
        worker.open()
    assert "\n" not in str(caught.value)
