"""An idle worker costs nothing: it must not slow the one that is measured next."""

import os
import time
from pathlib import Path

import pytest
from support.components import missing
from support.sessions import session

import tierbench.models.defect
from tierbench.harness.data import synthetic
from tierbench.harness.target import Target
from tierbench.harness.values import BlockKind
from tierbench.harness.worker import Stretch
from tierbench.targets.host_litert import HostLitert
from tierbench.targets.host_onnxruntime import HostOnnxruntime
from tierbench.targets.host_openvino import HostOpenvino

FOLDER = Path(tierbench.models.defect.__file__).parent
WATCHED_S = 0.5
SLICE = Stretch(
    kind=BlockKind.SLICE, calls_min=50, calls_max=1000, duration_ns=50_000_000
)


def cpu_s(pid: int) -> float:
    """Return the CPU time of a process and all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(
    ("kind", "model", "component"),
    [
        (HostOnnxruntime, "defect.onnx", "host"),
        (HostLitert, "defect.tflite", "host"),
        (HostOpenvino, "defect.onnx", "openvino"),
    ],
)
def test_threads_sleep_after_a_block(
    kind: type[Target], model: str, component: str, threads: int
) -> None:
    if lacking := kind().unavailable():
        missing(component, lacking.reason)
    with session(kind, FOLDER / model, threads=threads) as worker:
        worker.bind(synthetic(worker.open().inputs, 1, 0))
        worker.block(SLICE)
        before = cpu_s(worker.pid)
        time.sleep(WATCHED_S)
        assert cpu_s(worker.pid) - before <= 0.04 * WATCHED_S
