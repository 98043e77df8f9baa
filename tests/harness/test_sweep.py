from __future__ import annotations

import json
import os
import re
import stat
from dataclasses import FrozenInstanceError, replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tierbench.harness.errors import NotFound, SweepError
from tierbench.harness.profiles import PROFILES
from tierbench.harness.sweep import Constraints, Sweep, load_sweep, parse_sweep
from tierbench.harness.sweep_schema import TABLES
from tierbench.harness.target import Option
from tierbench.harness.toml_lines import line_index
from tierbench.harness.values import Scenario
from tierbench.harness.worker import Limits

TARGETS = {
    "cpu": SimpleNamespace(
        options=(
            Option(name="threads", kind=int, default=1, help="", minimum=1, maximum=64),
            Option(name="load", kind=float, default=0.0, help="", minimum=0),
            Option(name="mode", kind=str, default="a", help="", choices=("a", "b")),
            Option(name="fast", kind=bool, default=False, help=""),
        )
    ),
    "board": SimpleNamespace(options=()),
}


def check(variant):
    if variant not in ("fp32", "int8"):
        raise NotFound("variant of model 'defect'", variant, ("fp32", "int8"))


MODELS = {"defect": SimpleNamespace(variants=("fp32", "int8"), check=check)}
RECIPES = {
    "small": SimpleNamespace(
        formats=("onnx", "tflite"), calibrated=lambda _: True, reasons={}
    ),
    "flat": SimpleNamespace(
        formats=("tflite",), calibrated=lambda _: False, reasons={"onnx": "too deep"}
    ),
}

