"""ONNX Runtime on real models: numbers, what ran, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest
from onnx import load
from support.components import missing
from support.photos import write_photos
from support.plans import plan_of
from support.sessions import (
    session,
    write_adding,
    write_endless,
    write_greedy,
)

from tierbench.harness.data import synthetic
from tierbench.harness.errors import CaseError, WorkerTimeout
from tierbench.harness.plan import make_plan
from tierbench.harness.progress import Silence
from tierbench.harness.results import rows
from tierbench.harness.run import run_plan
from tierbench.harness.store import Store
from tierbench.harness.sweep import parse_sweep
from tierbench.harness.values import BlockKind
from tierbench.harness.worker import Limits, Stretch
from tierbench.models import defect
from tierbench.targets.host_onnxruntime import HostOnnxruntime

DEFECT = Path(defect.__file__).parent / "defect.onnx"


@pytest.fixture(autouse=True)
def _runtime() -> None:
    if found := HostOnnxruntime().unavailable():
        missing("host", found.reason)


def run(folder: Path, *targets: str, rest: str = "") -> list[dict]:
    with Store.open(f"sqlite:///{folder / 'results.db'}") as store:
        plan = plan_of(folder, *targets, rest=rest)
        return rows(store, run_plan(plan, store, Silence()).run.id)


@pytest.mark.parametrize("batch", [1, 5])
@pytest.mark.parametrize("level", ["disabled", "all"])
def test_numbers_are_those_of_a_plain_session(batch: int, level: str) -> None:
    import onnxruntime

    plain = onnxruntime.InferenceSession(DEFECT, providers=["CPUExecutionProvider"])
    with session(HostOnnxruntime, DEFECT, batch, graph_optimization=level) as worker:
        inputs = synthetic(worker.open().inputs, batch, 3)
        worker.bind(inputs)
        found = worker.evaluate(inputs)
        other = {name: np.flip(array).copy() for name, array in inputs.items()}
        changed = worker.evaluate(other)
    expected = plain.run(None, inputs)
    assert len(found) == len(expected)
    for one, two in zip(found, expected, strict=True):
        assert one.shape == two.shape
        np.testing.assert_allclose(one, two, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(changed[0], plain.run(None, other)[0], 1e-4, 1e-5)


def test_inputs_are_described_as_the_runtime_sees_them() -> None:
    with session(HostOnnxruntime, DEFECT, 3) as worker:
        (spec,) = worker.open().inputs
    (expected,) = load(DEFECT).graph.input
    assert spec.name == expected.name
    assert spec.dtype == "float32"
    assert spec.shape[0] == 3


def test_what_ran_is_told() -> None:
    import onnxruntime

    settings = {
        "threads": 2,
        "graph_optimization": "basic",
        "memory_arena": False,
        "prepacking": False,
    }
    with session(HostOnnxruntime, DEFECT, **settings) as worker:
        bound = worker.bind(synthetic(worker.open().inputs, 1, 0))
    assert bound.ran["provider"] == "CPUExecutionProvider"
    assert bound.ran.items() >= settings.items()
    assert bound.ran["version"] == onnxruntime.__version__


def test_off_cpu_time_is_told_only_where_one_thread_computes() -> None:
    stretch = Stretch(kind=BlockKind.SLICE, calls_min=3, calls_max=5, duration_ns=10**6)
    for threads, told in ((1, True), (2, False)):
        with session(HostOnnxruntime, DEFECT, threads=threads) as worker:
            worker.bind(synthetic(worker.open().inputs, 1, 0))
            off_cpu = worker.block(stretch).off_cpu_ns
        assert (off_cpu is not None) is told


def test_another_batch_than_the_files_is_refused_with_the_reason(tmp_path) -> None:
    path = write_adding(tmp_path / "two.onnx", batch=2)
    refused = pytest.raises(CaseError, match="'input' has a fixed batch of 2, not 8")
    with session(HostOnnxruntime, path, 8) as worker, refused:
        worker.open()
    with session(HostOnnxruntime, path, 2) as worker:
        assert worker.open().inputs[0].shape == (2, 4)


def test_a_refused_batch_takes_no_other_case_with_it(tmp_path) -> None:
    write_adding(tmp_path / "model.onnx", batch=2)
    loads = "[workload]\nbatch = [2, 8]\n"
    found = run(tmp_path, 'use = "host-onnxruntime"', rest=loads)
    two, eight = sorted(found, key=lambda row: row["batch"])
    assert two["status"] in ("ok", "not_converged")
    assert eight["status"] == "skipped"
    assert "fixed batch of 2, not 8" in eight["reason"]


def test_threads_are_recorded(tmp_path) -> None:
    write_adding(tmp_path / "model.onnx")
    found = run(tmp_path, 'use = "host-onnxruntime"\nthreads = [1, 2]')
    assert {row["place"] for row in found} == {
        "host-onnxruntime[threads=1]",
        "host-onnxruntime[threads=2]",
    }
    for row in found:
        assert row["ran"]["threads"] == row["options"]["threads"]
        assert (row["off_cpu_share"] is None) is (row["options"]["threads"] == 2)
        assert row["memory"]["peak_bytes"] >= row["memory"]["steady_bytes"]
        assert row["accuracy_reason"] == "no evaluation data was given"
        json.dumps(row)


def test_a_loop_without_end_is_timed_out(tmp_path) -> None:
    path = write_endless(tmp_path / "endless.onnx")
    limits = Limits(open_s=60.0, call_s=1.5)
    with session(HostOnnxruntime, path, limits=limits) as worker:
        inputs = synthetic(worker.open().inputs, 1, 0)
        with pytest.raises(WorkerTimeout, match=r"within 1\.5 s"):
            worker.bind(inputs)


def test_endless_and_greedy_models_are_results_like_others(tmp_path) -> None:
    limits = "[limits]\nmemory_mb = 4000\ncall_s = 1.5\n"
    target = 'use = "host-onnxruntime"'
    write_endless(tmp_path / "model.onnx")
    endless, other = run(tmp_path, target, 'use = "sim"', rest=limits)
    assert endless["status"] == "timed_out"
    assert "within 1.5 s" in endless["reason"]
    assert other["status"] == "ok"
    write_greedy(tmp_path / "model.onnx")
    greedy, other = run(tmp_path, target, 'use = "sim"', rest=limits)
    assert greedy["status"] == "failed"
    assert "allocat" in greedy["reason"].lower()
    assert other["status"] == "ok"


def test_weights_beside_the_model_are_read(tmp_path) -> None:
    beside = {
        "save_as_external_data": True,
        "location": "weights.bin",
        "size_threshold": 0,
    }
    path = write_adding(tmp_path / "model.onnx", 5.0, **beside)
    assert (tmp_path / "weights.bin").stat().st_size >= 16
    with session(HostOnnxruntime, path) as worker:
        worker.open()
        inputs = {"input": np.ones((1, 4), np.float32)}
        worker.bind(inputs)
        (output,) = worker.evaluate(inputs)
    np.testing.assert_array_equal(output, np.full((1, 4), 6.0, np.float32))
    (tmp_path / "weights.bin").unlink()
    refused = pytest.raises(CaseError, match="onnxruntime refuses the model")
    with session(HostOnnxruntime, path) as worker, refused as caught:
        worker.open()
    assert "\n" not in str(caught.value)


def test_an_input_that_does_not_fit_is_refused(tmp_path) -> None:
    path = write_adding(tmp_path / "model.onnx")
    with session(HostOnnxruntime, path) as worker:
        worker.open()
        with pytest.raises(CaseError, match="'input' was not given"):
            worker.bind({"other": np.ones((1, 4), np.float32)})
        with pytest.raises(CaseError):
            worker.bind({"input": np.ones((1, 4), np.float64)})
        with pytest.raises(CaseError):
            worker.bind({"input": np.ones((1, 5), np.float32)})
        worker.bind({"input": np.ones((1, 4), np.float32)})


def test_outputs_are_bound_over_their_earlier_bindings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Cleared ones would free, before 1.30, the values that are bound next."""
    from tierbench.harness.device.wire import Tensor
    from tierbench.targets.host_onnxruntime.device import open_session, ort

    options = HostOnnxruntime().settings
    opened = open_session(str(DEFECT), options, 1)
    image = np.full((1, 64, 64, 1), 0.5, np.float32)
    opened.bind([Tensor("input", "float32", image.shape, image.data)])
    opened.infer()
    before = np.array(opened.outputs()[0].data)
    cleared = []
    monkeypatch.setattr(ort.IOBinding, "clear_binding_outputs", cleared.append)
    opened.after_first_call()
    (value,) = opened._binding.get_outputs()
    address = value.data_ptr()
    opened.infer()
    assert cleared == []
    assert opened._binding.get_outputs()[0].data_ptr() == address
    np.testing.assert_array_equal(opened.outputs()[0].data, before)


