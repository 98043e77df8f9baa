"""OpenVINO on real models: numbers, what ran, and what is refused."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from onnx import helper
from support.components import missing
from support.plans import plan_of
from support.sessions import session, write_adding, write_endless, write_onnx

from tierbench.harness.data import quantise, synthetic
from tierbench.harness.demand import Queries
from tierbench.harness.errors import CaseError, WorkerTimeout
from tierbench.harness.formats import inspect_model
from tierbench.harness.progress import Silence
from tierbench.harness.results import rows
from tierbench.harness.run import run_plan
from tierbench.harness.store import Store
from tierbench.harness.values import BlockKind, Scenario, Workload
from tierbench.harness.worker import Limits, Stretch
from tierbench.models import defect
from tierbench.targets.contract import TargetContract
from tierbench.targets.host_litert import HostLitert
from tierbench.targets.host_onnxruntime import HostOnnxruntime
from tierbench.targets.host_openvino import HostOpenvino

FILES = Path(defect.__file__).parent
DEFECT = FILES / "defect.onnx"
OTHER = {".onnx": HostOnnxruntime, ".tflite": HostLitert}
SLICE = Stretch(kind=BlockKind.SLICE, calls_min=3, calls_max=5, duration_ns=10**6)


@pytest.fixture(autouse=True)
def _runtime() -> None:
    if found := HostOpenvino().unavailable():
        missing("openvino", found.reason)


class TestContract(TargetContract):
    target = HostOpenvino
    model = DEFECT


class TestContractOfTflite(TargetContract):
    target = HostOpenvino
    model = FILES / "defect.tflite"


def run(folder: Path, *targets: str, rest: str = "") -> list[dict]:
    with Store.open(f"sqlite:///{folder / 'results.db'}") as store:
        plan = plan_of(folder, *targets, rest=rest)
        return rows(store, run_plan(plan, store, Silence()).run.id)


def outputs(kind, path: Path, batch: int = 1, **settings) -> np.ndarray:
    """Return the first output for made-up inputs."""
    with session(kind, path, batch, **settings) as worker:
        inputs = synthetic(worker.open().inputs, batch, 3)
        worker.bind(inputs)
        return worker.evaluate(inputs)[0]


def told(path: Path, **settings) -> dict:
    with session(HostOpenvino, path, **settings) as worker:
        return dict(worker.bind(synthetic(worker.open().inputs, 1, 0)).ran)


@pytest.mark.parametrize("batch", [1, 5])
@pytest.mark.parametrize("suffix", [".onnx", ".tflite"])
def test_numbers_are_those_of_the_formats_own_runtime(batch: int, suffix: str) -> None:
    if lacking := OTHER[suffix]().unavailable():
        missing("host", lacking.reason)
    path = DEFECT.with_suffix(suffix)
    found = outputs(HostOpenvino, path, batch)
    expected = outputs(OTHER[suffix], path, batch)
    assert found.dtype == np.float32
    assert found.shape == expected.shape == (batch, 8)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5)


def test_other_inputs_give_other_outputs_and_the_first_again_the_first() -> None:
    with session(HostOpenvino, DEFECT, 2, threads=2) as worker:
        inputs = synthetic(worker.open().inputs, 2, 3)
        worker.bind(inputs)
        other = {name: array[::-1].copy() for name, array in inputs.items()}
        (first,), (changed,) = worker.evaluate(inputs), worker.evaluate(other)
        (again,) = worker.evaluate(inputs)
    np.testing.assert_array_equal(first, again)
    np.testing.assert_allclose(changed, first[::-1], 1e-4, 1e-5)
    assert np.abs(changed - first).max() > 1e-3


def test_what_ran_is_told() -> None:
    ran = told(DEFECT, threads=2)
    assert ran["provider"] == "CPU"
    assert (ran["threads"], ran["streams"]) == (2, 1)
    assert ran["performance_hint"] == "LATENCY"
    assert ran["accelerated_share"] is None


def test_floats_are_computed_as_floats_unless_asked_otherwise() -> None:
    ran = told(DEFECT)
    assert ran["precision"] == "f32"
    assert set(ran["kernels"]) == {"f32"}
    assert ran["dynamic_quantization_group"] == 0


@pytest.mark.parametrize(
    ("precision", "capability"), [("bf16", "'BF16'"), ("f16", "'FP16'")]
)
def test_a_precision_really_runs_or_is_refused(precision: str, capability: str) -> None:
    if capability not in capabilities():
        refused = pytest.raises(CaseError, match=f"where '{precision}' is asked for")
        with session(HostOpenvino, DEFECT, precision=precision) as worker, refused:
            worker.open()
        return
    ran = told(DEFECT, precision=precision)
    assert ran["precision"] == precision
    assert ran["kernels"][precision] > ran["kernels"].get("f32", 0)
    rounded = outputs(HostOpenvino, DEFECT, precision=precision)
    assert rounded.dtype == np.float32
    assert 0 < np.abs(rounded - outputs(HostOpenvino, DEFECT)).max() < 0.2


def capabilities() -> str:
    """Return what the plugin says that the CPU can, from a process of its own."""
    code = (
        "from tierbench.targets.host_openvino.device import ov; "
        "print(ov.Core().get_property('CPU', 'OPTIMIZATION_CAPABILITIES'))"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_runtimes_own_choice_is_told() -> None:
    ran = told(DEFECT, precision="default")
    assert ran["kernels"][ran["precision"]] >= max(ran["kernels"].values())


def test_weights_of_8_bits_leave_activations_as_they_are(tmp_path) -> None:
    """The plugin would round them to 8 bits as well, in groups."""
    random = np.random.default_rng(0)
    weights = random.integers(-127, 128, (64, 64), np.int8)
    scale = np.linspace(0.01, 0.02, 64, dtype=np.float32)
    wide = random.standard_normal((4, 64)).astype(np.float32)
    narrow = random.standard_normal((64, 4)).astype(np.float32)
    nodes = [
        helper.make_node("MatMul", ["input", "wide"], ["x"]),
        helper.make_node("DequantizeLinear", ["weights", "scale"], ["real"], axis=1),
        helper.make_node("MatMul", ["x", "real"], ["y"]),
        helper.make_node("MatMul", ["y", "narrow"], ["output"]),
    ]
    constants = {"wide": wide, "weights": weights, "scale": scale, "narrow": narrow}
    path = write_onnx(tmp_path / "model.onnx", nodes, constants)
    found = outputs(HostOpenvino, path, 2)
    inputs = synthetic(inspect_model(path).inputs, 2, 3)["input"]
    expected = inputs @ wide @ (weights * scale) @ narrow
    assert np.abs(found - expected).max() < 1e-5 * np.abs(expected).max()
    assert told(path)["dynamic_quantization_group"] == 0


def test_a_quantised_model_runs_in_8_bits(tmp_path) -> None:
    built = defect.model.build("int8", "onnx", tmp_path)
    ran = told(built.path)
    assert ran["kernels"]["i8"] > ran["kernels"]["f32"]


def test_a_quantised_input_has_the_scale_of_the_file(tmp_path) -> None:
    built = defect.model.build("int8", "tflite", tmp_path)
    contract = TestContractOfTflite()
    case = contract._case(built.path)
    real = np.random.default_rng(3).random((1, 64, 64, 1), np.float32)
    found = []
    for kind in (HostOpenvino, HostLitert):
        if lacking := kind().unavailable():
            missing("host", lacking.reason)
        with kind().launch(case, built.path, Limits()) as worker:
            (spec,) = worker.open().inputs
            assert spec.dtype == "int8"
            assert spec.scale == pytest.approx(case.variant.profile.inputs[0].scale)
            inputs = {spec.name: quantise(real, spec)}
            worker.bind(inputs)
            found.append(worker.evaluate(inputs)[0].astype(int))
    assert found[0].shape == found[1].shape == (1, 8)
    assert np.abs(found[0] - found[1]).max() <= 8, "of 256 steps, by other kernels"


def test_off_cpu_time_is_told_only_where_one_thread_computes() -> None:
    for threads, expected in ((1, True), (2, False)):
        with session(HostOpenvino, DEFECT, threads=threads) as worker:
            worker.bind(synthetic(worker.open().inputs, 1, 0))
            off_cpu = worker.block(SLICE).off_cpu_ns
        assert (off_cpu is not None) is expected


def test_one_thread_is_the_calling_one() -> None:
    """Else the time that it did not run would say nothing."""
    with session(HostOpenvino, DEFECT, 8) as worker:
        worker.bind(synthetic(worker.open().inputs, 8, 0))
        before = cpu_ns(worker.pid)
        worker.block(replace(SLICE, calls_min=50, calls_max=50))
        after = cpu_ns(worker.pid)
    spent = {name: ns - before.get(name, 0) for name, ns in after.items()}
    assert spent[str(worker.pid)] > 0.9 * sum(spent.values()) > 0


def cpu_ns(pid: int) -> dict[str, int]:
    """Return the CPU time of each thread of a process."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return {
        task.name: int((task / "schedstat").read_text().split()[0]) for task in tasks
    }


