"""From the command to its files, by real parts."""

import json
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from tierbench.harness.cli import main

COMMAND = ("search", "bearing", "--target", "host-onnxruntime", "--seed", "3")


@pytest.mark.real
@pytest.mark.usefixtures("_training")
def test_search(tmp_path):
    """A trial by the command itself, and another by the same command later."""
    out = tmp_path / "out"
    command = [sys.executable, "-m", "tierbench", *COMMAND, "--out", str(out), "--json"]
    told = []
    for trials in ("1", "2"):
        done = subprocess.run(
            [*command, "--trials", trials], capture_output=True, text=True, check=True
        )
        lines = done.stderr.splitlines()
        assert all(line.startswith("trial ") for line in lines), lines
        told.append((json.loads(done.stdout), len(lines)))
    (first, tried), (second, tried_later) = told
    assert (tried, tried_later) == (1, 1)
    assert second["trials"][:1] == first["trials"]
    assert len(second["trials"]) == 2
    check(second)
    assert json.loads((out / "search.json").read_text()) == second
    ElementTree.parse(out / "search.svg")
    names = {f"{one['network']}.onnx" for one in second["trials"]}
    assert {path.name for path in (out / "networks").iterdir()} == names


def check(found):
    """Check what every search says of its trials and its front."""
    for trial in found["trials"]:
        assert 1 / 8 < trial["validation"]["value"] < 1
        assert trial["validation"]["n"] == found["training"]["validation"]
        assert 0.1 < trial["latency_ratio"] < 3
        assert trial["macs"] > 0
    volumes = [trial["hypervolume"] for trial in found["trials"]]
    assert volumes == sorted(volumes)
    assert found["hypervolume"] == volumes[-1]
    assert found["reference"]["accuracy"]["n"] == 1_200
    assert found["front"]
    runs = {member["run"] for member in found["front"]} | {found["reference"]["run"]}
    assert len(runs) == 1, "all of the front were measured together"
    for member in found["front"]:
        assert member["evidence"] == "MEASURED"
        assert member["accuracy"]["n"] == 1_200
        assert member["latency_ratio"] is not None


def test_bad_input_ends_with_two(tmp_path, capsys):
    out = str(tmp_path / "out")
    arguments = ["search", "bering", "--target", "sim", "--trials", "0", "--out", out]
    assert main(arguments) == 2
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 2
    assert all(line.startswith("tierbench: ") for line in told)
    assert not (tmp_path / "out").exists()
