"""What a variant is compared with, from its name alone."""

import pytest

from tierbench.harness.chain import parse_chain
from tierbench.harness.controls import (
    Kind,
    controls,
    family,
    is_trained,
    read_steps,
    seed_of,
)

PARENT, POST, EPOCHS = Kind.PARENT, Kind.POST_TRAINING, Kind.EQUAL_EPOCHS


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("fp32", []),
        ("int8", [("fp32", PARENT, False)]),
        ("fp32 > int8", [("fp32", PARENT, False)]),
        ("finetune(seed=1)", [("fp32", PARENT, False)]),
        (
            "qat(int4, seed=2)",
            [("int4", POST, True), ("finetune > int4", EPOCHS, True)],
        ),
        (
            "prune(0.5) > qat(int8, epochs=3, seed=1)",
            [
                ("prune(0.5) > int8", POST, True),
                ("prune(0.5) > finetune(epochs=3) > int8", EPOCHS, True),
            ],
        ),
        ("qat", [("fp32", PARENT, False)]),
        (
            "prune(0.5, epochs=2)",
            [("fp32", PARENT, False), ("finetune(epochs=2)", EPOCHS, False)],
        ),
        ("prune(0.5) > int8", [("prune(0.5)", PARENT, False)]),
        (
            "distil(0.25, seed=9)",
            [("fp32", PARENT, False), ("student(0.25)", EPOCHS, True)],
        ),
        ("student(0.5)", [("fp32", PARENT, False)]),
    ],
)
def test_each_step_has_its_controls(name, expected) -> None:
    steps = read_steps(name)
    assert steps is not None
    found = [(c.name, c.kind, c.is_alike) for c in controls(steps)]
    assert found == expected


@pytest.mark.parametrize("name", ["as is", "", "int8 >", "<b>x</b>", "qat(int4"])
def test_a_name_that_is_no_chain_has_no_steps(name) -> None:
    assert read_steps(name) is None


def test_seeds_alone_make_no_other_variant() -> None:
    names = ("qat(int4)", "qat(int4, seed=2)", "qat( int4 ,seed=3 )")
    assert {family(parse_chain(name)) for name in names} == {"qat(int4)"}
    assert [seed_of(parse_chain(name)) for name in names] == ["", "2", "3"]
    assert family(()) == "fp32"
    assert family(parse_chain("qat(int4, epochs=2, seed=1)")) == "qat(int4, epochs=2)"


def test_the_last_seed_counts() -> None:
    assert seed_of(parse_chain("prune(0.5, seed=1) > qat(int8, seed=2)")) == "2"
    assert seed_of(parse_chain("prune(0.5, seed=1) > int8")) == "1"


@pytest.mark.parametrize(("name", "expected"), [("int8", False), ("a > qat(b)", True)])
def test_which_steps_train(name, expected) -> None:
    assert is_trained(parse_chain(name)) is expected