@pytest.fixture
def camera_line(tmp_path: Path) -> Path:
    """Return a folder with the model and large images of the reference data."""
    data = defect.model.evaluation()
    (values,) = data.inputs.values()
    pixels = np.clip(values[:24, :, :, 0] * 255, 0, 255).astype(np.uint8)
    large = pixels.repeat(4, axis=1).repeat(4, axis=2)[:, :200, :200]
    write_photos(tmp_path / "photos", large, data.labels[:24].tolist())
    (tmp_path / "defect.onnx").write_bytes(DEFECT.read_bytes())
    return tmp_path


def under_load(folder: Path, workload: str) -> dict:
    """Measure the model under one workload and return its row."""
    text = 'name = "line"\n[[model]]\npath = "defect.onnx"\ndata = "photos"\n'
    text += f'[[target]]\nuse = "host-onnxruntime"\n[workload]\n{workload}\n'
    plan = make_plan(parse_sweep(text, "line.toml", folder))
    with Store.open(f"sqlite:///{folder / 'results.db'}") as store:
        (found,) = rows(store, run_plan(plan, store, Silence()).run.id)
    return found


def test_the_stages_of_a_camera_line_add_up_to_the_whole(camera_line: Path) -> None:
    """Decoding and resizing included; other work on the machine may spoil one try."""
    workload = 'scenario = "pipeline"\nframe_rate_fps = 200\nstreams_max = 1'
    gaps = []
    for _ in range(3):
        found = under_load(camera_line, workload)
        told = found["pipeline"]
        stages = [
            told[f"{name}_ms"] for name in ("preprocess", "inference", "postprocess")
        ]
        assert min(stages) > 0
        assert stages[0] > stages[1], "decoding and resizing take longer than defect"
        gaps.append(abs(sum(stages) / told["whole_ms"] - 1))
        if gaps[-1] < 0.03:
            break
    print(f"stages {stages} ms, whole {told['whole_ms']} ms, apart by {gaps}")
    assert min(gaps) < 0.03
    assert found["latency_ms"]["median"] == pytest.approx(told["whole_ms"], rel=0.1)
    assert [level["streams"] for level in told["levels"]] == [1]


