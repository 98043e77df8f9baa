"""A board on a pseudo-terminal, in real time: a sweep from start to finish."""

import tempfile
import threading
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.boards import LIMITS, profile_of, sample
from support.components import missing
from support.serial_device import Board, Firmware, Pty, averages

from tierbench.harness import windows
from tierbench.harness.errors import WorkerDied, WorkerError
from tierbench.harness.formats import inspect_model
from tierbench.harness.plan import make_plan
from tierbench.harness.progress import Silence
from tierbench.harness.results import rows
from tierbench.harness.run import run_plan
from tierbench.harness.store import Store
from tierbench.harness.sweep import parse_sweep
from tierbench.models import bearing
from tierbench.targets.cortex_m_serial import CortexMSerial
from tierbench.targets.cortex_m_serial.worker import BoardWorker, connect
from tierbench.targets.host_litert import HostLitert

SAMPLES = 24
WINDOW_NS = 250_000_000
CALL_S = 0.004

SWEEP = """\
name = "board"
profile = "{profile}"
[[model]]
path = "model.tflite"
data = "data.npz"
[[target]]
use = "cortex-m-serial"
port = "{port}"
board = "nucleo-of-python"
[[target]]
use = "host-litert"
"""


class Interpreter:
    """What a firmware computes, by LiteRT: bytes of int8 in, real numbers out."""

    def __init__(self, path: Path) -> None:
        runtime = import_module("ai_edge_litert.interpreter")
        self._interpreter = runtime.Interpreter(str(path))
        self._interpreter.allocate_tensors()
        (self._input,) = self._interpreter.get_input_details()
        (self._output,) = self._interpreter.get_output_details()

    def __call__(self, data: bytes) -> list[float]:
        stored = np.frombuffer(data, np.int8).reshape(self._input["shape"])
        self._interpreter.set_tensor(self._input["index"], stored)
        self._interpreter.invoke()
        scale, zero_point = self._output["quantization"]
        found = self._interpreter.get_tensor(self._output["index"])
        return [scale * (int(value) - zero_point) for value in found[0]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with an int8 model and the data to judge it by."""
    if found := HostLitert().unavailable():
        missing("host", found.reason)
    made = tmp_path_factory.mktemp("board")
    built = bearing.model.build("int8", "tflite", made)
    (made / "model.tflite").write_bytes(built.path.read_bytes())
    data = bearing.model.evaluation()
    (array,) = data.inputs.values()
    arrays: dict[str, Any] = {"input": array[:SAMPLES], "labels": data.labels[:SAMPLES]}
    np.savez(made / "data.npz", **arrays)
    return made


def run(folder: Path, port: str, profile: str = "smoke") -> dict[str, dict[str, Any]]:
    """Run the sweep and return its rows by target."""
    text = SWEEP.format(port=port, profile=profile)
    plan = make_plan(parse_sweep(text, "board.toml", folder))
    with Store.open(f"sqlite:///{tempfile.mkdtemp(dir=folder)}/results.db") as store:
        run_plan(plan, store, Silence())
        return {row["target"]: row for row in rows(store)}


def test_a_sweep_start_to_finish(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "WINDOW_NS", WINDOW_NS)
    firmware = Firmware(Interpreter(folder / "model.tflite"), call_s=CALL_S)
    with Pty(firmware) as board:
        found = run(folder, board.path)
    row, host = found["cortex-m-serial"], found["host-litert"]
    assert (row["status"], row["evidence"]) == ("ok", "MEASURED")
    assert row["device"] == "nucleo-of-python"
    latency = row["latency_ms"]
    assert latency["median"] == pytest.approx(1e3 * CALL_S, rel=1e-3)
    assert row["slices"] == windows.WINDOWS
    assert latency["p90"] is latency["p99"] is latency["first_call"] is None
    assert latency["p99_reason"] == windows.NO_TAIL
    assert latency["median_ci95_reason"].startswith("5 separate slices")
    assert row["throughput_per_s"] == pytest.approx(1 / CALL_S, rel=1e-3)
    assert row["accuracy"]["n"] == SAMPLES
    assert row["accuracy"]["value"] == host["accuracy"]["value"] > 0.5
    assert row["memory"] is None
    assert row["throttled"] == "unknown"
    assert row["ran"]["mode"] == "performance"


def test_a_firmware_that_tells_no_times(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(windows, "WINDOW_NS", WINDOW_NS)
    compute = Interpreter(folder / "model.tflite")
    with Pty(Board(Firmware(compute, call_s=CALL_S, energy=True))) as board:
        row = run(folder, board.path)["cortex-m-serial"]
    assert row["status"] == "ok"
    assert row["ran"]["through_board"] is True
    assert row["latency_ms"] is None
    assert row["latency_ms_reason"] == windows.NO_TIME
    assert row["throughput_per_s"] is None
    assert row["accuracy"]["n"] == SAMPLES


def test_a_firmware_of_another_model_fails_its_case_alone(folder: Path) -> None:
    with Pty(Firmware(model="kws01")) as board:
        found = run(folder, board.path)
    row = found["cortex-m-serial"]
    assert row["status"] == "failed"
    assert "holds 'kws01', of 490 inputs" in row["reason"]
    assert found["host-litert"]["status"] == "ok"


def test_no_board_is_a_skip_with_the_reason(folder: Path) -> None:
    found = run(folder, "/dev/no-such-port")
    row = found["cortex-m-serial"]
    assert row["status"] == "skipped"
    assert "'/dev/no-such-port' cannot be opened" in row["reason"]
    assert found["host-litert"]["status"] == "ok"


def test_nobody_on_the_port_is_found_in_time() -> None:
    def deaf(command: str, events: Any) -> Any:
        return []

    with Pty(Firmware(), deaf) as board:
        began = time.monotonic()
        with pytest.raises(WorkerError, match="no whole answer to 'name'"):
            connect(board.path, 115_200)
        assert time.monotonic() - began < 15


def test_a_port_is_ours_alone() -> None:
    with Pty(Firmware()) as board:
        port, *_ = connect(board.path, 0)
        with pytest.raises(WorkerDied, match="cannot be opened"):
            connect(board.path, 0)
        port.close()


def test_a_cable_that_is_pulled() -> None:
    with Pty(Firmware(call_s=10.0)) as board:
        settings = CortexMSerial({"port": board.path}).settings
        with BoardWorker(settings, profile_of(), LIMITS) as worker:
            worker.open()
            threading.Timer(0.5, board.stop).start()
            began = time.monotonic()
            with pytest.raises(WorkerDied, match="is gone"):
                worker.bind(sample())
            assert time.monotonic() - began < 3


def test_outputs_over_a_real_line() -> None:
    with Pty(Firmware()) as board:
        settings = CortexMSerial({"port": board.path, "baud": 921_600}).settings
        with BoardWorker(settings, profile_of(), LIMITS) as worker:
            worker.open()
            for seed in range(5):
                (found,) = worker.evaluate(sample(seed))
                truth = averages(sample(seed)["x"].tobytes())
                assert found[0].tolist() == pytest.approx(truth, abs=0.00051)


def test_the_model_is_int8(folder: Path) -> None:
    profile = inspect_model(folder / "model.tflite")
    assert profile.inputs[0].dtype == profile.outputs[0].dtype == "int8"
