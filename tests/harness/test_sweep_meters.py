"""Meters that a sweep file wires, and every mistake in them."""

import sys
from pathlib import Path

import pytest
from support.plans import plan_of, write_model

from tierbench.harness.errors import SweepError
from tierbench.harness.plan import meter_of
from tierbench.harness.sweep import parse_sweep
from tierbench.targets.meters.csv_file import CsvFile

HEAD = """
name = "test"
[[model]]
path = "model.onnx"
[[target]]
use = "sim"
"""
CSV = """
[[meter]]
use = "csv"
path = "wall.csv"
scope = "wall"
accuracy = 0.01
power = "P"
"""


def sweep(folder: Path, rest: str):
    if not (folder / "model.onnx").exists():
        write_model(folder)
    return parse_sweep(HEAD + rest, "test.toml", folder)


def test_a_meter_is_made_for_every_case_that_it_watches(tmp_path: Path) -> None:
    (tmp_path / "wall.csv").write_text("time,P\n1,2\n2,2\n")
    other = 'use = "sim"\ndevice = "b"'
    plan = plan_of(tmp_path, 'use = "sim"', other, rest=CSV)
    for planned in plan.cases:
        (meter,) = planned.meters
        assert isinstance(meter, CsvFile)
        (stated,) = meter.specifications()
        assert (stated.scope, stated.gain, stated.meter) == ("wall", 0.01, "wall.csv")
    assert plan.cases[0].meters[0] is not plan.cases[1].meters[0]


def test_a_sweep_keeps_its_meters_as_written(tmp_path: Path) -> None:
    with_meter = sweep(tmp_path, CSV)
    (told,) = with_meter.plain["meters"]
    assert told["settings"]["path"] == "wall.csv"
    assert with_meter.meters[0].watches("anything")
    assert "meters" not in sweep(tmp_path, "").plain


REMOTE = """
[[target]]
use = "host-onnxruntime"
python = "ssh://pi@board/usr/bin/python3"
[[meter]]
use = "jetson"
"""


@pytest.mark.parametrize(
    ("python", "where"),
    [
        ("", "ssh://pi@board/usr/bin/python3"),  # where the target runs
        ('python = "ssh://other/opt/python"', "ssh://other/opt/python"),
        ('python = "py"', "{folder}/py"),
    ],
)
def test_a_meter_of_the_device_is_read_there(tmp_path, python, where) -> None:
    (tmp_path / "py").symlink_to(sys.executable)
    found = sweep(tmp_path, REMOTE + python)
    (request,) = found.meters
    meter = meter_of(request, found.targets[1].python)
    assert meter.python == where.format(folder=tmp_path)
    here = meter_of(request, None).python
    assert here == request.python
    told = found.plain["targets"][1]["python"]
    assert told == "ssh://pi@board/usr/bin/python3"


def test_a_bench_instrument_stays_on_this_machine(tmp_path: Path) -> None:
    (request,) = sweep(tmp_path, CSV).meters
    meter = meter_of(request, "ssh://board/usr/bin/python3")
    assert (meter.python, meter.machine) == (None, None)


def test_a_meter_may_watch_some_targets_only(tmp_path: Path) -> None:
    found = sweep(tmp_path, CSV + 'target = ["sim"]')
    assert found.meters[0].targets == ("sim",)
    assert not found.meters[0].watches("host-litert")


@pytest.mark.parametrize(
    ("table", "where", "why"),
    [
        ('use = "csx"', "meter[0].use", "did you mean 'csv'?"),
        ('use = "rapl"\nroot = 3', "meter[0].root", "must be str, not 3"),
        ('use = "rapl"\nfolder = "/"', "meter[0].folder", "unknown option 'folder'"),
        ('use = "hwmon"', "meter[0]", "scope is missing"),
        ('use = "hwmon"\nscope = "pcb"', "meter[0].scope", "'rail', 'module'"),
        ('use = "nvml"\nindex = -1', "meter[0].index", "at least 0"),
        ('use = "nvml"\ntarget = "jetson"', "meter[0].target", "unknown target"),
        ('use = "csv"\npath = "a"\nscope = "wall"', "meter[0]", "accuracy is missing"),
        (
            'use = "csv"\npath = "a"\nscope = "wall"\naccuracy = 0.1',
            "meter[0].power",
            "give one of power, energy",
        ),
        ("use = 3", "meter[0].use", "must be the name of a meter, not 3"),
        ("", "meter[0].use", "is missing"),
        ('use = "rapl"\nroot = ["/"]', "meter[0].root", "must be str"),
    ],
)
def test_mistakes_are_told_with_their_place(tmp_path, table, where, why) -> None:
    with pytest.raises(SweepError) as caught:
        sweep(tmp_path, f"[[meter]]\n{table}\n")
    found = [mistake for mistake in caught.value.mistakes if mistake.where == where]
    assert any(why in mistake.problem for mistake in found), caught.value.mistakes
    assert all(mistake.line for mistake in found)
