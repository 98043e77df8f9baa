"""``tierbench demo``."""

import json
import signal

import pytest
from support.components import missing
from support.plans import write_model

from tierbench.harness.commands import demo
from tierbench.targets.host_litert import HostLitert
from tierbench.targets.host_onnxruntime import HostOnnxruntime
from tierbench.targets.host_openvino import HostOpenvino

SMALL = """\
name = "demo"
[[model]]
path = "model.onnx"
[[target]]
use = "sim"
latency_us = [500.0, 900.0]
"""


@pytest.fixture
def small(tmp_path, monkeypatch):
    """Let the demo measure the simulated device, in seconds."""
    monkeypatch.setattr(demo, "SWEEP", SMALL)
    out = tmp_path / "out"
    out.mkdir()
    write_model(out)
    return out


def test_a_page_and_all_that_is_behind_it(call, small) -> None:
    said = call("demo", "--out", small)
    assert said.status == 0
    assert said.out == f"{small / 'report.html'}\n"
    assert "<html" in (small / "report.html").read_text()
    assert (small / "sweep.toml").read_text() == SMALL
    rows = json.loads(
        call("results", "--json", "--store", f"sqlite:///{small / 'results.db'}").out
    )
    assert [row["status"] for row in rows] == ["ok", "ok"]
    assert f"tierbench run {small / 'sweep.toml'}" in said.err


def test_again_it_measures_nothing_twice(call, small) -> None:
    call("demo", "--out", small)
    assert "2 reused" in call("demo", "--out", small).err


def test_a_failed_case_is_1_and_in_the_page(call, small, monkeypatch) -> None:
    monkeypatch.setattr(demo, "SWEEP", SMALL + 'fault = "raise"\n')
    assert call("demo", "--out", small).status == 1
    assert "refuses this call" in (small / "report.html").read_text()


def test_left_early_it_writes_no_page(call, small, monkeypatch) -> None:
    from tierbench.harness.recording import JournalRecorder

    block = JournalRecorder.block
    kept = []

    def then_leave(self, bench, found):
        block(self, bench, found)
        kept.append(found)
        if len(kept) == 10:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(JournalRecorder, "block", then_leave)
    monkeypatch.setattr("tierbench.harness.run.ThreadPoolExecutor", Inline)
    said = call("demo", "--out", small)
    assert said.status == 3
    assert "left early" in said.err
    assert not (small / "report.html").exists()


class Inline:
    """An executor that runs at once, in the thread that hears signals."""

    def __init__(self, *_) -> None:
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None:
        pass

    def submit(self, act, *arguments):
        act(*arguments)
        return self

    def result(self) -> None:
        pass


def test_a_folder_that_cannot_be_made_is_bad_input(call, tmp_path) -> None:
    (tmp_path / "file").write_text("")
    said = call("demo", "--out", tmp_path / "file" / "out")
    assert said.status == 2
    assert str(tmp_path / "file" / "out") in said.err


def test_the_demos_own_sweep_plans_on_the_host_runtimes(call, tmp_path) -> None:
    for target in (HostOnnxruntime, HostLitert):
        if found := target().unavailable():
            missing("host", found.reason)
    if found := HostOpenvino().unavailable():
        missing("openvino", found.reason)
    (tmp_path / "sweep.toml").write_text(demo.SWEEP)
    said = call("plan", tmp_path / "sweep.toml")
    # 3 models in 5 variants on 3 runtimes, batch 1 and 8
    assert said.out.splitlines()[-1] == "90 to measure, 0 skipped"
