"""A device that builds what it opens, says who it is, and times itself."""

import json
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from support.built import Built
from support.plans import write_model

from tierbench.harness import registry
from tierbench.harness.cli import main

SWEEP = """\
name = "built"
[[model]]
path = "model.onnx"
[[target]]
use = "built"
[workload]
batch = [1, 2]
"""


@pytest.fixture(autouse=True)
def known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    points = {
        **registry._points(registry.TARGETS),
        "built": EntryPoint("built", "support.built:Built", registry.TARGETS),
    }
    others = registry._points
    monkeypatch.setattr(
        registry, "_points", lambda g: points if g == registry.TARGETS else others(g)
    )


def test_it_is_built_once_and_opened_by_every_worker(tmp_path, capsys) -> None:
    write_model(tmp_path)
    (tmp_path / "sweep.toml").write_text(SWEEP)
    store = f"sqlite:///{tmp_path / 'results.db'}"
    for _ in range(2):
        run = ["run", str(tmp_path / "sweep.toml"), "--store", store, "--fresh"]
        assert main([*run, "--json"]) in (0, 1)
        rows = json.loads(capsys.readouterr().out)
        assert [row["ran"]["built_elsewhere"] for row in rows] == [True, True]
        builders = {row["ran"]["builder"] for row in rows}
        assert len(builders) == 2  # one a batch
    files = list((tmp_path / "cache" / "tierbench" / "artifacts").iterdir())
    assert {int(file.read_text()) for file in files} == builders
    for row in rows:
        assert row["device"] == "chip 0"
        assert row["device_latency_ms"]["median"] == pytest.approx(1e-4)
        assert row["device_latency_ms"]["clock"] == "a fixed time"
        assert row["device_latency_ms"]["n"] >= 60
        assert 0 < row["device_latency_ms"]["share"] < 1
        assert row["latency_ms"]["median"] > 1e-3


def test_the_doctor_tells_needs_and_the_device(capsys) -> None:
    assert main(["doctor", "--target", "built", "--json"]) == 0
    needs = json.loads(capsys.readouterr().out)
    assert [need["need"] for need in needs] == ["module json", "a device"]
    assert needs[1]["found"] == "chip 0"
    assert main(["doctor", "--target", "built", "--python", "/no/python"]) == 1
    assert "/no/python" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["--target", "no-such"],
        ["--python", "python3"],
        ["--target", "built", "--fix"],
    ],
)
def test_the_doctor_refuses_what_does_not_fit(arguments, capsys) -> None:
    assert main(["doctor", *arguments]) == 2
    assert capsys.readouterr().err.startswith("tierbench: ")


@pytest.mark.parametrize(
    ("index", "words"), [(7, "no device 7"), (8, "ended by SIGABRT")]
)
def test_a_device_that_is_not_there_is_a_reason(index: int, words: str) -> None:
    missing = Built({"index": index}).unavailable()
    assert missing is not None
    assert words in missing.reason
    assert missing.remedy == "plug the chip in"
