"""From a model file to C: what is refused, and what never reaches the source."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.components import missing

from tierbench.harness.errors import ModelError
from tierbench.targets.cortex_m.generator import generate
from tierbench.targets.host_litert import HostLitert


@pytest.fixture(autouse=True)
def _host() -> None:
    if found := HostLitert().unavailable():
        missing("host", found.reason)


def network(*shape: int) -> Any:
    """Return a network in the making; what writes it comes with LiteRT."""
    from support.int8_networks import SHAPE, Network

    return Network(shape or SHAPE)


def dense(folder: Path, name: str = "t") -> Path:
    net = network(1, 12)
    net.weighed("FULLY_CONNECTED", "FullyConnectedOptions", (3, 12), (1, 3))
    return Path(net.write(folder / f"{name}.tflite"))


def test_a_model_becomes_tables_and_calls(tmp_path) -> None:
    made = generate(dense(tmp_path))
    assert made.source.isascii()
    assert made.input_bytes == 12
    assert [border.shape for border in made.outputs] == [(1, 3)]
    assert made.arena_bytes >= 12 + 3


def test_the_same_model_gives_the_same_source(tmp_path) -> None:
    assert generate(dense(tmp_path)) == generate(dense(tmp_path, "other"))


def test_no_name_of_the_file_reaches_the_source(tmp_path) -> None:
    evil = '*/ int main(void) { system("x"); } /*'
    net = network(1, 12)
    net.tensor((1, 1), data=np.zeros((1, 1), np.int8), name=evil)
    net.weighed("FULLY_CONNECTED", "FullyConnectedOptions", (3, 12), (1, 3))
    made = generate(net.write(tmp_path / "m.tflite"))
    assert "system" not in made.source


@pytest.mark.parametrize("name", ["", "a b", "x" * 33, 'a"b', "a\nb"])
def test_a_name_is_letters_and_digits(name, tmp_path) -> None:
    with pytest.raises(ModelError, match="1-32 letters"):
        generate(dense(tmp_path), name)


@pytest.mark.parametrize("content", [b"", b"\x00\xff" * 500, b"TFL3" * 9])
def test_garbage_is_refused_by_its_path(content, tmp_path) -> None:
    path = tmp_path / "garbage.tflite"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=re.escape(str(path))):
        generate(path)


def test_a_file_that_is_cut_off_is_refused(tmp_path) -> None:
    path = dense(tmp_path)
    whole = path.read_bytes()
    for share in (0.1, 0.5, 0.9):
        path.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(ModelError):
            generate(path)


def test_all_operators_that_the_kernels_lack_are_named_at_once(tmp_path) -> None:
    net = network()
    net.operator("LOGISTIC", [net.x], (1, 7, 6, 5))
    net.operator("TANH", [net.x], (1, 7, 6, 5))
    with pytest.raises(ModelError) as told:
        generate(net.write(tmp_path / "m.tflite"))
    assert "LOGISTIC" in str(told.value)
    assert "TANH" in str(told.value)
