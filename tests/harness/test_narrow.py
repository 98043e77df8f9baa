"""What the command line changes about a sweep."""

import pytest

from tierbench.harness.errors import NotFound
from tierbench.harness.narrow import narrowed
from tierbench.harness.sweep import parse_sweep

TEXT = """\
name = "two"
[[model]]
use = "defect"
[[target]]
use = "sim"
[[target]]
use = "host-litert"
[[target]]
use = "sim"
seed = 1
"""


@pytest.fixture
def sweep(tmp_path):
    return parse_sweep(TEXT, "two.toml", tmp_path)


def test_nothing_asked_changes_nothing(sweep) -> None:
    assert narrowed(sweep) == sweep


def test_another_profile_is_another_sweep(sweep) -> None:
    found = narrowed(sweep, profile="procurement")
    assert found.profile == "procurement"
    assert found.targets == sweep.targets
    assert found.plain != sweep.plain


def test_only_the_named_targets_are_kept_in_order(sweep) -> None:
    found = narrowed(sweep, targets=("sim",))
    assert found.targets == (sweep.targets[0], sweep.targets[2])
    both = narrowed(sweep, targets=("host-litert", "sim"))
    assert both.targets == sweep.targets


def test_an_unknown_profile_lists_the_known(sweep) -> None:
    with pytest.raises(NotFound, match=r"'nightl'.*smoke.*mean 'nightly'"):
        narrowed(sweep, profile="nightl")


def test_a_target_that_the_sweep_lacks_is_refused(sweep) -> None:
    with pytest.raises(NotFound, match="no target in the sweep 'host-onnxruntime'"):
        narrowed(sweep, targets=("sim", "host-onnxruntime"))
