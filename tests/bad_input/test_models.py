"""Wrong model files: damaged ones end as one line or as a case that failed."""

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path

import pytest
from support.complaints import Done, check, dump
from support.plans import write_model

from tierbench.harness.errors import ModelError
from tierbench.harness.formats import inspect_model
from tierbench.harness.values import ModelProfile

SHIPPED = {
    suffix: (files("tierbench.models.defect") / f"defect.{suffix}").read_bytes()
    for suffix in ("onnx", "tflite")
}
RUNTIMES = {"onnx": "host-onnxruntime", "tflite": "host-litert"}


def write_sweep(folder: Path, model: str, target: str = "sim", rest: str = "") -> Path:
    sweep = folder / "wrong.toml"
    sweep.write_text(
        f'name = "x"\n[[model]]\npath = {json.dumps(model)}\n{rest}\n'
        f'[[target]]\nuse = "{target}"\n'
    )
    return sweep


def refused(folder: Path, cli: Callable[..., Done], model: str, *words: str) -> None:
    """Check that a run does not take the model, and that the store stays."""
    sweep = write_sweep(folder, model)
    before = dump(folder / "results.db")
    done = cli("run", sweep, "--store", f"sqlite:///{folder}/results.db")
    check(done, 2, str(sweep), *words, lines=1)
    assert dump(folder / "results.db") == before


def flipped(content: bytes, chance: random.Random) -> bytes:
    changed = bytearray(content)
    changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


CONTENTS = {
    "empty": (b"", "empty; export it again"),
    "text": (b"hello\n", ""),
    "zeros": (bytes(4096), ""),
    "ones": (b"\xff" * 4096, ""),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(100), ""),
    "an archive": (b"PK\x03\x04" + bytes(100), ""),
}


@pytest.mark.parametrize("suffix", ["onnx", "TFLITE"])
def test_what_is_no_model(folder: Path, cli: Callable[..., Done], suffix: str) -> None:
    for name, (content, _) in CONTENTS.items():
        (folder / f"{name}.{suffix}").write_bytes(content)
    sweep = folder / "wrong.toml"
    tables = "".join(f'[[model]]\npath = "{name}.{suffix}"\n' for name in CONTENTS)
    sweep.write_text(f'name = "x"\n{tables}[[target]]\nuse = "sim"\n')
    done = cli("plan", sweep)
    check(done, 2, lines=len(CONTENTS))
    told = zip(CONTENTS.items(), done.complaints, strict=True)
    for index, ((name, (_, words)), complaint) in enumerate(told):
        path = folder / f"{name}.{suffix}"
        assert f"{sweep}: model[{index}]: model {str(path)!r}: {words}" in complaint


@pytest.mark.parametrize("suffix", ["onnx", "tflite"])
@pytest.mark.parametrize("share", [0.01, 0.5, 0.999])
def test_a_model_that_is_cut_off(
    folder: Path, cli: Callable[..., Done], suffix: str, share: float
) -> None:
    content = SHIPPED[suffix]
    path = folder / f"cut.{suffix}"
    path.write_bytes(content[: int(share * len(content))])
    refused(folder, cli, path.name, str(path), "export it again")


@pytest.mark.parametrize(("suffix", "other"), [("onnx", "tflite"), ("tflite", "onnx")])
def test_a_model_with_the_suffix_of_another_format(
    folder: Path, cli: Callable[..., Done], suffix: str, other: str
) -> None:
    path = folder / f"misnamed.{suffix}"
    path.write_bytes(SHIPPED[other])
    refused(folder, cli, path.name, str(path), f"name it .{other}")


@pytest.mark.parametrize("name", ["model", "model.pt", "model.onnx.gz", ".onnx"])
def test_a_model_of_an_unknown_suffix(
    folder: Path, cli: Callable[..., Done], name: str
) -> None:
    (folder / name).write_bytes(SHIPPED["onnx"])
    refused(folder, cli, name, "ends in one of .onnx, .tflite", repr(name))


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("suffix", ["ONNX", "TFLite"])
def test_a_suffix_in_capitals_is_as_good(
    folder: Path, cli: Callable[..., Done], suffix: str
) -> None:
    (folder / f"model.{suffix}").write_bytes(SHIPPED[suffix.lower()])
    target = RUNTIMES[suffix.lower()]
    sweep = write_sweep(folder, f"model.{suffix}", target)
    url = f"sqlite:///{folder}/results.db"
    done = cli("run", sweep, "--store", url, "--json")
    assert done.status == 0, done.err
    assert json.loads(done.out)[0]["latency_ms"] is not None


