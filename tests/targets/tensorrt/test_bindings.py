"""The whole way of a model, through NVIDIA's real bindings of TensorRT and CUDA.

Below them stand libraries of our own, see support.tensorrt_stubs: what is shown is that
each call is one that the vendor's modules have, with its arguments, in an order that
frees all that was taken; not that a GPU computes.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.tensorrt_stubs import libraries, site

from tierbench.harness.demand import DeviceTimed
from tierbench.harness.errors import CaseError
from tierbench.harness.probe import identity
from tierbench.harness.target import Target
from tierbench.harness.values import BlockKind
from tierbench.harness.worker import Limits, Stretch, SubprocessWorker
from tierbench.targets.jetson import Jetson
from tierbench.targets.nvidia import Nvidia

X = np.arange(12, dtype=np.float32).reshape(3, 4)
TF32 = 1 << 6
GPU_FALLBACK = 1 << 3
SLICE, WINDOW = (
    Stretch(kind=kind, calls_min=5, calls_max=20, duration_ns=10_000_000)
    for kind in (BlockKind.SLICE, BlockKind.WINDOW)
)


@pytest.fixture(scope="session")
def compiled(tmp_path_factory) -> Callable[[str], Path]:
    """Return where the libraries of a version lie, compiled once."""
    done: dict[str, Path] = {}

    def folder(major: str) -> Path:
        if major not in done:
            done[major] = tmp_path_factory.mktemp(f"tensorrt{major}")
            libraries(major, done[major])
        return done[major]

    return folder


@pytest.fixture(params=["10", "11"])
def log(request, compiled, tmp_path: Path, monkeypatch) -> Path:
    """Return the file in which the libraries say what was called."""
    bindings = site(request.param)
    monkeypatch.setenv("LD_LIBRARY_PATH", str(compiled(request.param)))
    monkeypatch.setenv("PYTHONPATH", str(bindings))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("STUB_LOG", str(tmp_path / "log"))
    return tmp_path / "log"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    (tmp_path / "model.onnx").write_text("y = 2x")
    return tmp_path / "model.onnx"


def worker(model: Path, target: type[Target] = Nvidia, **settings) -> SubprocessWorker:
    return SubprocessWorker(
        modules=target.device_modules,
        artifact=model,
        options={**target().settings, **settings},
        batch=3,
        limits=Limits(),
    )


def build(model: Path, target: type[Target] = Nvidia, **settings) -> None:
    with worker(model, target, **settings) as builder:
        builder.build()


def run_once(model: Path) -> None:
    with worker(model) as opened:
        opened.open()
        opened.bind({"x": X})


def called(log: Path, what: str) -> list[str]:
    return [line for line in log.read_text().splitlines() if line.startswith(what)]


@pytest.mark.parametrize("graph", [False, True])
def test_the_whole_way_from_a_model_to_its_outputs(log, model, graph) -> None:
    settings = {"streams": 2, "cuda_graph": graph}
    build(model, **settings)
    with worker(model, **settings) as opened:
        (spec,) = opened.open().inputs
        assert (spec.name, spec.dtype, spec.shape) == ("x", "float32", (3, 4))
        ran = opened.bind({"x": X}).ran
        assert opened.evaluate({"x": X + 1})[0].tolist() == (2 * (X + 1)).tolist()
        assert len(opened.block(SLICE).latency_ns) >= 5
        assert len(opened.block(WINDOW).latency_ns) >= 5
        # the stand-in's stream takes nothing: its device has 1 MiB less a buffer
        assert opened.memory().device_bytes == 4 << 20
        opened._process.request("close", 10)
    assert ran == {
        "provider": "TensorRT",
        "precision": {"fp32": 1},
        "accelerated_share": 1.0,
        "layers": 1,
        "tf32": False,
        "gpu_fallback": False,
        "streams": 2,
        "cuda_graph": graph,
        "device_clock": "CUDA events",
        "version": ran["version"],
    }
    assert called(log, "taken")[-1] == "taken 0"
    assert called(log, "deleted")[-2:] == ["deleted VCudaEngine", "deleted VRuntime"]
    assert called(log, "stream flags") == ["stream flags 1"] * 2  # none waits
    assert bool(called(log, "cuGraphLaunch")) is graph
    computed = len(called(log, "enqueueV3"))
    assert (computed < 10) is graph, "a graph is launched, not enqueued anew"


def test_a_call_is_timed_by_events_around_its_copies(log, model) -> None:
    build(model)
    one = replace(SLICE, calls_min=1, calls_max=1, demand=DeviceTimed())
    with worker(model) as opened:
        opened.open()
        opened.bind({"x": X})
        log.write_text("")
        measured = opened.block(one)
    assert 0 < measured.more["device"][0] <= measured.latency_ns[0]
    acts = [line for line in log.read_text().splitlines() if line[:2] in ("cu", "en")]
    assert acts == [
        *("cuEventRecord", "cuMemcpyHtoDAsync", "enqueueV3", "cuMemcpyDtoHAsync"),
        *("cuEventRecord", "cuEventSynchronize", "cuEventElapsedTime"),
    ]


def test_networks_are_strongly_typed_and_the_batch_is_fixed(log, model) -> None:
    build(model)
    (version,) = called(log, "createInferBuilder")
    major = version.split()[-1][:2]
    typed = {"10": 1 << 1, "11": 0}[major]  # the only kind that 11 knows
    assert called(log, "createNetworkV2") == [f"createNetworkV2 flags {typed}"]
    dims = [f"setDimensions x {which} [3, 4]" for which in range(3)]
    assert called(log, "setDimensions") == dims
    assert called(log, "setProfilingVerbosity") == ["setProfilingVerbosity 2"]


@pytest.mark.parametrize("tf32", [False, True])
def test_tf32_is_used_only_where_it_is_asked_for(log, model, tf32) -> None:
    build(model, tf32=tf32)
    (line,) = called(log, "buildSerializedNetwork")
    assert bool(int(line.split()[2]) & TF32) is tf32


def test_an_engine_that_computes_in_tf32_unasked_is_refused(
    log, model, monkeypatch
) -> None:
    kernel = '"LayerType": "CaskConvolution", "TacticName": "sm80_xmma_tf32f32_x"'
    told = f'{{"Layers": [{{{kernel}, "Inputs": [{{"Format/Datatype": "Float"}}]}}]}}'
    monkeypatch.setenv("STUB_LAYERS", told)
    build(model)
    with worker(model) as opened, pytest.raises(CaseError, match="computes in TF32"):
        opened.open()
    build(model, tf32=True)
    with worker(model, tf32=True) as opened:
        opened.open()
        assert opened.bind({"x": X}).ran["precision"] == {"tf32": 1}


@pytest.mark.parametrize("log", ["10"], indirect=True)
def test_an_engine_that_tells_no_layers_has_no_precision(
    log, model, monkeypatch
) -> None:
    monkeypatch.setenv("STUB_LAYERS", '{"Layers": ["double"]}')
    build(model)
    with worker(model) as opened:
        opened.open()
        ran = opened.bind({"x": X}).ran
    assert ran["precision"] is None
    assert "inspector" in ran["precision_reason"]


@pytest.mark.parametrize("log", ["11"], indirect=True)
def test_an_engine_is_built_once_for_all_that_it_depends_on(
    log, model, monkeypatch
) -> None:
    def built() -> int:
        return len(called(log, "buildSerializedNetwork"))

    build(model)
    build(model, cuda_graph=True, streams=4)  # matter to a session, not to an engine
    assert built() == 1
    build(model, tf32=True)
    assert built() == 2
    monkeypatch.setenv("STUB_CAPABILITY", "89")
    build(model)
    assert built() == 3
    model.write_text("y = 2x, weights.bin")
    (model.parent / "weights.bin").write_text("1")
    build(model)
    (model.parent / "weights.bin").write_text("2")
    build(model)
    assert built() == 5, "weights beside the model are part of it"


@pytest.mark.parametrize("log", ["10"], indirect=True)
def test_kernels_are_timed_once_for_a_device(log, model) -> None:
    build(model)
    build(model, tf32=True)
    assert called(log, "createTimingCache") == [
        "createTimingCache 0",
        "createTimingCache 7",
    ]
    (timings,) = (model.parent / "cache").rglob("*.timings")
    timings.write_text("of another device")
    model.write_text("y = 2x again")
    build(model)
    assert called(log, "createTimingCache")[-1] == "createTimingCache 0"


@pytest.mark.parametrize("log", ["11"], indirect=True)
def test_what_was_not_built_is_not_opened(log, model) -> None:
    with worker(model) as opened, pytest.raises(CaseError, match="there is no engine"):
        opened.open()
    build(model)
    (plan,) = (model.parent / "cache").rglob("*.engine")
    plan.write_text("rubbish")
    with worker(model) as opened, pytest.raises(CaseError) as caught:
        opened.open()
    assert "not an engine" in str(caught.value)
    assert str(plan) in str(caught.value)


@pytest.mark.parametrize(
    ("content", "capability", "message"),
    [
        ("REFUSED", "90", "parser refuses the model: .* importer for operator REFUSED"),
        ("FP8", "87", "'double' computes in FP8.* this one has 8.7"),
        ("FIXED 7", "90", "'x' has a fixed batch of 7, not 3"),
    ],
)
def test_a_model_that_cannot_run_is_refused_with_the_reason(
    log, model, monkeypatch, content, capability, message
) -> None:
    monkeypatch.setenv("STUB_CAPABILITY", capability)
    model.write_text(content)
    with pytest.raises(CaseError, match=message):
        build(model)


@pytest.mark.parametrize("log", ["11"], indirect=True)
@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("cuInit", "cuInit failed: the stand-in says no"),
        ("cuMemAlloc", "cuMemAlloc failed: .*smaller batch"),
        ("cuMemcpyHtoDAsync", "cuMemcpyHtoDAsync failed"),
        ("cuStreamSynchronize", "cuStreamSynchronize failed"),
        ("enqueueV3", "cannot run the engine: stand-in: cannot enqueue"),
    ],
)
def test_what_fails_is_said_in_the_words_of_who_refused(
    log, model, monkeypatch, function, message
) -> None:
    build(model)
    monkeypatch.setenv("STUB_FAIL", function)
    monkeypatch.setenv("STUB_ERROR", "2")
    with pytest.raises(CaseError, match=message):
        run_once(model)


@pytest.mark.parametrize("log", ["10"], indirect=True)
def test_a_build_that_fails_says_why(log, model, monkeypatch) -> None:
    monkeypatch.setenv("STUB_FAIL", "buildSerializedNetwork")
    with pytest.raises(CaseError, match=r"cannot build an engine.*no tactic"):
        build(model)


@pytest.mark.parametrize("log", ["11"], indirect=True)
def test_the_device_that_is_asked_for_is_the_one_that_is_seen(log) -> None:
    identity.cache_clear()
    uuid = "MIG-8f1e7f0c-0000-0000-0000-000000000000"
    assert Nvidia({"device": uuid}).identity()["device"] == "Stand-in GPU"
    assert called(log, "visible") == [f"visible {uuid}"]
    for wrong in ("9", "0,1", "all"):
        with pytest.raises(CaseError, match="give the number or UUID"):
            Nvidia({"device": wrong}).identity()


def test_the_meter_and_the_reader_are_those_of_the_same_gpu() -> None:
    for device, named in (("3", {"index": 3}), ("GPU-1", {"uuid": "GPU-1"})):
        target = Nvidia({"device": device}, python="/usr/bin/python3")
        (meter,), (reader, *_) = target.meters(), target.readers()
        assert meter.settings == {"index": 0, "uuid": "", **named}
        assert dict(reader.options) == named
        assert {meter.python, reader.python} == {"/usr/bin/python3"}


def test_without_a_driver_nothing_of_tensorrt_is_touched() -> None:
    """A runtime that is made without a GPU would end the process."""
    code = "from tierbench.targets.tensorrt import cuda; cuda.find('0')"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(site("11")), "LD_LIBRARY_PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    if not done.returncode:
        pytest.skip("there is a driver here")
    last = done.stderr.splitlines()[-1]
    assert "SessionError: CUDA's cuInit " in last
    assert "install NVIDIA's driver" in done.stderr or "CUDA_ERROR" in last


@pytest.fixture
def nvpmodel(tmp_path: Path, monkeypatch) -> None:
    """Put a program in the place of a Jetson's."""
    program = tmp_path / "bin" / "nvpmodel"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho NV Power Mode: MAXN\necho 0\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")