def test_more_threads_than_the_runtime_gives_are_refused() -> None:
    refused = pytest.raises(CaseError, match=r"runs \d+ threads .* not 1024; set thr")
    with session(HostOpenvino, DEFECT, threads=1024) as worker, refused:
        worker.open()


def test_threads_and_precision_are_recorded(tmp_path) -> None:
    write_adding(tmp_path / "model.onnx")
    found = run(tmp_path, 'use = "host-openvino"\nthreads = [1, 2]')
    assert {row["place"] for row in found} == {
        "host-openvino[threads=1]",
        "host-openvino[threads=2]",
    }
    for row in found:
        assert row["ran"]["threads"] == row["options"]["threads"]
        assert row["ran"]["precision"] == row["options"]["precision"] == "f32"
        assert row["runtime"] == "openvino"


def test_another_batch_than_the_files_is_refused_with_the_reason(tmp_path) -> None:
    path = write_adding(tmp_path / "two.onnx", batch=2)
    refused = pytest.raises(CaseError, match="'input' has a fixed batch of 2, not 8")
    with session(HostOpenvino, path, 8) as worker, refused:
        worker.open()
    with session(HostOpenvino, path, 2) as worker:
        assert worker.open().inputs[0].shape == (2, 4)


@pytest.mark.parametrize(("suffix", "fits"), [(".onnx", False), (".tflite", True)])
def test_a_batch_of_one_is_resized_only_where_that_is_usual(
    suffix: str, fits: bool
) -> None:
    path = DEFECT.with_suffix(suffix)
    variant = TestContract()._case(path).variant
    inputs = tuple(
        replace(spec, shape=(1, *spec.shape[1:])) for spec in variant.profile.inputs
    )
    fixed = replace(variant, profile=replace(variant.profile, inputs=inputs))
    workload = Workload(scenario=Scenario.SINGLE_STREAM, batch=8, profile="smoke")
    reason = HostOpenvino().check(fixed, workload)
    assert (reason is None) is fits
    if reason:
        assert "fixed batch of 1, not 8; export the model with a free batch" in reason


