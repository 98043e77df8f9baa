"""Histograms of the samples that the statistics are made of."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.measured import a_block, a_case, a_result

from tierbench.harness.distribution import BINS, latency_histogram
from tierbench.harness.results import row
from tierbench.harness.summary import summarise
from tierbench.harness.values import Phase, Scenario

WARM_UP = a_block(0, [9e5] * 3, phase=Phase.WARMUP)


def test_it_counts_the_samples_of_the_summary() -> None:
    medians = [5000.0, 3000.0] + [1000.0 + index % 5 for index in range(30)]
    result = a_result(medians_us=medians)
    result = replace(result, blocks=(WARM_UP, *result.blocks))
    found = latency_histogram(result)
    assert found is not None
    assert found.n == sum(found.counts) == summarise(result).samples == 90
    assert found.edges_ms[0] == pytest.approx(0.9)
    assert found.edges_ms[-1] == pytest.approx(1.2 * 1.004), "no warm-up in it"


def test_the_marks_are_what_the_row_publishes() -> None:
    random = np.random.default_rng(1)
    blocks = tuple(
        a_block(index, 1000 * random.lognormal(0, 0.2, 60)) for index in range(30)
    )
    result = a_result(blocks=blocks)
    found, published = latency_histogram(result), row(result)["latency_ms"]
    assert found is not None
    assert found.median_ms == pytest.approx(published["median"])
    assert found.p90_ms == pytest.approx(published["p90"])
    assert found.p99_ms == pytest.approx(published["p99"])
    assert found.p99_ms is not None
    few = latency_histogram(a_result(medians_us=[1000.0] * 3))
    assert few is not None
    assert (few.p90_ms, few.p99_ms) == (None, None)


def test_bins_are_equally_wide_in_logarithm() -> None:
    found = latency_histogram(a_result(medians_us=[100.0, 1000.0, 10_000.0] * 7))
    assert found is not None
    assert len(found.edges_ms) == len(found.counts) + 1 == BINS + 1
    ratios = np.diff(np.log(found.edges_ms))
    assert ratios == pytest.approx([ratios[0]] * BINS)


@pytest.mark.parametrize(
    "changes",
    [
        {"case": a_case(scenario=Scenario.OFFLINE)},
        {"blocks": ()},
        {"blocks": (WARM_UP,)},
    ],
)
def test_without_latencies_there_is_none(changes) -> None:
    assert latency_histogram(a_result(**changes)) is None


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 10**9), max_size=40))
def test_no_sample_is_lost(some: list[int]) -> None:
    latencies_us = [1, *some]
    found = latency_histogram(a_result(blocks=(a_block(0, latencies_us),)))
    assert found is not None
    assert found.n == sum(found.counts) == len(latencies_us)
    assert all(edge > 0 for edge in found.edges_ms)
    assert found.edges_ms == tuple(sorted(found.edges_ms))
