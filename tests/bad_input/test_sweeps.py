"""Wrong sweep files: every mistake at once, one line each, and nothing measured."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from support.complaints import Done, check, dump, tree

HEAD = 'name = "x"\n'
MODEL = '[[model]]\npath = "model.onnx"\n'
TARGET = '[[target]]\nuse = "sim"\n'
GOOD = HEAD + MODEL + TARGET

WRONG: dict[str, tuple[str, list[str]]] = {
    "empty": ("", ["is empty"]),
    "a comment alone": ("# nothing\n", ["is empty"]),
    "no TOML": ("name = \n", ["line 1", "is not TOML"]),
    "an open string": ('name = "x', ["end of document", "correct it"]),
    "a key twice": ('name = "x"\nname = "y"\n', ["line 2", "is not TOML"]),
    "deep": ("a = " + "[" * 5000 + "]" * 5000, ["nested too deeply"]),
    "a huge number": (GOOD + f"[workload]\nseed = {'9' * 5000}\n", ["is not TOML"]),
    "a wide number": (GOOD + f"[workload]\nseed = {2**64}\n", ["64 bits"]),
    "no name": (MODEL + TARGET, ["name: is missing", "give text"]),
    "a name of a wrong type": ("name = 5\n" + MODEL + TARGET, ["must be text, not 5"]),
    "a name without text": ('name = ""\n' + MODEL + TARGET, ["1 to 100 printable"]),
    "a name of two lines": ('name = "a\\nb"\n' + MODEL + TARGET, [r"'a\nb'"]),
    "a long name": (f'name = "{"x" * 101}"\n' + MODEL + TARGET, ["1 to 100"]),
    "no model": (HEAD + TARGET, ["model: is missing", "[[model]]"]),
    "no target": (HEAD + MODEL, ["target: is missing", "[[target]]"]),
    "a model that is no table": (HEAD + 'model = "x"\n' + TARGET, ["[[model]]"]),
    "one model table": (HEAD + '[model]\nuse = "defect"\n' + TARGET, ["[[model]]"]),
    "an unknown key": (GOOD + 'colour = "red"\n', ["unknown option 'colour'"]),
    "an unknown table": (GOOD + "[extra]\n", ["unknown key 'extra'", "workload"]),
    "a typo": (GOOD + "[worklod]\n", ["did you mean 'workload'?"]),
    "an unknown profile": ('profile = "fast"\n' + GOOD, ["'fast'", "smoke, nightly"]),
    "an unknown model": (HEAD + '[[model]]\nuse = "x"\n' + TARGET, ["'x'", "defect"]),
    "an unknown target": (HEAD + MODEL + '[[target]]\nuse = "tpu"\n', ["'tpu'", "sim"]),
    "a target without use": (HEAD + MODEL + "[[target]]\n", ["use: is missing"]),
    "neither use nor path": (HEAD + "[[model]]\n" + TARGET, ["'use'", "'path'"]),
    "use and path": (
        HEAD + MODEL + 'use = "defect"\n' + TARGET,
        ["either 'use'", "or 'path'"],
    ),
    "an absent model": (
        HEAD + '[[model]]\npath = "no.onnx"\n' + TARGET,
        ["'no.onnx' does not exist", "line 3"],
    ),
    "an unknown recipe": (
        HEAD + MODEL + 'variants = ["int9"]\n' + TARGET,
        ["line 4", "unknown recipe 'int9'", "valid: fp32, ", "did you mean 'int8'?"],
    ),
    "a recipe without samples": (
        HEAD + MODEL + 'variants = ["fp32", "int8"]\n' + TARGET,
        ["variants[1]", "'int8' needs samples", "give 'calibration'"],
    ),
    "samples for no variants": (
        HEAD + MODEL + 'calibration = "model.onnx"\n' + TARGET,
        ["calibration: is for variants", "is a file of another kind"],
    ),
    "absent samples": (
        HEAD + MODEL + 'variants = "int8"\ncalibration = "no.npz"\n' + TARGET,
        ["line 5", "'no.npz' does not exist"],
    ),
    "an absent folder of samples": (
        HEAD + MODEL + 'variants = "int8"\ncalibration = "photos"\n' + TARGET,
        ["'photos' does not exist", "a folder with labels.csv is valid"],
    ),
    "samples for a reference model": (
        HEAD + '[[model]]\nuse = "defect"\ncalibration = "model.onnx"\n' + TARGET,
        ["calibration: a reference model brings its own"],
    ),
    "an unknown metric": (
        HEAD + '[[model]]\nuse = "defect"\nmetric = "f1"\n' + TARGET,
        ["unknown metric 'f1'", "top1, top5, auc, mae"],
    ),
    "a metric without data": (
        HEAD + MODEL + 'metric = "auc"\n' + TARGET,
        ["metric: needs 'data' with labels"],
    ),
    "a folder without labels": (
        HEAD + MODEL + 'data = "."\n' + TARGET,
        ["'.' is a folder without labels.csv"],
    ),
    "pixels of no images": (
        HEAD + MODEL + "image_mean = 0.5\nimage_std = [0.5, 0.5]\n" + TARGET,
        ["image_mean: is for a folder of images", "image_std: is for"],
    ),
    "pixels of four channels": (
        HEAD + MODEL + "image_mean = [1, 2, 3, 4]\nimage_std = 0\n" + TARGET,
        ["a list of 1 to 3 such", "above 0"],
    ),
    "an error in per cent": (
        GOOD + "[constraints]\nerror_max = 0\n",
        ["error_max", "above 0", "not 0"],
    ),
    "an unknown variant": (
        HEAD + '[[model]]\nuse = "defect"\nvariants = ["int9"]\n' + TARGET,
        ["'int9'", "did you mean 'int8'?"],
    ),
    "a variant twice": (
        HEAD + '[[model]]\nuse = "defect"\nvariants = ["int8", "int8"]\n' + TARGET,
        ["stands there twice"],
    ),
    "no variants": (
        HEAD + '[[model]]\nuse = "defect"\nvariants = []\n' + TARGET,
        ["variants"],
    ),
    "a model twice": (HEAD + MODEL + MODEL + TARGET, ["give each its own 'name'"]),
    "unknown data": (HEAD + MODEL + 'data = "mnist"\n' + TARGET, ["'mnist'", ".npz"]),
    "absent data": (HEAD + MODEL + 'data = "no.npz"\n' + TARGET, ["does not exist"]),
    "an unknown option": (GOOD + "cores = 4\n", ["'cores'", "latency_us"]),
    "an option's type": (GOOD + 'latency_us = "fast"\n', ["float", "'fast'"]),
    "an option too small": (GOOD + "depth = 0\n", ["at least 1", "not 0"]),
    "an option too large": (GOOD + "depth = 1000\n", ["at most 256"]),
    "an option's choice": (GOOD + 'drift = "up"\n', ["'ramp'", "not 'up'"]),
    "an option without end": (GOOD + "latency_us = inf\n", ["finite"]),
    "no option values": (GOOD + "latency_us = []\n", ["at least one value"]),
    "an option value twice": (GOOD + "depth = [1, 1]\n", ["twice"]),
    "too many settings": (
        GOOD + f"seed = {list(range(200))}\nlatency_us = {list(range(1, 200))}\n",
        ["10000 at most"],
    ),
    "a target twice": (GOOD + TARGET, ["the defaults", "name them once"]),
    "an absent Python": (GOOD + 'python = "no/python"\n', ["does not exist"]),
    "a Python that is a text": (GOOD + 'python = "sweep.toml"\n', ["executable"]),
    "an option for ssh": (
        GOOD + 'python = "ssh://-oProxyCommand=x/usr/bin/python3"\n',
        ["host '-oProxyCommand=x'", "ssh://[user@]host[:port]/path"],
    ),
    "a host without a Python": (GOOD + 'python = "ssh://board"\n', ["is missing"]),
    "an unknown scenario": (
        GOOD + '[workload]\nscenario = "batch"\n',
        ["'batch'", "single_stream, multi_stream, server, offline, pipeline"],
    ),
    "a server without a limit": (
        GOOD + '[workload]\nscenario = "server"\n',
        ["'server' needs the key 'server_p99_ms'", "99th percentile"],
    ),
    "a pipeline without a frame rate": (
        GOOD + '[workload]\nscenario = ["offline", "pipeline"]\n',
        ["'pipeline' needs the key 'frame_rate_fps'"],
    ),
    "a limit of 0": (
        GOOD + '[workload]\nscenario = "server"\nserver_p99_ms = 0\n',
        ["milliseconds above 0", "not 0"],
    ),
    "cameras without end": (
        GOOD + "[workload]\nstreams_max = 5000\n",
        ["from 1 to 1024", "not 5000"],
    ),
    "batch 0": (GOOD + "[workload]\nbatch = 0\n", ["from 1 to 4096", "not 0"]),
    "batch true": (GOOD + "[workload]\nbatch = true\n", ["from 1 to 4096", "True"]),
    "a batch of text": (GOOD + '[workload]\nbatch = "8"\n', ["not '8'"]),
    "a batch twice": (GOOD + "[workload]\nbatch = [1, 1]\n", ["twice"]),
    "a negative seed": (GOOD + "[workload]\nseed = -1\n", ["0 or more"]),
    "no time": (GOOD + "[limits]\ncall_s = 0\n", ["above 0", "not 0"]),
    "no memory": (GOOD + "[limits]\nmemory_mb = -5\n", ["megabytes"]),
    "accuracy in per cent": (
        GOOD + "[constraints]\naccuracy_min = 95.0\n",
        ["at most 1", "95.0"],
    ),
    "a currency": (GOOD + '[cost]\ncurrency = "euro"\n', ["'EUR'", "'euro'"]),
    "a date": (GOOD + "[cost]\nunits = 2020-01-01\n", ["devices", "datetime.date"]),
}


@pytest.mark.parametrize("name", sorted(WRONG))
def test_a_wrong_sweep_file_is_told_and_measures_nothing(
    folder: Path, cli: Callable[..., Done], name: str
) -> None:
    text, words = WRONG[name]
    sweep = folder / "sweep.toml"
    sweep.write_text(text)
    before, paths = dump(folder / "results.db"), tree(folder)
    done = cli("plan", sweep)
    check(done, 2, str(sweep), *words)
    assert done.out == ""
    store = f"sqlite:///{folder}/results.db"
    assert cli("run", sweep, "--store", store) == done
    absent = f"sqlite:///{folder}/absent/results.db"
    assert cli("run", sweep, "--store", absent) == done
    assert dump(folder / "results.db") == before
    assert tree(folder) == paths


def test_all_mistakes_come_at_once_in_the_files_order(
    folder: Path, cli: Callable[..., Done]
) -> None:
    sweep = folder / "sweep.toml"
    sweep.write_text(
        'name = ""\n'
        'profile = "fast"\n'
        '[[model]]\npath = "no.onnx"\ndata = "no.npz"\n'
        '[[target]]\nuse = "sim"\ndepth = 0\ncolour = "red"\n'
        '[workload]\nbatch = 0\nscenario = "x"\n'
        "[limits]\ncall_s = -1\n"
    )
    done = cli("plan", sweep)
    check(done, 2, lines=9)
    lines = [int(c.split("line ")[1].split(",")[0]) for c in done.complaints]
    assert lines == [1, 2, 4, 5, 8, 9, 11, 12, 14]


def test_models_and_data_of_one_sweep_are_all_told(
    folder: Path, cli: Callable[..., Done]
) -> None:
    (folder / "one.onnx").write_bytes(b"")
    (folder / "two.tflite").write_bytes(b"junk" * 100)
    (folder / "bad.npz").write_bytes(b"junk")
    sweep = folder / "sweep.toml"
    sweep.write_text(
        HEAD
        + '[[model]]\npath = "one.onnx"\ndata = "bad.npz"\n'
        + '[[model]]\npath = "two.tflite"\n'
        + MODEL
        + TARGET
    )
    done = cli("plan", sweep)
    check(done, 2, "one.onnx", "bad.npz", "two.tflite", lines=3)


def _not_utf8(path: Path) -> None:
    path.write_bytes(b'name = "\xff"\n')


def _large(path: Path) -> None:
    path.write_text("#" * (1 << 20) + "\n")


def _loop(path: Path) -> None:
    path.symlink_to(path)


def _dangling(path: Path) -> None:
    path.symlink_to("nowhere.toml")


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "nothing": (lambda path: None, "does not exist"),
    "a folder": (Path.mkdir, "not a regular file"),
    "a fifo": (os.mkfifo, "not a regular file"),
    "a device": (_device, "not a regular file"),
    "a loop": (_loop, "name a .toml file"),
    "a dangling link": (_dangling, "does not exist"),
    "not UTF-8": (_not_utf8, "save it as UTF-8"),
    "too large": (_large, "larger than"),
}


@pytest.mark.parametrize("kind", sorted(FILES))
@pytest.mark.parametrize("command", ["plan", "run"])
def test_what_is_no_sweep_file(
    tmp_path: Path, cli: Callable[..., Done], command: str, kind: str
) -> None:
    make, words = FILES[kind]
    sweep = tmp_path / "wrong.toml"
    make(sweep)
    before = tree(tmp_path)
    more = ["--store", f"sqlite:///{tmp_path}/r.db"] if command == "run" else []
    check(cli(command, sweep, *more), 2, str(sweep), words, lines=1)
    assert tree(tmp_path) == before


def test_a_file_name_too_long_for_the_system(cli: Callable[..., Done]) -> None:
    check(cli("plan", "x" * 5000), 2, "name too long", lines=1)


def test_a_sweep_file_of_somebody_else(
    open_folder: Path, cli: Callable[..., Done], nobody
) -> None:
    sweep = open_folder / "sweep.toml"
    sweep.write_text(GOOD)
    sweep.chmod(0o600)
    with nobody():
        done = cli("plan", sweep)
    check(done, 2, str(sweep), "Permission denied", "check the path", lines=1)


COMMAND_LINES: dict[str, tuple[list[str], list[str]]] = {
    "an unknown command": (["mesure"], ["'mesure'"]),
    "an unknown flag": (["plan", "SWEEP", "--nope"], ["--nope"]),
    "no sweep": (["plan"], ["SWEEP"]),
    "an unknown profile": (
        ["plan", "SWEEP", "--profile", "fast"],
        ["no profile 'fast'", "smoke"],
    ),
    "an unknown target": (
        ["plan", "SWEEP", "--target", "simm"],
        ["'simm'", "did you mean 'sim'?"],
    ),
    "a target that is not in the sweep": (
        ["run", "SWEEP", "--target", "host-litert", "--store", "STORE"],
        ["'host-litert'", "sim"],
    ),
    "an unknown format": (["export", "--format", "xml"], ["'xml'", "csv"]),
    "samples as JSON": (
        ["export", "--store", "STORE", "--format", "json", "--samples"],
        ["--samples", "csv"],
    ),
    "a run that is not there": (
        ["results", "--store", "STORE", "--run", "zzz"],
        ["no run 'zzz'", "known: "],
    ),
    "a report of no run": (
        ["report", "--store", "STORE", "--run", "zzz", "--out", "OUT"],
        ["no run 'zzz'", "known: "],
    ),
    "an export of no run": (
        ["export", "--store", "STORE", "--run", "zzz", "--out", "OUT"],
        ["no run 'zzz'", "known: "],
    ),
    "runs that are not there": (
        ["compare", "--store", "STORE", "zzz", "yyy"],
        ["no run 'zzz'"],
    ),
    "a case that is not there": (
        ["compare", "--store", "STORE", "RUN:zzz", "RUN:zzz"],
        ["no case 'zzz'", "known: "],
    ),
    "a run and a case": (
        ["compare", "--store", "STORE", "RUN", "RUN:CASE"],
        ["not comparable"],
    ),
    "one side alone": (["compare", "--store", "STORE", "RUN"], ["CANDIDATE"]),
}


@pytest.mark.parametrize("name", sorted(COMMAND_LINES))
def test_a_wrong_command_line(
    folder: Path, cli: Callable[..., Done], name: str
) -> None:
    arguments, words = COMMAND_LINES[name]
    run = next(line for line in dump(folder / "results.db") if 'INTO "run"' in line)
    row = next(line for line in dump(folder / "results.db") if 'INTO "result"' in line)
    known = {
        "SWEEP": str(folder / "sweep.toml"),
        "STORE": f"sqlite:///{folder}/results.db",
        "OUT": str(folder / "out"),
        "RUN": run.split("'")[1],
        "CASE": row.split("'")[5],
    }
    before, paths = dump(folder / "results.db"), tree(folder)
    for word, meaning in known.items():
        arguments = [argument.replace(word, meaning) for argument in arguments]
    done = cli(*arguments)
    check(done, 2, *words, lines=1)
    assert done.out == ""
    assert dump(folder / "results.db") == before
    assert tree(folder) == paths