DLA = '{"LayerType": "DLA", "Inputs": [{"Format/Datatype": "FP16"}]}'
GPU = '{"LayerType": "kgen", "Inputs": [{"Format/Datatype": "Half"}]}'


def test_a_dla_runs_all_of_a_model_or_is_told_otherwise(
    log, model, monkeypatch, nvpmodel
) -> None:
    monkeypatch.setenv("STUB_INTEGRATED", "1")
    monkeypatch.setenv("STUB_LAYERS", f'{{"Layers": [{DLA}, {DLA}, {DLA}, {GPU}]}}')
    build(model, Jetson, dla=1)
    (line,) = called(log, "buildSerializedNetwork")
    assert line.split()[3:5] == ["dla", "1"]
    assert not int(line.split()[2]) & GPU_FALLBACK
    assert called(log, "setDefaultDeviceType") == ["setDefaultDeviceType 1"]
    with worker(model, Jetson, dla=1) as opened, pytest.raises(CaseError, match="75%"):
        opened.open()
    build(model, Jetson, dla=1, gpu_fallback=True)
    assert int(called(log, "buildSerializedNetwork")[1].split()[2]) & GPU_FALLBACK
    with worker(model, Jetson, dla=1, gpu_fallback=True) as opened:
        opened.open()
        ran = opened.bind({"x": X}).ran
        assert opened.memory().device_bytes is None  # it has no memory of its own
    assert ran["provider"] == "TensorRT, DLA 1"
    assert ran["accelerated_share"] == 0.75
    assert ran["precision"] == {"fp16": 4}
    assert ran["power_mode"] == "MAXN (0)"