def _link(target: str) -> Callable[[Path], object]:
    return lambda path: path.symlink_to(target)


PATHS: dict[str, tuple[Callable[[Path], object], str]] = {
    "a folder": (Path.mkdir, "is not a regular file"),
    "a fifo": (os.mkfifo, "is not a regular file"),
    "a device": (_link("/dev/zero"), "is not a regular file"),
    "a loop": (_link("odd.onnx"), "a path from the sweep file's folder is valid"),
    "a dangling link": (_link("nowhere"), "does not exist"),
    "nothing": (lambda path: None, "does not exist"),
}


@pytest.mark.parametrize("kind", sorted(PATHS))
def test_a_path_that_leads_to_no_file(
    folder: Path, cli: Callable[..., Done], kind: str
) -> None:
    make, words = PATHS[kind]
    make(folder / "odd.onnx")
    refused(folder, cli, "odd.onnx", "line 3", "'odd.onnx'", words)


@pytest.mark.parametrize(
    "path", ["", ".", "..", "/dev/zero", "x" * 300 + ".onnx", "a\0b.onnx", "\n.onnx"]
)
def test_a_path_that_is_none(folder: Path, cli: Callable[..., Done], path: str) -> None:
    sweep = write_sweep(folder, path)
    check(cli("plan", sweep), 2, str(sweep), "line 3")


def test_a_model_of_somebody_else(
    open_folder: Path, cli: Callable[..., Done], nobody
) -> None:
    path = write_model(open_folder)
    path.chmod(0o600)
    sweep = write_sweep(open_folder, path.name)
    with nobody():
        done = cli("plan", sweep)
    check(done, 2, str(path), "Permission denied", "check the path", lines=1)


def test_a_model_beyond_the_limit_is_refused_unread(
    folder: Path, cli: Callable[..., Done]
) -> None:
    path = folder / "large.onnx"
    with path.open("wb") as stream:
        stream.truncate(1 << 40)
    refused(folder, cli, path.name, str(path), f"{1 << 40} bytes", "at most are valid")


def test_weights_beside_the_model_that_are_missing_short_or_elsewhere(
    folder: Path, cli: Callable[..., Done]
) -> None:
    import onnx

    model = onnx.load_from_string(SHIPPED["onnx"])
    path = folder / "external.onnx"
    onnx.save(model, path, save_as_external_data=True, location="weights.bin")
    assert cli("plan", write_sweep(folder, path.name)).status == 0
    weights = folder / "weights.bin"
    content = weights.read_bytes()
    weights.write_bytes(content[:100])
    refused(folder, cli, path.name, str(path), "weights.bin")
    weights.unlink()
    refused(folder, cli, path.name, str(path), "weights.bin")
    outside = folder.parent / "weights.bin"
    outside.write_bytes(content)
    weights.symlink_to(outside)
    done = cli("plan", write_sweep(folder, path.name))
    check(done, 2, str(path), lines=1)
    weights.unlink()
    path.write_bytes(path.read_bytes().replace(b"weights.bin", b"../ghts.bin"))
    refused(folder, cli, path.name, str(path))


@pytest.mark.parametrize("suffix", ["onnx", "tflite"])
def test_a_flipped_bit_is_a_model_error_or_a_profile(
    tmp_path: Path, suffix: str
) -> None:
    chance = random.Random(f"flips of {suffix}")
    paths = [tmp_path / f"flipped{number}.{suffix}" for number in range(30)]
    for path in paths:
        path.write_bytes(flipped(SHIPPED[suffix], chance))
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(_check_inspected, paths))


def _check_inspected(path: Path) -> None:
    try:
        told = None
        assert isinstance(inspect_model(path), ModelProfile)
    except ModelError as exc:
        told = str(exc)
    assert told is None or (str(path) in told and "\n" not in told)


