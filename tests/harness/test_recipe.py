"""Recipes are found by what a sweep file calls them."""

from types import SimpleNamespace

import pytest

from tierbench.harness.errors import ChainError, NotFound
from tierbench.harness.recipe import find_recipe


def stub(name, **more):
    parts = ("summary", "formats", "reasons", "calibrated", "build")
    return SimpleNamespace(name=name, **dict.fromkeys(parts, print), **more)


RECIPES = {
    "plain": stub("plain"),
    "given": stub("given", with_value=lambda value: f"given {value}"),
}


def find(name):
    if name not in RECIPES:
        raise NotFound("recipe", name, RECIPES)
    return RECIPES[name]


def test_a_name_or_a_name_with_a_value() -> None:
    assert find_recipe("plain", find) is RECIPES["plain"]
    assert find_recipe("given", find) is RECIPES["given"]
    assert find_recipe(" given( 0.5 )", find) == "given 0.5"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("plain(1)", r"'plain\(1\)': recipe 'plain' takes nothing; write 'plain'"),
        ("plain(seed=1)", "takes nothing"),
        ("given(1, seed=1)", "takes one value"),
        ("given(seed=1)", "takes one value"),
        ("plain > given(1)", "of a file one recipe makes a variant"),
        ("plain(", "valid is a name such as"),
    ],
)
def test_what_a_recipe_does_not_take_is_told(name, told) -> None:
    with pytest.raises(ChainError, match=told):
        find_recipe(name, find)


def test_an_unknown_name_is_told() -> None:
    with pytest.raises(NotFound, match="no recipe 'given-2'; known: given, plain"):
        find_recipe("given-2(1)", find)
