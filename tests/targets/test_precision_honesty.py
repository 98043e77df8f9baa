"""Precisions that nobody asked for, found by their numbers and by what is told."""

from pathlib import Path

import numpy as np
import pytest
from support.components import missing
from support.resnet import write_resnet
from support.sessions import session

from tierbench.harness.target import Target
from tierbench.models import defect
from tierbench.targets.host_onnxruntime import HostOnnxruntime
from tierbench.targets.host_openvino import HostOpenvino

DEFECT = Path(defect.__file__).parent / "defect.onnx"
FP32 = 5e-5
"""The largest error of float32, as a share of the largest output."""


def ran(target: type[Target], path: Path, inputs: dict, **settings) -> tuple:
    (first,) = inputs.values()
    with session(target, path, len(first), **settings) as worker:
        worker.open()
        told = worker.bind(inputs).ran
        (found,) = worker.evaluate(inputs)
    return told, found


def error(found: np.ndarray, reference: np.ndarray) -> float:
    return float(np.abs(found - reference).max() / np.abs(reference).max())


@pytest.fixture(scope="module")
def resnet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("resnet")
    return write_resnet(folder / "resnet.onnx", image=64, width=16, classes=10)


@pytest.mark.parametrize("network", ["defect", "resnet"])
def test_openvinos_own_bfloat16_is_caught(resnet: Path, network: str) -> None:
    """It computes float32 files in bfloat16 where the CPU can, unless it is told."""
    for target in (HostOnnxruntime, HostOpenvino):
        if found := target().unavailable():
            missing("openvino", found.reason)
    path, shape = {
        "defect": (DEFECT, (4, 64, 64, 1)),
        "resnet": (resnet, (4, 3, 64, 64)),
    }[network]
    inputs = {"input": np.random.default_rng(0).random(shape, np.float32)}
    _, reference = ran(HostOnnxruntime, path, inputs)
    told, found = ran(HostOpenvino, path, inputs)
    assert told["precision"] == "f32"
    assert error(found, reference) < FP32
    told, found = ran(HostOpenvino, path, inputs, precision="default")
    if told["precision"] == "f32":
        pytest.skip("this CPU has no bfloat16, and OpenVINO chose f32")
    print(f"\n{network}: own choice {told['precision']}, {error(found, reference):.2g}")
    assert told["precision"] == "bf16", "what it chose itself is told"
    assert error(found, reference) > FP32, "and float32 it is not"
