from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
import pytest
from store_examples import example_case, example_environment, example_run

from tierbench.harness.errors import StoreError
from tierbench.harness.plain import (
    from_plain,
    parse_json,
    parse_object,
    to_json,
    to_plain,
)


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    x: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outer:
    colour: Colour
    path: Path
    inner: tuple[Inner, ...] = ()
    options: Mapping[str, str | int | float | bool] | None = None
    best: Inner | None = None


GOOD = {"colour": "red", "path": "/a"}


@pytest.mark.parametrize(
    "value",
    [
        example_case(),
        example_environment(),
        example_run(),
        Outer(
            colour=Colour.RED,
            path=Path("a/b"),
            inner=(Inner(x=0.5), Inner()),
            options={"a": True, "b": 1, "c": 1.0, "d": "1"},
            best=Inner(),
        ),
    ],
)
def test_values_come_back_through_json(value):
    back = from_plain(type(value), json.loads(json.dumps(to_plain(value))))
    assert repr(back) == repr(value)
    assert back == value


def test_numbers_of_numpy_become_plain():
    plain = to_plain({"a": np.int64(3), "b": np.float32(0.5), "c": (np.float64(2),)})
    assert repr(plain) == "{'a': 3, 'b': 0.5, 'c': [2.0]}"


@pytest.mark.parametrize("value", [object(), b"", {1: 2}, np.zeros(2), Inner, {1}])
def test_what_json_cannot_hold_is_refused(value):
    with pytest.raises(StoreError, match="cannot be stored"):
        to_plain([value])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"colour": "blue"}, "Outer.colour: 'blue' is not of red"),
        ({"colour": []}, "Outer.colour: "),
        ({"path": 3}, "Outer.path: '3' is not of Path"),
        ({"inner": {}}, "Outer.inner: "),
        ({"inner": [{"x": 1}, {"x": "1"}]}, r"Outer.inner\[1\].x: '1' is not of float"),
        ({"inner": [{"x": True}]}, "'True' is not of float"),
        ({"inner": [{"y": 1}]}, r"Outer.inner\[0\]: unknown field 'y'"),
        ({"options": {"a": None}}, "Outer.options.a: 'None' is not of "),
        ({"options": {"a": []}}, "Outer.options.a: "),
        ({"best": 3}, "Outer.best: '3' is not of Inner"),
    ],
)
def test_a_wrong_shape_is_named(change, message):
    with pytest.raises(StoreError, match=message):
        from_plain(Outer, GOOD | change)


def test_a_missing_field_is_named():
    with pytest.raises(StoreError, match="Outer: field 'path' is missing"):
        from_plain(Outer, {"colour": "red"})
    with pytest.raises(StoreError, match="is not of Outer"):
        from_plain(Outer, None)


def test_equal_values_have_equal_text():
    assert to_json({"b": (1,), "a": 2}) == to_json({"a": 2, "b": [1]})


def test_what_is_no_json_is_refused():
    with pytest.raises(StoreError, match="is not JSON"):
        parse_json("{")
    with pytest.raises(StoreError, match="no JSON object"):
        parse_object("[]")