GOOD = """
name = "panel"
profile = "nightly"

[[model]]
use = "defect"
variants = ["int8", "fp32"]
data = "defect"

[[model]]
path = "my.onnx"
data = "val.npz"

[[target]]
use = "cpu"
threads = [2, 1]
load = [0, 0.5]

[[target]]
use = "board"
python = "py"

[workload]
scenario = ["single_stream", "offline"]
batch = [1, 8]
seed = 7

[limits]
memory_mb = 2048
call_s = 5

[constraints]
accuracy_min = 0.95
error_max = 2.5
energy_mj_max = 50

[cost]
units = 340
years = 5
electricity_per_kwh = 0.20
currency = "EUR"
"""
LEAST = """
name = "x"
[[model]]
use = "defect"
[[target]]
use = "board"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("my.onnx", "val.npz", "my.tflite", "notes.txt"):
        (tmp_path / name).write_bytes(b"x")
    interpreter = tmp_path / "py"
    interpreter.write_text("#!/bin/sh\n")
    interpreter.chmod(interpreter.stat().st_mode | stat.S_IXUSR)
    (tmp_path / "sub").mkdir()
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "labels.csv").write_text("file,label\n")
    return tmp_path


def parse(text: str, folder: Path) -> Sweep:
    return parse_sweep(
        text, "s.toml", folder, targets=TARGETS, models=MODELS, recipes=RECIPES
    )


def test_every_value_arrives(folder: Path) -> None:
    sweep = parse(GOOD, folder)
    reference, file = sweep.models
    assert (sweep.name, sweep.profile, sweep.seed) == ("panel", "nightly", 7)
    assert (reference.name, reference.use, reference.path) == ("defect", "defect", None)
    assert reference.variants == ("int8", "fp32")
    assert (reference.data_use, reference.data_path) == ("defect", None)
    assert (file.name, file.use, file.variants) == ("my", None, ())
    assert (file.path, file.data_path) == (folder / "my.onnx", folder / "val.npz")
    assert [target.use for target in sweep.targets] == ["cpu", "board"]
    assert sweep.targets[0].settings == (
        {"threads": 2, "load": 0.0},
        {"threads": 2, "load": 0.5},
        {"threads": 1, "load": 0.0},
        {"threads": 1, "load": 0.5},
    )
    assert type(sweep.targets[0].settings[0]["load"]) is float
    assert sweep.targets[1].settings == ({},)
    assert sweep.targets[1].python == str(folder / "py")
    assert sweep.scenarios == (Scenario.SINGLE_STREAM, Scenario.OFFLINE)
    assert sweep.batches == (1, 8)
    assert sweep.limits == replace(Limits(), memory_bytes=2_048_000_000, call_s=5.0)
    assert sweep.constraints == Constraints(
        accuracy_min=0.95, error_max=2.5, energy_mj_max=50
    )
    assert sweep.cost is not None
    assert sweep.cost["currency"] == "EUR"
    assert sweep.text == GOOD


OWN = """
path = "my.onnx"
variants = ["small", "fp32"]
calibration = "val.npz"
data = "photos"
metric = "top5"
image_mean = [0.5, 0, 1]
image_std = 0.25
"""


def test_a_files_own_variants_data_and_metric_arrive(folder: Path) -> None:
    sweep = parse(model(OWN), folder)
    (request,) = sweep.models
    assert request.variants == ("small", "fp32")
    assert request.calibration == folder / "val.npz"
    assert (request.data_use, request.data_path) == (None, folder / "photos")
    assert (request.metric, request.image_std) == ("top5", (0.25,))
    assert request.image_mean == (0.5, 0.0, 1.0)
    assert json.loads(json.dumps(sweep.plain)) == sweep.plain
    assert sweep.plain["models"][0]["calibration"] == "val.npz"
    for line in OWN.strip().split("\n")[4:]:
        assert parse(model(OWN.replace(line, "")), folder).plain != sweep.plain


def test_samples_are_asked_for_only_where_a_recipe_needs_them(folder: Path) -> None:
    text = model('path = "my.tflite"\nvariants = ["flat", "fp32"]')
    assert parse(text, folder).models[0].calibration is None


def test_a_folder_named_like_a_data_set_needs_its_path(folder: Path) -> None:
    (folder / "defect").mkdir()
    text = model('path = "my.onnx"\ndata = "defect"')
    assert parse(text, folder).models[0].data_use == "defect"
    (folder / "defect" / "labels.csv").write_text("file,label\n")
    (request,) = parse(text.replace('"defect"', '"./defect"'), folder).models
    assert (request.data_use, request.data_path) == (None, folder / "defect")


def test_what_is_left_out_has_a_default(folder: Path) -> None:
    sweep = parse(LEAST, folder)
    assert sweep.profile == "smoke"
    assert sweep.models[0].variants == ("fp32", "int8")
    assert (sweep.scenarios, sweep.batches, sweep.seed) == (
        (Scenario.SINGLE_STREAM,),
        (1,),
        0,
    )
    assert sweep.limits == Limits()
    assert sweep.constraints is None
    assert sweep.cost is None


def test_a_single_value_may_stand_without_a_list(folder: Path) -> None:
    text = LEAST + '[workload]\nbatch = 4\nscenario = "offline"\n'
    sweep = parse(text.replace('"defect"', '"defect"\nvariants = "int8"'), folder)
    assert (sweep.batches, sweep.scenarios) == ((4,), (Scenario.OFFLINE,))
    assert sweep.models[0].variants == ("int8",)


def test_hash_is_of_the_content_wherever_it_lies(folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name in ("my.onnx", "val.npz", "py"):
        (elsewhere / name).write_bytes(b"y")
    (elsewhere / "py").chmod(0o700)
    sweep = parse(GOOD, folder)
    moved = parse("# a comment\n" + GOOD.replace(" = ", "="), elsewhere)
    assert moved.plain == sweep.plain
    assert json.loads(json.dumps(sweep.plain)) == sweep.plain
    assert sweep.plain["models"][1]["path"] == "my.onnx"
    assert parse(GOOD.replace("seed = 7", "seed = 8"), folder).plain != sweep.plain


def test_sweep_is_frozen(folder: Path) -> None:
    sweep = parse(LEAST, folder)
    with pytest.raises(FrozenInstanceError):
        sweep.name = "y"  # type: ignore[misc]


def model(rest: str) -> str:
    return f'name = "x"\n[[model]]\n{rest}\n[[target]]\nuse = "board"\n'


def target(rest: str) -> str:
    return f'name = "x"\n[[model]]\nuse = "defect"\n[[target]]\n{rest}\n'


# Text, then for every mistake: line, place, and parts of what is said of it.
WRONG = {
    "nothing": ("", [(None, "file", "is empty", "[[model]]")]),
    "only a comment": ("# hm\n", [(None, "file", "is empty")]),
    "no TOML": ("name = \n", [(1, "file", "not TOML", "Invalid value")]),
    "a key twice": ('name = "a"\nname = "b"\n', [(2, "file", "not TOML", "overwrite")]),
    "an unclosed text": ('name = "a', [(None, "file", "not TOML", "end of document")]),
    "too wide": ("seed = 9999999999999999999", [(1, "seed", "64 bits")]),
    "thousands of digits": (
        "a = " + "9" * 5000,
        [(None, "file", "not TOML", "digits")],
    ),
    "huge in hexadecimal": ("a = 0x" + "f" * 9000, [(1, "a", "64 bits")]),
    "too deep": ("a = " + "[" * 5000 + "]" * 5000, [(None, "file", "too deeply")]),
    "nothing that is needed": (
        "profile = 'smoke'",
        [
            (None, "name", "is missing", "give text"),
            (None, "model", "is missing", "[[model]]"),
            (None, "target", "is missing", "[[target]]"),
        ],
    ),
    "unknown top key": (
        LEAST + "[worklod]\nbatch = 1",
        [(7, "worklod", "unknown key 'worklod'", "did you mean 'workload'?")],
    ),
    "odd key": (LEAST + '["a b"]', [(7, "'a b'", "unknown key 'a b'", "valid: name")]),
    "name of another type": (
        LEAST.replace('"x"', "3"),
        [(2, "name", "must be text, not 3")],
    ),
    "empty name": (LEAST.replace('"x"', '""'), [(2, "name", "1 to 100", "not ''")]),
    "name of two lines": (
        LEAST.replace('"x"', '"a\\nb"'),
        [(2, "name", "printable", r"'a\nb'")],
    ),
    "name with a terminal's control": (
        LEAST.replace('"x"', '"\\u001b[2J"'),
        [(2, "name", "printable", r"'\x1b[2J'")],
    ),
    "long name": (
        LEAST.replace('"x"', f'"{"x" * 101}"'),
        [(2, "name", "1 to 100", "103 characters")],
    ),
    "profile": (
        'profile = "nigthly"' + LEAST,
        [(1, "profile", "unknown profile 'nigthly'", "did you mean 'nightly'?")],
    ),
    "model is no table": (
        "model = 3\n" + LEAST.replace('[[model]]\nuse = "defect"', ""),
        [(1, "model", "one or more [[model]] tables, not 3")],
    ),
    "no models": (
        'name = "x"\nmodel = []\n[[target]]\nuse = "board"',
        [(2, "model", "one or more [[model]] tables, not []")],
    ),
    "neither use nor path": (
        model('name = "y"'),
        [(2, "model[0]", "either 'use'", "or 'path'")],
    ),
    "both use and path": (
        model('use = "defect"\npath = "my.onnx"'),
        [(2, "model[0]", "either 'use'")],
    ),
    "reference model": (
        model('use = "defekt"'),
        [(3, "model[0].use", "'defekt'", "did you mean 'defect'?")],
    ),
    "missing file": (
        model('path = "none.onnx"'),
        [(3, "model[0].path", "'none.onnx' does not exist")],
    ),
    "a folder": (model('path = "sub"'), [(3, "model[0].path", "not a regular file")]),
    "no path at all": (
        model('path = "a\\u0000.onnx"'),
        [
            (3, "model[0].path", r"'a\x00.onnx' "),
            (2, "model[0].name", r"'a\x00'"),
        ],
    ),
    "suffix": (
        model('path = "notes.txt"'),
        [(3, "model[0].path", ".onnx, .tflite", "'notes.txt'")],
    ),
    "variant": (
        model('use = "defect"\nvariants = ["int8",\n "int9"]'),
        [(4, "model[0].variants[1]", "'int9'", "fp32, int8", "mean 'int8'?")],
    ),
    "variant twice": (
        model('use = "defect"\nvariants = ["int8", "int8"]'),
        [(4, "model[0].variants[1]", "'int8' stands there twice")],
    ),
    "no variants": (
        model('use = "defect"\nvariants = []'),
        [(4, "model[0].variants", "must be", "not []")],
    ),
    "recipes of a file": (
        model('path = "my.onnx"\nvariants = ["int9", "fp32", "small", "flat"]'),
        [
            (4, "model[0].variants[0]", "unknown recipe 'int9'", "fp32, flat, small"),
            (4, "model[0].variants[2]", "'small' needs samples", "'calibration'"),
            (
                4,
                "model[0].variants[3]",
                "'flat' is for tflite files, not onnx: too deep",
            ),
        ],
    ),
    "values of recipes": (
        model('path = "my.onnx"\nvariants = ["small(2)", "nine(1)", "flat > small"]'),
        [
            (4, "model[0].variants[0]", "'small(2)': recipe 'small' takes nothing"),
            (4, "model[0].variants[1]", "unknown recipe 'nine'"),
            (4, "model[0].variants[2]", "of a file one recipe makes a variant"),
        ],
    ),
    "calibration": (
        model('path = "my.onnx"\nvariants = "small"\ncalibration = "sub"'),
        [(5, "model[0].calibration", "'sub' is a folder without labels.csv")],
    ),
    "calibration of another kind": (
        model('path = "my.onnx"\nvariants = "small"\ncalibration = "notes.txt"'),
        [(5, "model[0].calibration", "'notes.txt' is a file of another kind", ".npz")],
    ),
    "calibration without variants": (
        model('path = "my.onnx"\ncalibration = "val.npz"'),
        [(4, "model[0].calibration", "for variants, and none are named")],
    ),
    "calibration of a reference model": (
        model('use = "defect"\ncalibration = "val.npz"'),
        [(4, "model[0].calibration", "brings its own")],
    ),
    "metric": (
        model('path = "my.onnx"\ndata = "val.npz"\nmetric = "top0"'),
        [
            (
                5,
                "model[0].metric",
                "unknown metric 'top0'",
                "valid: top1, top5, auc, mae",
            )
        ],
    ),
    "metric without data": (
        model('path = "my.onnx"\nmetric = "auc"'),
        [(4, "model[0].metric", "needs 'data' with labels")],
    ),
    "image values": (
        model(
            'path = "my.onnx"\ndata = "photos"\nimage_mean = [0.5, nan]\n'
            "image_std = [0.5, 0]"
        ),
        [
            (5, "model[0].image_mean[1]", "finite number", "not nan"),
            (6, "model[0].image_std[1]", "above 0", "not 0"),
        ],
    ),
    "image values without images": (
        model('path = "my.onnx"\ndata = "val.npz"\nimage_std = 0.5'),
        [(5, "model[0].image_std", "is for a folder of images")],
    ),
    "data set or folder": (
        model('path = "my.onnx"\ndata = "defect"'),
        [(4, "model[0].data", "a reference data set and a folder", "write './defect'")],
    ),
    "data set": (
        model('path = "my.onnx"\ndata = "deffect"'),
        [(4, "model[0].data", "'deffect'", "mean 'defect'?", ".npz")],
    ),
    "data file": (
        model('path = "my.onnx"\ndata = "none.npz"'),
        [(4, "model[0].data", "'none.npz' does not exist")],
    ),
    "equal names": (
        model('path = "my.onnx"\n[[model]]\npath = "my.tflite"'),
        [(4, "model[1].name", "'my' is also model[0]", "'name'")],
    ),
    "unknown model key": (
        model('use = "defect"\nvariant = "int8"'),
        [(4, "model[0].variant", "unknown key 'variant'", "mean 'variants'?")],
    ),
    "target without use": (
        target("threads = 1"),
        [(4, "target[0].use", "is missing", "the name of a target")],
    ),
    "target": (
        target('use = "cpus"'),
        [(5, "target[0].use", "'cpus'", "board, cpu", "mean 'cpu'?")],
    ),
    "option": (
        target('use = "cpu"\nthread = 1'),
        [(6, "target[0].thread", "unknown option 'thread'", "mean 'threads'?")],
    ),
    "option values": (
        target(
            'use = "cpu"\nthreads = [1, "2", 0, true, 65]\n'
            'mode = "c"\nfast = 1\nload = nan'
        ),
        [
            (6, "target[0].threads[1]", "must be int, not '2'"),
            (6, "target[0].threads[2]", "at least 1, not 0"),
            (6, "target[0].threads[3]", "must be int, not True"),
            (6, "target[0].threads[4]", "at most 64, not 65"),
            (7, "target[0].mode", "one of 'a', 'b', not 'c'"),
            (8, "target[0].fast", "must be bool, not 1"),
            (9, "target[0].load", "finite float, not nan"),
        ],
    ),
    "option without values": (
        target('use = "cpu"\nthreads = []'),
        [(6, "target[0].threads", "at least one value, not []")],
    ),
    "option value twice": (
        target('use = "cpu"\nload = [1, 1.0]'),
        [(6, "target[0].load[1]", "1.0 stands there twice")],
    ),
    "too many settings": (
        target(
            'use = "cpu"\n'
            f"threads = {list(range(1, 65))}\nload = {[i / 8 for i in range(200)]}"
        ),
        [(4, "target[0]", "multiply to 12800", "10000")],
    ),
    "settings of another table": (
        target('use = "cpu"\nthreads = [1, 2]\n[[target]]\nuse = "cpu"'),
        [(7, "target[1]", "again", "target[0]")],
    ),
    "interpreter that is not": (
        target('use = "cpu"\npython = "bin/python"'),
        [(6, "target[0].python", "'bin/python' does not exist")],
    ),
    "interpreter that cannot run": (
        target('use = "cpu"\npython = "notes.txt"'),
        [(6, "target[0].python", "executable", "'notes.txt'")],
    ),
    "scenarios": (
        LEAST + '[workload]\nscenario = ["server", "off_line", "multi_stream", 3]',
        [
            (8, "workload.scenario[0]", "'server' needs the key 'server_p99_ms'"),
            (8, "workload.scenario[1]", "'off_line'", "did you mean 'offline'?"),
            (8, "workload.scenario[3]", "must be a scenario's name", "not 3"),
        ],
    ),
    "batches": (
        LEAST + "[workload]\nbatch = [0, 4097, 1.5, true, 2, 2]\nseed = -1",
        [
            (8, "workload.batch[0]", "from 1 to 4096", "not 0"),
            (8, "workload.batch[1]", "not 4097"),
            (8, "workload.batch[2]", "not 1.5"),
            (8, "workload.batch[3]", "not True"),
            (8, "workload.batch[5]", "2 stands there twice"),
            (9, "workload.seed", "0 or more", "not -1"),
        ],
    ),
    "a single wrong batch": (
        LEAST + '[workload]\nbatch = "8"',
        [(8, "workload.batch", "from 1 to 4096", "not '8'")],
    ),
    "workload is no table": (
        'workload = "offline"' + LEAST,
        [(1, "workload", "a [workload] table, not 'offline'")],
    ),
    "a soak that is too short": (
        LEAST + "[workload]\nsoak_s = 60",
        [(8, "workload.soak_s", "from 180 to 604800, or 0 for none, not 60")],
    ),
    "a soak without end": (
        LEAST + "[workload]\nsoak_s = inf",
        [(8, "workload.soak_s", "from 180 to 604800", "not inf")],
    ),
    "a soak of minus one": (
        LEAST + "[workload]\nsoak_s = -1",
        [(8, "workload.soak_s", "0 for none, not -1")],
    ),
    "limits": (
        LEAST + "[limits]\nmemory_mb = 0\nopen_s = inf\ncall_s = -1\nopens = 3",
        [
            (8, "limits.memory_mb", "1 or more, not 0"),
            (9, "limits.open_s", "finite", "not inf"),
            (10, "limits.call_s", "above 0, not -1"),
            (11, "limits.opens", "unknown key 'opens'", "mean 'open_s'?"),
        ],
    ),
    "constraints": (
        LEAST
        + "constraints.accuracy_min = 95\n"
        + "constraints.latency_p90_ms_max = 0\nconstraints.energy_mj_max = nan",
        [
            (7, "target[0].constraints", "unknown option 'constraints'"),
        ],
    ),
    "constraints' values": (
        LEAST
        + "[constraints]\naccuracy_min = 95\n"
        + "latency_p90_ms_max = 0\nenergy_mj_max = nan",
        [
            (8, "constraints.accuracy_min", "at most 1, not 95"),
            (9, "constraints.latency_p90_ms_max", "above 0, not 0"),
            (10, "constraints.energy_mj_max", "finite", "not nan"),
        ],
    ),
    "cost": (
        LEAST
        + "[cost]\nunits = 1.5\nyears = -1\nelectricity_per_kwh = inf\n"
        + 'currency = "eur"\nyear = 1',
        [
            (8, "cost.units", "whole number", "not 1.5"),
            (9, "cost.years", "above 0, not -1"),
            (10, "cost.electricity_per_kwh", "finite", "not inf"),
            (11, "cost.currency", "'EUR', not 'eur'"),
            (12, "cost.year", "unknown key 'year'", "mean 'years'?"),
        ],
    ),
    "long values": (
        LEAST + f'[cost]\ncurrency = "{"E" * 5000}"',
        [(8, "cost.currency", "5002 characters")],
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_every_mistake_is_told_with_place_value_and_remedy(
    case: str, folder: Path
) -> None:
    text, expected = WRONG[case]
    if case == "data set or folder":
        (folder / "photos").rename(folder / "defect")
    with pytest.raises(SweepError) as caught:
        parse(text, folder)
    mistakes = list(caught.value.mistakes)
    assert len(mistakes) == len(expected), str(caught.value)
    for line, where, *parts in expected:
        (mistake,) = [m for m in mistakes if m.where == where]
        assert mistake.line == line
        assert all(part in mistake.problem for part in parts), mistake.problem
        assert mistake.problem.isprintable()
        assert len(mistake.problem) < 400


def test_mistakes_come_in_the_files_order(folder: Path) -> None:
    text = "colour = 1\n" + LEAST.replace('"x"', "1") + "[limits]\nopen_s = 0\n"
    with pytest.raises(SweepError) as caught:
        parse(text.replace("board", "b"), folder)
    lines = [mistake.line for mistake in caught.value.mistakes]
    assert lines == [1, 3, 7, 9]
    assert str(caught.value).startswith("s.toml: line 1, colour: unknown key")


def test_paths_may_lead_out_of_the_folder(folder: Path) -> None:
    text = model(f"path = '{folder / 'my.onnx'}'\ndata = '../val.npz'")
    sweep = parse(text, folder / "sub")
    assert sweep.models[0].path == folder / "my.onnx"
    assert sweep.models[0].data_path == folder / "sub/../val.npz"


def test_an_interpreter_that_is_a_link_stays_one(folder: Path) -> None:
    os.symlink(folder / "py", folder / "link")
    sweep = parse(target('use = "cpu"\npython = "link"'), folder)
    assert sweep.targets[0].python == str(folder / "link")


def test_a_python_on_another_machine_stays_as_it_is(folder: Path) -> None:
    name = "ssh://pi@board:2222/usr/bin/python3"
    sweep = parse(target(f'use = "cpu"\npython = "{name}"'), folder)
    assert sweep.targets[0].python == name
    assert sweep.plain["targets"][0]["python"] == name


def test_one_target_may_run_on_several_machines_once_each(folder: Path) -> None:
    table = '[[target]]\nuse = "cpu"\npython = "ssh://{}/usr/bin/python3"\n'
    text = target('use = "cpu"') + table.format("one") + table.format("two")
    assert len(parse(text, folder).targets) == 3
    with pytest.raises(SweepError, match="name them once"):
        parse(text + table.format("me@two"), folder)


def test_all_wrong_names_of_machines_are_told_at_once(folder: Path) -> None:
    wrong = '[[target]]\nuse = "cpu"\npython = "ssh://{}"\n'
    text = target('use = "cpu"') + wrong.format("-o/python") + wrong.format("board")
    text += '[[meter]]\nuse = "rapl"\npython = "ssh://board:0/python"\n'
    with pytest.raises(SweepError) as caught:
        parse(text, folder)
    places = [mistake.where for mistake in caught.value.mistakes]
    assert places == ["target[1].python", "target[2].python", "meter[0].python"]


def test_load_reads_a_file(folder: Path) -> None:
    path = folder / "s.toml"
    text = LEAST.replace("board", "sim").replace('use = "defect"', 'path = "my.onnx"')
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    sweep = load_sweep(path)
    assert (sweep.source, sweep.folder) == (str(path), folder)


def test_installed_names_are_known(folder: Path) -> None:
    text = LEAST.replace("board", "sin").replace("defect", "defct")
    with pytest.raises(SweepError, match="did you mean 'sim'") as caught:
        parse_sweep(text, "s.toml", folder)
    assert "did you mean 'defect'" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty"),
        (b"name = '\xff'", "not UTF-8: byte 8 is 0xff"),
        (b"#" * ((1 << 20) + 1), "is larger than 1048576 bytes"),
        (b"\x00", "not TOML"),
        (b"\x89PNG\r\n\x1a\n", "not UTF-8: byte 0 is 0x89"),
    ],
)
def test_load_refuses_what_is_no_sweep(
    content: bytes, problem: str, tmp_path: Path
) -> None:
    path = tmp_path / "s.toml"
    path.write_bytes(content)
    with pytest.raises(SweepError, match=problem) as caught:
        load_sweep(path)
    assert len(caught.value.mistakes) == 1
    assert "\n" not in str(caught.value)


def test_load_refuses_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for name, problem in [
        (".", "is not a regular file"),
        ("fifo", "is not a regular file"),
        ("none.toml", "does not exist"),
        ("x" * 300, "does not exist|cannot be read: File name too long"),
        ("a\0b", "does not exist|cannot be read"),
    ]:
        with pytest.raises(SweepError, match=problem):
            load_sweep(tmp_path / name)


def test_lines_are_found_through_texts_and_lists_of_many_lines() -> None:
    text = (
        'a = """\n[no]\nb = 1\n"""\n'
        "c = [\n  '[[no]]', # ]\n  2,\n]\n"
        '[t."x.y"]\n'
        "d.e = 1\n"
        "[[l]]\n"
        "f = '''\n'x'=3'''\n"
        "[l.m]\n"
        "g = {h = 1}\n"
        "[[l]]\n"
        "f = 2\n"
    )
    index = line_index(text)
    assert index == {
        ("a",): 1,
        ("c",): 5,
        ("t", "x.y"): 9,
        ("t", "x.y", "d"): 10,
        ("t", "x.y", "d", "e"): 10,
        ("l", 0): 11,
        ("l", 0, "f"): 12,
        ("l", 0, "m"): 14,
        ("l", 0, "m", "g"): 15,
        ("l", 1): 16,
        ("l", 1, "f"): 17,
    }


def test_profiles_grow_more_careful() -> None:
    smoke, nightly, procurement = PROFILES.values()
    assert smoke.half_width > nightly.half_width > procurement.half_width
    assert smoke.case_limit_s < nightly.case_limit_s < procurement.case_limit_s
    for name, profile in PROFILES.items():
        assert profile.name == name
        assert profile.span_min_s + profile.measured_min_s < profile.case_limit_s


WORDS = [
    *re.findall(r"[\w.\"]+|[\[\]=,\n{}]+", GOOD),
    "'''",
    '"""',
    "\\",
    "#",
    "nan",
    "-inf",
    "1979-05-27",
    "true",
    "0x" + "f" * 99,
    '"\\u0000"',
    "[[model]]\n",
    "[[target]]\n",
    "\n",
]


@settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(text=st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join) | st.text())
def test_any_text_is_a_sweep_or_a_sweep_error(text: str, folder: Path) -> None:
    check(text, folder)


VALUE = st.sampled_from(WORDS) | st.floats().map(str) | st.integers().map(str)


@settings(
    max_examples=250,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_any_change_of_a_sweep_is_a_sweep_or_a_sweep_error(
    data: st.DataObject, folder: Path
) -> None:
    lines = GOOD.split("\n")
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(lines) - 1))
        key = lines[place].split("=")[0]
        line = data.draw(
            VALUE.map(lambda value, key=key: f"{key}= {value}")
            | VALUE.map(lambda value, key=key: f"{key}= [{value}, {value}]")
            | st.sampled_from(lines)
            | st.just("")
        )
        lines[place] = line
    check("\n".join(lines), folder)


def check(text: str, folder: Path) -> None:
    try:
        sweep = parse(text, folder)
    except SweepError as error:
        mistakes = error.mistakes
    else:
        assert json.dumps(sweep.plain, allow_nan=False)
        return
    assert mistakes
    assert all(mistake.problem.isprintable() for mistake in mistakes)


EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.toml")), ids=lambda p: p.name)
def test_examples_are_right(path: Path, tmp_path: Path) -> None:
    for name in ("my-model.onnx", "validation.npz", "calibration.npz"):
        (tmp_path / name).write_bytes(b"x")
    sweep = parse_sweep(path.read_text("utf-8"), path.name, tmp_path)
    assert sweep.name


