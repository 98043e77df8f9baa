"""A model known only by its numbers: what is read, and every mistake at once."""

import json
from pathlib import Path
from typing import Any

import pytest

from tierbench.harness.errors import InputError
from tierbench.targets.projection.profile_file import UNTOLD, read_numbers


def write(folder: Path, told: Any) -> Path:
    path = folder / "numbers.json"
    path.write_text(json.dumps(told), encoding="utf-8")
    return path


def test_one_number_is_of_no_class(tmp_path: Path) -> None:
    found = read_numbers(write(tmp_path, {"parameters": 5, "macs": 70}))
    assert (found.parameters, found.macs, found.macs_total) == (5, {UNTOLD: 70}, 70)
    assert (found.inputs, found.weight_bits) == ((), None)


def test_all_that_may_be_told_is_kept(tmp_path: Path) -> None:
    told = {
        "parameters": 5,
        "macs": {"conv": 60, "depthwise": 0, "dense": 10},
        "input_shape": [3, 8, 8],
        "activation_bytes": 192,
        "weight_bits": 8,
        "activation_bits": 16,
    }
    found = read_numbers(write(tmp_path, told))
    assert found.macs == told["macs"]
    assert found.inputs[0].shape == (1, 3, 8, 8)
    assert found.peak_activation_bytes == 192
    assert (found.weight_bits, found.activation_bits) == (8, 16)


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    told = {
        "parameters": -1,
        "macs": {"conv": "many", "convolution": 3, "dense": True},
        "input_shape": [0],
        "activation_bytes": 1.5,
        "weight_bits": 7,
        "activation_bits": True,
        "colour": "red",
    }
    with pytest.raises(InputError) as caught:
        read_numbers(write(tmp_path, told))
    said = "\n".join(caught.value.lines)
    assert len(caught.value.lines) == 10
    for word in ("'colour'", "parameters", "macs.conv", "'convolution'", "macs.dense"):
        assert word in said
    for word in ("no class has any", "input_shape", "weight_bits", "activation_bits"):
        assert word in said


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({}, "parameters is missing"),
        ({"parameters": 1}, "macs is missing"),
        ({"parameters": 1, "macs": 0}, "macs must be a whole number"),
        ({"parameters": 1, "macs": None}, "macs must be a whole number"),
        ({"parameters": 1, "macs": {}}, "no class has any"),
        ({"parameters": 1, "macs": 10**30}, "macs must be a whole number"),
        ([1], "must hold an object"),
    ],
)
def test_what_is_no_profile_is_refused(tmp_path: Path, told: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_numbers(write(tmp_path, told))


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_numbers(tmp_path / "none.json")
    deep = tmp_path / "deep.json"
    deep.write_text("[" * 100_000, encoding="utf-8")
    with pytest.raises(InputError, match="cannot be read"):
        read_numbers(deep)
