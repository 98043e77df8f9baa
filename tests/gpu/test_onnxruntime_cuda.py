"""A ResNet-class network on a real NVIDIA GPU by ONNX Runtime: numbers, time, energy.

``TIERBENCH_GPU_PYTHON`` names the Python that has ``onnxruntime-gpu``; without it this
one is asked. ``TIERBENCH_GPU_PROVIDER=tensorrt`` takes that provider instead of CUDA.
"""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.components import missing
from support.resnet import write_resnet

from tierbench.harness.meter import Load
from tierbench.harness.readings import curve_of
from tierbench.harness.values import BlockKind
from tierbench.harness.worker import Limits, Stretch, SubprocessWorker
from tierbench.models.recipes.onnx_fp16 import ONNX_FP16
from tierbench.models.recipes.onnx_qdq import onnx_static
from tierbench.targets.nvidia_onnxruntime import NvidiaOnnxruntime

PYTHON = os.environ.get("TIERBENCH_GPU_PYTHON")
PROVIDER = os.environ.get("TIERBENCH_GPU_PROVIDER", "cuda")
BATCHES = (1, 8, 64, 256)
LIMITS = Limits(open_s=300.0, call_s=120.0)
WINDOW_NS = 12_000_000_000
TOLERANCES = {"fp32": 5e-5, "tf32": 1e-2, "fp16": 1e-2, "int8": 0.2}
"""The largest error of a logit, as a share of the largest: float32 that computes in
TF32 is off by some 1e-3, and so is caught."""

PLAIN = """
import json, sys
import numpy as np
import onnxruntime as ort
model, batch, calls, folder, options = sys.argv[1:6]
ort.preload_dlls()
settings = ort.SessionOptions()
settings.enable_profiling = True
settings.profile_file_prefix = folder + "/plain"
options = json.loads(options)
session = ort.InferenceSession(
    model, settings, providers=[("CUDAExecutionProvider", options)], enable_fallback=0
)
binding = session.io_binding()
x = np.random.default_rng(0).random((int(batch), 3, 224, 224), np.float32)
binding.bind_ortvalue_input("input", ort.OrtValue.ortvalue_from_numpy(x))
binding.bind_output("logits", "cpu")
for _ in range(int(calls)):
    session.run_with_iobinding(binding)
with open(session.end_profiling()) as file:
    events = json.load(file)
runs = [e["dur"] for e in events if e.get("name") == "model_run"]
print(float(np.median(runs[len(runs) // 4 :])) / 1e3)
"""


@pytest.fixture(autouse=True)
def _gpu() -> None:
    target = NvidiaOnnxruntime({"provider": PROVIDER}, PYTHON)
    if found := target.unavailable():
        missing("gpu", f"{found.reason}; {found.remedy}")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the network in each precision; int8 ranges come from drawn images."""
    folder = tmp_path_factory.mktemp("resnet")
    fp32 = write_resnet(folder / "fp32.onnx")
    images = np.random.default_rng(1).random((16, 3, 224, 224), np.float32)
    ONNX_FP16.apply(fp32, {}, folder / "fp16.onnx")
    onnx_static().apply(fp32, {"input": images}, folder / "int8.onnx")
    found = {name: folder / f"{name}.onnx" for name in ("fp32", "fp16", "int8")}
    return {**found, "tf32": fp32}


def images(batch: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {"input": rng.random((batch, 3, 224, 224), np.float32)}


def worker(path: Path, precision: str, batch: int) -> SubprocessWorker:
    settings = {
        "provider": PROVIDER,
        "tf32": precision == "tf32",
        "fp16": precision == "fp16" and PROVIDER == "tensorrt",
    }
    target = NvidiaOnnxruntime(settings, PYTHON)
    made = SubprocessWorker(
        modules=target.device_modules,
        artifact=path,
        options=target.settings,
        batch=batch,
        limits=replace(LIMITS),
        python=PYTHON,
    )
    made.build()
    return made


@pytest.fixture(scope="module")
def reference(files: dict[str, Path]) -> np.ndarray:
    """Return what the CPU computes of the float32 file."""
    import onnxruntime

    session = onnxruntime.InferenceSession(
        files["fp32"], providers=["CPUExecutionProvider"]
    )
    return session.run(None, images(8))[0]


@pytest.mark.parametrize("precision", TOLERANCES)
def test_numbers_are_the_cpus_within_the_precision(
    files: dict[str, Path], reference: np.ndarray, precision: str
) -> None:
    with worker(files[precision], precision, 8) as opened:
        opened.open()
        ran = opened.bind(images(8)).ran
        (found,) = opened.evaluate(images(8))
    error = float(np.abs(found - reference).max() / np.abs(reference).max())
    print(f"\n{precision}: off by {error:.2g} of the largest; ran {ran['precision']}")
    assert error < TOLERANCES[precision]
    assert ran["accelerated_share"] == 1.0
    if precision == "tf32":
        assert error > TOLERANCES["fp32"], "TF32 was asked for and did not run"


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("precision", TOLERANCES)
def test_time_and_energy_over_batches(
    files: dict[str, Path], precision: str, batch: int
) -> None:
    stretch = Stretch(
        kind=BlockKind.SLICE, calls_min=3, calls_max=10**6, duration_ns=WINDOW_NS
    )
    (meter,) = NvidiaOnnxruntime({}, PYTHON).meters()
    with worker(files[precision], precision, batch) as opened:
        opened.open()
        opened.bind(images(batch))
        opened.block(replace(stretch, duration_ns=WINDOW_NS // 10))
        if not meter.specifications():
            missing("gpu", str(meter.missing()))
        meter.start()
        block = opened.block(stretch)
        window = (block.started_ns, block.started_ns + block.elapsed_ns)
        unix_ns = block.started_at_ns - block.started_ns
        recorded = meter.stop(Load(busy=(window,), idle=(), unix_ns=unix_ns))
        meter.close()
    counted = [r for r in recorded if r.series.quantity == "energy"]
    samples = block.made * batch
    median_ms = float(np.median(block.latency_ns)) / 1e6
    joules = float(curve_of(counted[0]).energy_j(*window)) if counted else None
    each = None if joules is None else 1e3 * joules / samples
    print(f"\n{precision} batch {batch}: {median_ms:.3f} ms, {each} mJ a sample")
    assert median_ms > 0
    assert each is None or each > 0


def test_the_median_is_the_runtimes_own_within_1_percent(
    files: dict[str, Path], tmp_path: Path
) -> None:
    """By its profile of whole runs, in a plain session, in turns with ours."""
    if PROVIDER != "cuda":
        pytest.skip("the plain session is CUDA's")
    stretch = Stretch(
        kind=BlockKind.SLICE, calls_min=50, calls_max=10**6, duration_ns=5_000_000_000
    )
    ratios = []
    options = json.dumps({"device_id": "0", "use_tf32": "0"})
    for turn in range(5):
        folder = tmp_path / str(turn)
        folder.mkdir()
        arguments = [str(files["fp32"]), "8", "1000", str(folder), options]
        command = [PYTHON or sys.executable, "-c", PLAIN, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        plain_ms = float(done.stdout.splitlines()[-1])
        with worker(files["fp32"], "fp32", 8) as opened:
            opened.open()
            opened.bind(images(8))
            ours_ms = float(np.median(opened.block(stretch).latency_ns)) / 1e6
        ratios.append(ours_ms / plain_ms)
    print(f"\nours over the runtime's own, in turns: {np.round(ratios, 4)}")
    assert np.median(ratios) == pytest.approx(1.0, abs=0.01)