DOCS = Path(__file__).parents[2] / "docs" / "sweep.md"


def test_docs_name_every_key_and_profile() -> None:
    text = DOCS.read_text("utf-8")
    for name, table in TABLES.items():
        for key in table.model_fields:
            assert f"`{key}`" in text or f"[{key}]" in text, f"{name}.{key}"
    rows = [line.split("|")[1:-1] for line in text.split("\n")]
    told = {
        row[0].strip(" `"): [cell.strip() for cell in row[1:]] for row in rows if row
    }
    for name, profile in PROFILES.items():
        assert told[name][0] == f"{profile.half_width:.0%}".replace("%", " %")
        assert told[name][1:3] == [str(profile.slices_min), str(profile.workers)]
        assert told[name][4] == f"{profile.measured_min_s:g} s"
        assert told[name][5] == f"{profile.case_limit_s:g} s"


def test_the_docs_example_is_right(tmp_path: Path) -> None:
    text = DOCS.read_text("utf-8").split("```toml\n")[1].split("```")[0]
    sweep = parse_sweep(text, "s.toml", tmp_path)
    settings = sum(len(target.settings) for target in sweep.targets)
    variants = sum(len(model.variants) for model in sweep.models)
    cases = variants * settings * len(sweep.scenarios) * len(sweep.batches)
    assert cases == 16


def test_docs_name_every_recipe_and_metric_and_bound() -> None:
    from tierbench.harness.accuracy import METRICS
    from tierbench.harness.images import FORMATS, PIXELS_MAX
    from tierbench.models.recipes import RECIPES as OWN_RECIPES

    text = DOCS.read_text("utf-8")
    for name in (*OWN_RECIPES, *METRICS):
        assert f"`{name}`" in text, name
    assert f"{PIXELS_MAX:,} pixels" in text
    assert all(name in text.upper() for name in FORMATS)


@pytest.mark.parametrize(
    ("text", "seconds"), [("", None), ("soak_s = 0", 0), ("soak_s = 200.5", 200.5)]
)
def test_a_soak_is_asked_for_or_left_to_the_profile(folder, text, seconds) -> None:
    found = parse(f"{LEAST}[workload]\n{text}\n", folder)
    assert found.soak_s == seconds
    assert found.plain["soak_s"] == seconds