def _head_flips(suffix: str, chance: random.Random) -> bytes:
    """Flip where a graph is described rather than weighed: it hurts more."""
    content = SHIPPED[suffix]
    if suffix == "onnx":
        part = slice(len(content) - 4000, len(content))
    else:
        part = slice(0, 4000)
    changed = bytearray(content)
    changed[part] = flipped(content[part], chance)
    return bytes(changed)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("suffix", ["onnx", "tflite"])
def test_a_flipped_model_fails_alone(
    folder: Path, cli: Callable[..., Done], suffix: str
) -> None:
    """Whatever still parses is run: the sweep ends, and each case has its reason."""
    chance = random.Random(f"runs of {suffix}")
    good = []
    for number in range(24):
        path = folder / f"flipped{number}.{suffix}"
        path.write_bytes(_head_flips(suffix, chance))
        sweep = write_sweep(folder, path.name)
        done = cli("plan", sweep)
        if done.status:
            check(done, 2, str(path), lines=1)
        else:
            good.append(path)
        if len(good) == 3:
            break
    assert good
    rows = _run_all(folder, cli, good, RUNTIMES[suffix])
    assert len(rows) == len(good)
    for row in rows:
        assert row["status"] in ("ok", "not_converged", "failed", "timed_out")
        assert (row["status"] == "ok") == (row["reason"] is None)


def _run_all(
    folder: Path, cli: Callable[..., Done], models: list[Path], target: str
) -> list[dict[str, object]]:
    tables = "".join(f'[[model]]\npath = "{path.name}"\n' for path in models)
    sweep = folder / "flips.toml"
    limits = "[limits]\nopen_s = 10\ncall_s = 5\nmemory_mb = 8000\n"
    sweep.write_text(f'name = "x"\n{tables}[[target]]\nuse = "{target}"\n{limits}')
    url = f"sqlite:///{folder}/flips.db"
    done = cli("run", sweep, "--store", url, "--json")
    assert done.status in (0, 1), done.err
    assert "Traceback" not in done.err
    found: list[dict[str, object]] = json.loads(done.out)
    return found


@pytest.mark.usefixtures("quick")
def test_an_input_larger_than_memory_fails_alone(
    folder: Path, cli: Callable[..., Done]
) -> None:
    from onnx import TensorProto, helper, save

    shape = [1, 1 << 20, 1 << 20]
    value = {
        name: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name in ("in", "out")
    }
    graph = helper.make_graph(
        [helper.make_node("Identity", ["in"], ["out"])],
        "large",
        [value["in"]],
        [value["out"]],
    )
    opset = [helper.make_opsetid("", 17)]
    path = folder / "large.onnx"
    save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)
    (row,) = _run_all(folder, cli, [path], "host-onnxruntime")
    assert row["status"] == "failed"
    assert "at most are valid" in str(row["reason"])


def test_a_process_of_its_own_says_the_same(folder: Path) -> None:
    path = folder / "cut.onnx"
    path.write_bytes(SHIPPED["onnx"][:1000])
    sweep = write_sweep(folder, path.name)
    command = [sys.executable, "-m", "tierbench", "plan", str(sweep)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    done = Done(status=found.returncode, out=found.stdout, err=found.stderr)
    check(done, 2, str(path), lines=1)


def test_a_cache_that_cannot_be_written(
    folder: Path, cli: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "model.onnx"))
    done = cli("plan", folder / "sweep.toml")
    check(done, 3, str(folder / "model.onnx"), "set XDG_CACHE_HOME", lines=1)


def test_a_cache_that_is_damaged_is_made_again(
    folder: Path, cli: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    path = folder / "new.onnx"
    shutil.copyfile(folder / "model.onnx", path)
    sweep = write_sweep(folder, path.name)
    before = cli("plan", sweep)
    assert before.status == 0
    kept = list((folder / "cache" / "tierbench" / "profiles").iterdir())
    for found in kept:
        found.write_bytes(b'{"format": ')
    monkeypatch.setattr("tierbench.harness.formats._known", {})
    assert cli("plan", sweep) == before
