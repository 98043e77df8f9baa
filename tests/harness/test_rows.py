from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from store_examples import (
    content,
    example_block,
    example_case,
    example_result,
    example_run,
    one_line,
    raw,
    results,
    urls,
)
from support.clockless import PROJECTED, Clockless

from tierbench.harness.errors import StoreError
from tierbench.harness.store import Store
from tierbench.harness.values import (
    Series,
)


@pytest.fixture
def url(tmp_path):
    return urls(tmp_path / "store.db")


@pytest.fixture
def store(url):
    with Store.open(url) as store:
        store.add_run(example_run())
        yield store


def test_a_result_comes_back_exactly(store):
    result = example_result()
    store.add_result(result)
    assert content(store.result(result.id)) == content(result)
    (only,) = store.results()
    assert content(only) == content(result)


def test_figures_come_back_exactly(store):
    result = replace(example_result(), figures=Clockless.known)
    store.add_result(result)
    assert store.result(result.id).figures == Clockless.known


def test_a_damaged_figure_is_refused_by_name(store):
    result = replace(example_result(), figures=(PROJECTED,))
    store.add_result(result)
    with raw(store) as connection:
        sql = "UPDATE result SET extra = replace(extra, '75000000.0', '1.0')"
        connection.execute(sql)
    with pytest.raises(StoreError, match=r"figures\[0\].*not in order"):
        store.result(result.id)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(result=results)
def test_any_result_comes_back_exactly(store, result):
    with raw(store) as connection:
        for table in ("run_result", "worker", "block", "samples", "result"):
            connection.execute(f"DELETE FROM {table}")
    store.add_result(result)
    assert content(store.result(result.id)) == content(result)


def test_text_that_no_database_takes_costs_no_result(store):
    result = example_result(reason="died: \x00\udcff", case=example_case("\x00\ud800"))
    store.add_result(result)
    back = store.result(result.id)
    assert back.reason == r"died: \x00\udcff"
    assert back.case == result.case


def test_series_of_like_blocks_are_merged(store):
    store.add_result(example_result())
    with raw(store) as connection:
        (rows,) = connection.execute("SELECT count(*) FROM samples").fetchone()
    assert rows == 2 * 3 * 2  # phases, workers, quantities


def test_without_samples_there_are_no_blocks(store):
    result = example_result()
    store.add_result(result)
    (light,) = store.results(samples=False)
    assert content(light) == content(replace(result, blocks=()))


def test_times_and_values_must_be_as_many(store):
    series = Series(
        quantity="latency", unit="ns", values=np.arange(3), times=np.arange(2)
    )
    result = example_result(blocks=(example_block(7, series=(series,)),))
    with pytest.raises(StoreError, match="block 7, 'latency': 2 times for 3 values"):
        store.add_result(result)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("UPDATE samples SET data = zeroblob(9)", "cannot be decompressed"),
        ("UPDATE samples SET n = n + 1", "items of 8 bytes"),
        ("UPDATE samples SET dtype = 'object'", "dtype 'object'"),
        ("UPDATE samples SET times = x'00'", "cannot be decompressed"),
        ("UPDATE samples SET codec = 'pickle'", "codec 'pickle'"),
        ("DELETE FROM samples", "block 0"),
        ("DELETE FROM block WHERE place = 8", "blocks take"),
        ("UPDATE block SET series = '[[0]]'", "block 0"),
        ("UPDATE block SET context = '{'", "is not JSON"),
        ("UPDATE block SET kind = 'x'", "block 0.*'x'"),
        ("UPDATE result SET status = 'fine'", "Result.status: 'fine' is not of ok"),
        ("UPDATE result SET case_json = '[]'", "no JSON object"),
        ("UPDATE variant SET json = '{\"model\": 3}'", "Variant: field"),
        ("UPDATE worker SET memory = '{\"x\": 3}'", "memory: unknown field 'x'"),
        ("UPDATE result SET started_at_ns = 'noon'", "'noon' is not of int"),
    ],
)
def test_a_damaged_result_is_named(store, change, problem):
    result = example_result()
    store.add_result(result)
    with raw(store) as connection:
        connection.execute(change)
    with pytest.raises(StoreError, match=problem) as caught:
        store.result(result.id)
    assert f"result {result.id!r} is damaged: " in one_line(caught)


@pytest.mark.parametrize(
    "changes",
    [
        {"started_at_ns": 2**63},
        {"case": example_case(options={"x": object()})},
        {"blocks": (example_block(context={"x": b""}),)},
    ],
)
def test_what_cannot_be_kept_is_refused(store, changes):
    with pytest.raises(StoreError):
        store.add_result(example_result(**changes))
    assert list(store.results()) == []