def test_a_loop_without_end_is_timed_out(tmp_path) -> None:
    path = write_endless(tmp_path / "endless.onnx")
    limits = Limits(open_s=60.0, call_s=1.5)
    with session(HostOpenvino, path, limits=limits) as worker:
        inputs = synthetic(worker.open().inputs, 1, 0)
        with pytest.raises(WorkerTimeout, match=r"within 1\.5 s"):
            worker.bind(inputs)


@pytest.mark.parametrize("suffix", [".onnx", ".tflite"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_half_a_file_is_refused(tmp_path, suffix: str, share: float) -> None:
    content = DEFECT.with_suffix(suffix).read_bytes()
    path = tmp_path / f"half{suffix}"
    path.write_bytes(content[: int(share * len(content))])
    refused = pytest.raises(CaseError, match="OpenVINO refuses the model")
    with session(HostOpenvino, path) as worker, refused as caught:
        worker.open()
    assert "\n" not in str(caught.value)


def test_an_input_that_does_not_fit_is_refused(tmp_path) -> None:
    path = write_adding(tmp_path / "model.onnx")
    with session(HostOpenvino, path, 2) as worker:
        worker.open()
        with pytest.raises(CaseError, match="'input' was not given"):
            worker.bind({"other": np.ones((2, 4), np.float32)})
        with pytest.raises(CaseError, match="not float64"):
            worker.bind({"input": np.ones((2, 4), np.float64)})
        for shape in ((2, 5), (1, 4), (4,)):  # the last two could be spread to fit
            with pytest.raises(CaseError, match=r"takes float32 \[2, 4\], not"):
                worker.bind({"input": np.ones(shape, np.float32)})
        worker.bind({"input": np.ones((2, 4), np.float32)})


@pytest.mark.parametrize("suffix", [".onnx", ".tflite"])
def test_a_file_needs_no_suffix(tmp_path, suffix: str) -> None:
    """Artifacts are kept under their hash alone."""
    kept = tmp_path / "5af121d25717e253"
    kept.write_bytes(DEFECT.with_suffix(suffix).read_bytes())
    found = outputs(HostOpenvino, kept, 2)
    expected = outputs(HostOpenvino, DEFECT.with_suffix(suffix), 2)
    np.testing.assert_array_equal(found, expected)


def test_weights_beside_the_model_are_read(tmp_path) -> None:
    beside = {
        "save_as_external_data": True,
        "location": "weights.bin",
        "size_threshold": 0,
    }
    path = write_adding(tmp_path / "model.onnx", 5.0, **beside)
    with session(HostOpenvino, path) as worker:
        worker.open()
        inputs = {"input": np.ones((1, 4), np.float32)}
        worker.bind(inputs)
        (output,) = worker.evaluate(inputs)
    np.testing.assert_array_equal(output, np.full((1, 4), 6.0, np.float32))
    (tmp_path / "weights.bin").unlink()
    refused = pytest.raises(CaseError, match="OpenVINO refuses the model")
    with session(HostOpenvino, path) as worker, refused:
        worker.open()


def test_names_are_the_files_not_those_of_merged_tensors(tmp_path) -> None:
    nodes = [
        helper.make_node("Identity", ["input"], ["a"]),
        helper.make_node("Relu", ["a"], ["output"]),
    ]
    path = write_onnx(tmp_path / "same.onnx", nodes, {})
    with session(HostOpenvino, path) as worker:
        (spec,) = worker.open().inputs
        assert spec.name == "input"
        worker.bind({"input": np.ones((1, 4), np.float32)})


def test_nothing_is_reported_to_anyone(tmp_path) -> None:
    """OpenVINO's import would leave an id in the home folder and send a message."""
    code = (
        "import sys, tierbench.targets.host_openvino.device; "
        "sys.exit(any('openvino_telemetry.' in name for name in sys.modules))"
    )
    places = {"HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **places}, timeout=60
    )
    assert done.returncode == 0
    assert list(tmp_path.iterdir()) == []


def test_overlapped_requests_run_on_streams_of_their_own() -> None:
    """As many as the machine's cores allow; none takes another's result for its own."""
    window = Stretch(
        kind=BlockKind.WINDOW, calls_min=1, calls_max=40, duration_ns=10**10
    )
    if (os.cpu_count() or 1) < 2:
        pytest.skip("two streams need two cores")
    with session(HostOpenvino, DEFECT, depth=2) as worker:
        inputs = synthetic(worker.open().inputs, 1, 3)
        ran = worker.bind(inputs).ran
        assert (ran["threads"], ran["streams"], ran["depth"]) == (2, 2, 2)
        block = worker.block(window)
        assert len(block.latency_ns) == 40
        assert block.latency_ns.sum() > 1.2 * block.elapsed_ns, "two at once"
        assert block.off_cpu_ns is None
        query = worker.block(replace(SLICE, demand=Queries(calls=6)))
        assert len(query.latency_ns) >= SLICE.calls_min
        found = worker.evaluate(inputs)[0]
    np.testing.assert_allclose(found, outputs(HostOpenvino, DEFECT), atol=1e-5)


def test_more_streams_than_the_machine_has_are_refused() -> None:
    refused = pytest.raises(CaseError, match="set threads times depth to at most")
    with session(HostOpenvino, DEFECT, threads=64, depth=64) as worker, refused:
        worker.open()
