"""Building many variants: what runs beside what, and what becomes of failures."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tierbench.harness.building import (
    Outcome,
    Status,
    Unbuilt,
    Wanted,
    build_all,
    groups,
    wanted,
)
from tierbench.harness.errors import Mistakes, ModelError, NotFound, NotInstalled
from tierbench.harness.model import BuiltVariant


class Model:
    """A model whose variants tell in their names what becomes of them."""

    formats = ("onnx", "tflite")

    def __init__(self, *chains: str, variants: tuple[str, ...] = ("fp32",)) -> None:
        self.variants, self.chains = variants, chains

    def check(self, variant):
        if variant.startswith("un"):
            raise NotFound("variant", variant, self.variants)

    def build(self, variant, format, cache):
        if variant == "fails":
            raise ModelError("it fails")
        if variant == "breaks":
            raise RuntimeError("it breaks")
        if variant == "absent":
            raise NotInstalled("no torch")
        if variant == "lacks" and format == "tflite":
            raise NotFound("format of variant 'lacks'", format, ["onnx"])
        if variant == "dies":
            os.kill(os.getpid(), signal.SIGKILL)
        path = cache / f"{variant}.{format}"
        path.write_text(str(os.getpid()))
        return BuiltVariant(
            path=path, recipe=variant, weight_bits=8, activation_bits=8, lineage=()
        )


class Told:
    def __init__(self) -> None:
        self.ended_at: list[tuple[str, int, int]] = []

    def ended(self, outcome, done, total):
        self.ended_at.append((outcome.wanted.variant, done, total))

    def under_way(self, begun, done, total): ...


def build(folder: Path, model: Model) -> list[Outcome]:
    models = {"m": model}
    return build_all(models, wanted(models, (), ("onnx",)), folder, Told())


def test_what_begins_with_the_same_step_is_built_by_one_process(tmp_path) -> None:
    chains = ("a > b", "b", "a", "a > int8")
    outcomes = build(tmp_path, Model(*chains, variants=("fp32", "int8")))
    assert [one.wanted.variant for one in outcomes] == ["fp32", "int8", *chains]
    by = {one.wanted.variant: one.built.path.read_text() for one in outcomes}
    assert by["a"] == by["a > b"] == by["a > int8"]
    assert by["fp32"] == by["int8"]
    assert len(set(by.values())) == 3
    assert str(os.getpid()) not in by.values()


def test_most_training_comes_first_and_models_take_turns() -> None:
    models = {"x": Model("a", "b > c", "b"), "y": Model("a", "b > c")}
    found = [
        [f"{item.model} {item.variant}" for item in group]
        for group in groups(models, wanted(models, (), ("onnx",)))
    ]
    assert found == [
        ["x b > c", "x b"],
        ["y b > c"],
        ["x a"],
        ["y a"],
        ["x fp32"],
        ["y fp32"],
    ]


def test_one_failure_leaves_all_others_as_they_are(tmp_path) -> None:
    chains = ("fails", "breaks", "absent", "dies", "good")
    outcomes = build(tmp_path, Model(*chains))
    found = {one.wanted.variant: one for one in outcomes}
    assert {name: one.status for name, one in found.items()} == {
        "fp32": Status.BUILT,
        "fails": Status.FAILED,
        "breaks": Status.FAILED,
        "absent": Status.INAPPLICABLE,
        "dies": Status.FAILED,
        "good": Status.BUILT,
    }
    assert found["fails"].reason == "it fails"
    assert "RuntimeError: it breaks" in (found["breaks"].reason or "")
    assert "ended with status -9" in (found["dies"].reason or "")


def test_what_follows_on_a_process_that_died_is_still_built(tmp_path) -> None:
    model = Model(variants=("fp32", "dies", "int8"))
    outcomes = build(tmp_path, model)
    assert [str(one.status) for one in outcomes] == ["built", "failed", "built"]


def test_a_variant_that_lacks_a_format_does_not_apply_there(tmp_path) -> None:
    models = {"m": Model("lacks")}
    told = Told()
    found = build_all(models, wanted(models, ("lacks",), ()), tmp_path, told)
    assert [str(one.status) for one in found] == ["built", "inapplicable"]
    assert [counted for _, *counted in told.ended_at] == [[1, 2], [2, 2]]


def test_nothing_at_all_is_an_error(tmp_path) -> None:
    models = {"m": Model()}
    with pytest.raises(Unbuilt, match="it fails") as told:
        build_all(models, wanted(models, ("fails",), ()), tmp_path, Told())
    assert told.value.exit_status == 2
    assert told.value.lines == ("it fails",)


def test_unknown_names_are_told_before_anything_is_built() -> None:
    with pytest.raises(Mistakes) as told:
        wanted({"m": Model()}, ("fp32", "unknown", "unheard of"), ())
    assert [line.split("'")[1] for line in told.value.lines] == [
        "unknown",
        "unheard of",
    ]


def test_a_variant_is_built_once() -> None:
    found = wanted({"m": Model()}, ("fp32", "fp32"), ("onnx",))
    assert found == [Wanted(model="m", variant="fp32", format="onnx")]


SLEEPING = """\
import os, signal, sys, time
from pathlib import Path
from tierbench.harness.building import build_all, wanted

signal.signal(signal.SIGINT, signal.default_int_handler)  # a job's is ignored

class Model:
    variants, chains, formats = (), ("a", "b"), ("onnx",)
    def check(self, variant): ...
    def build(self, variant, format, cache):
        (cache / variant).write_text(str(os.getpid()))
        time.sleep(60)

models = {"m": Model()}
try:
    build_all(models, wanted(models, (), ()), Path(sys.argv[1]), None)
except KeyboardInterrupt:
    sys.exit(3)
"""


@pytest.mark.parametrize("signal_", [signal.SIGINT, signal.SIGKILL])
def test_no_process_outlives_the_one_that_started_it(tmp_path, signal_) -> None:
    begun = subprocess.Popen([sys.executable, "-c", SLEEPING, str(tmp_path)])
    lanes = min(2, len(os.sched_getaffinity(0)))
    names = ("a", "b")[:lanes]
    wait_for(lambda: all((tmp_path / name).exists() for name in names))
    wait_for(lambda: all((tmp_path / name).read_text() for name in names))
    processes = [int((tmp_path / name).read_text()) for name in names]
    begun.send_signal(signal_)
    status = begun.wait(20)
    assert status == (3 if signal_ is signal.SIGINT else -signal.SIGKILL)
    wait_for(lambda: not any(is_alive(one) for one in processes))


def is_alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def wait_for(is_so) -> None:
    ends = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < ends
        time.sleep(0.02)
