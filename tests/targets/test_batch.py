"""A batch that a file fixes is told with the cure; one that is free or fits is not."""

from dataclasses import replace

import pytest
from store_examples import example_case

from tierbench.harness.values import TensorSpec
from tierbench.targets.batch import fixed_batch

CASE = example_case()


def told(first: int, asked: int, **more: bool) -> str | None:
    spec = TensorSpec(name="x", dtype="float32", shape=(first, 4))
    variant = replace(
        CASE.variant, profile=replace(CASE.variant.profile, inputs=(spec,))
    )
    return fixed_batch(variant, replace(CASE.workload, batch=asked), **more)


@pytest.mark.parametrize(("first", "asked"), [(-1, 8), (8, 8), (1, 1)])
def test_a_free_batch_and_the_same_one_run(first: int, asked: int) -> None:
    assert told(first, asked) is None


def test_another_batch_is_told_with_the_cure() -> None:
    assert told(1, 8) == (
        "input 'x' has a fixed batch of 1, not 8; export the model with a free batch"
    )


def test_a_runtime_may_resize_a_batch_of_one_and_no_other() -> None:
    assert told(1, 8, resizes_one=True) is None
    assert "with a batch of 1" in str(told(4, 8, resizes_one=True))