def test_a_server_is_slower_than_its_calls_alone(camera_line: Path) -> None:
    workload = 'scenario = "server"\nserver_p99_ms = 30'
    found = under_load(camera_line, workload)
    assert found["status"] == "ok", found["reason"]
    told = found["server"]
    assert 0 < told["rate_per_s"] < told["next_rate_per_s"]
    assert told["p99_ms"] <= 30
    assert found["throughput_per_s"] == told["rate_per_s"]
    assert found["latency_ms"]["median"] > 0


def test_fed_values_are_what_runs() -> None:
    """New frames go to the memory that is bound, and to no other."""
    given = {}
    with session(HostOnnxruntime, DEFECT) as worker:
        inputs = synthetic(worker.open().inputs, 1, 3)
        other = {name: np.flip(array).copy() for name, array in inputs.items()}
        for name, one in (("first", inputs), ("second", other)):
            given[name] = worker.evaluate(one)
    from tierbench.harness.device.wire import Tensor
    from tierbench.targets.host_onnxruntime.device import open_session

    options = HostOnnxruntime().settings
    made = open_session(str(DEFECT), options, 1)
    tensors = [
        [Tensor(n, str(a.dtype), a.shape, a.data) for n, a in some.items()]
        for some in (inputs, other)
    ]
    made.bind(tensors[0])
    made.infer()
    made.after_first_call()
    kept = np.frombuffer(tensors[0][0].data, np.float32).copy()
    made.feed(tensors[1])
    made.infer()
    found = np.frombuffer(made.outputs()[0].data, np.float32)
    np.testing.assert_array_equal(found, given["second"][0].ravel())
    np.testing.assert_array_equal(np.frombuffer(tensors[0][0].data, np.float32), kept)
