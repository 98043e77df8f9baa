"""TensorRT on a real NVIDIA GPU: a ResNet in four precisions, over batches.

The latency is from host memory to host memory; the events lie around the same copies,
so that the two are alike but for what the host adds to a call, as short calls show.
"""

import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from support.components import missing
from support.resnet import write_resnet

from tierbench.harness.demand import DeviceTimed
from tierbench.harness.meter import Load
from tierbench.harness.readings import curve_of
from tierbench.harness.recipe import Calibration
from tierbench.harness.values import BlockKind
from tierbench.harness.worker import Limits, Stretch, SubprocessWorker
from tierbench.models.recipes import RECIPES
from tierbench.targets.nvidia import Nvidia

BATCHES = (1, 4, 16, 64, 256)
COMPARED = 4
"""Samples that the CPU computes too."""

ALIKE_FROM_NS = 2_000_000
"""From here on what the host adds, some 10 microseconds, is below 1 %."""

ENERGY_S = 3.0


class Precision(NamedTuple):
    recipe: str | None
    tf32: bool
    most: str
    """What most layers compute in, by the engine's own word."""
    error: float
    """The largest difference to the CPU's outputs, in their standard deviation."""


PRECISIONS = {
    "FP32": Precision(None, False, "fp32", 1e-3),
    "TF32": Precision(None, True, "tf32", 0.05),
    "FP16": Precision("fp16", False, "fp16", 0.05),
    "INT8": Precision("int8-symmetric", False, "int8", 0.5),
}


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> dict[str, Path]:
    """Return the model's file in each precision."""
    if found := Nvidia().unavailable():
        missing("gpu", f"{found.reason}; {found.remedy}")
    return written(tmp_path_factory.mktemp("resnet"), 224)


def written(folder: Path, size: int) -> dict[str, Path]:
    source = write_resnet(folder / "fp32.onnx", size)
    samples = Calibration(sha256="seed 3", load=lambda: {"input": images(8, size)})
    return {
        name: source
        if each.recipe is None
        else RECIPES[each.recipe].build(source, "onnx", samples, folder).path
        for name, each in PRECISIONS.items()
    }


def images(count: int, size: int = 224) -> np.ndarray:
    return np.random.default_rng(3).random((count, 3, size, size), np.float32)


def on_cpu(model: Path, x: np.ndarray) -> np.ndarray:
    import onnxruntime

    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: x})[0]


def worker(model: Path, batch: int, **settings) -> SubprocessWorker:
    return SubprocessWorker(
        modules=Nvidia.device_modules,
        artifact=model,
        options={**Nvidia().settings, **settings},
        batch=batch,
        limits=Limits(),
    )


def stretch(**more) -> Stretch:
    second = {"calls_min": 20, "calls_max": 100_000, "duration_ns": 10**9}
    return Stretch(kind=BlockKind.SLICE, **second, **more)


def test_the_variants_compute_alike_on_the_cpu(tmp_path) -> None:
    """What the suite compares with, as far as it can be checked without a GPU."""
    files, x = written(tmp_path, 64), images(COMPARED, 64)
    expected = on_cpu(files["FP32"], x)
    assert expected.shape == (COMPARED, 1000)
    assert expected.std() > 0.01
    for name, file in files.items():
        error = np.abs(on_cpu(file, x) - expected).max() / expected.std()
        print(f"\n{name}: largest error {error:.2g} of the deviation")
        assert error < 1


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("name", PRECISIONS)
def test_latency_numbers_and_energy(models, name: str, batch: int) -> None:
    precision, x = PRECISIONS[name], images(batch)
    settings = {"tf32": precision.tf32}
    with worker(models[name], batch, **settings) as builder:
        builder.build()
    with worker(models[name], batch, **settings) as session:
        session.open()
        ran = session.bind({"input": x}).ran
        (outputs,) = session.evaluate({"input": x})
        session.block(stretch())  # warm
        host_ns = np.median(session.block(stretch()).latency_ns)
        timed = session.block(stretch(demand=DeviceTimed()))
        device_ns = np.median(timed.more["device"])
        energy_j = energy_of_a_call(session)
    expected = on_cpu(models[name], x[:COMPARED])
    error = np.abs(outputs[:COMPARED] - expected).max() / expected.std()
    print(
        f"\n{name} batch {batch}: {host_ns / 1e6:.3f} ms, events "
        f"{device_ns / 1e6:.3f} ms, {energy_j} J a call, largest error {error:.2g} of "
        f"the deviation, layers {ran['precision']}"
    )
    layers = ran["precision"]
    assert max(layers, key=layers.get) == precision.most
    assert ("tf32" in layers) is precision.tf32
    assert error < precision.error
    assert device_ns <= np.median(timed.latency_ns)
    if device_ns >= ALIKE_FROM_NS:
        assert host_ns == pytest.approx(device_ns, rel=0.01)
    assert energy_j > 0


def energy_of_a_call(session: SubprocessWorker) -> float:
    """Return the energy of a call by the target's own meter, in a window of work."""
    (meter,) = Nvidia().meters()
    if not meter.specifications():
        missing("gpu", str(meter.missing()))
    meter.start()
    begin = time.monotonic_ns()
    calls = 0
    while time.monotonic_ns() - begin < ENERGY_S * 1e9:
        calls += len(session.block(stretch()).latency_ns)
    end = time.monotonic_ns()
    time.sleep(0.3)
    unix_ns = time.time_ns() - time.monotonic_ns()
    recordings = meter.stop(Load(busy=((begin, end),), idle=(), unix_ns=unix_ns))
    meter.close()
    return float(curve_of(recordings[0]).energy_j(begin, end)) / calls


def test_a_graph_and_streams_compute_the_same(models) -> None:
    x = images(COMPARED)
    found = []
    for settings in ({}, {"cuda_graph": True}, {"streams": 4}):
        with worker(models["FP32"], COMPARED, **settings) as session:
            session.build()
        with worker(models["FP32"], COMPARED, **settings) as session:
            session.open()
            session.bind({"input": x})
            window = Stretch(kind=BlockKind.WINDOW, calls_min=20, calls_max=10**5,
                             duration_ns=10**9)  # fmt: skip
            block = session.block(window)
            print(
                f"\n{settings}: {len(block.latency_ns) / block.elapsed_ns * 1e9:.0f}/s"
            )
            found.append(session.evaluate({"input": x})[0])
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_allclose(found[0], found[2], rtol=1e-4, atol=1e-4)
