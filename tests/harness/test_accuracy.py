"""Metrics by name, and what stands for the labels' type."""

import numpy as np
import pytest

from tierbench.harness.accuracy import (
    LOWER_IS_BETTER,
    METRICS,
    default_metric,
    find_metric,
    is_metric,
)
from tierbench.harness.errors import DataError


@pytest.mark.parametrize("name", [*METRICS, "top2", "top1000"])
def test_a_metric_is_found_by_its_name(name: str) -> None:
    assert is_metric(name)
    assert find_metric(name).name == name


@pytest.mark.parametrize("name", ["", "top", "top0", "top01", "top-1", "AUC", "f1"])
def test_other_names_are_no_metrics(name: str) -> None:
    assert not is_metric(name)
    with pytest.raises(DataError, match="is unknown; valid: top1, top5, auc, mae"):
        find_metric(name)


def test_only_errors_are_better_when_lower() -> None:
    assert sorted(LOWER_IS_BETTER) == ["mae"]
    assert set(METRICS) > LOWER_IS_BETTER


def test_the_labels_type_says_which_metric_is_meant() -> None:
    assert default_metric(np.arange(3)) == "top1"
    assert default_metric(np.arange(3, dtype=np.uint8)) == "top1"
    assert default_metric(np.zeros(3, np.float32)) == "mae"
    assert default_metric(None) is None
