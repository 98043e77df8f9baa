"""Published results in a store: apart, whole or not at all, and once."""

import sqlite3
from dataclasses import replace

import pytest

from tierbench.harness.errors import StoreError
from tierbench.harness.published.result import Citation, PublishedResult
from tierbench.harness.published.shelf import Added
from tierbench.harness.results import rows
from tierbench.harness.store import Store

RESULT = PublishedResult(
    key="a/1",
    model="resnet",
    network="resnet50",
    device="NVIDIA L4",
    device_name="l4",
    scenario="offline",
    throughput_per_s=100.5,
    citation=Citation(title="T", url="https://example.org"),
    caveats=("one",),
)
OTHER = replace(RESULT, key="a/2", scenario="single_stream", latency_ms=1.0)


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/store.db"


def test_importing_again_changes_nothing(url):
    with Store.open(url) as store:
        assert store.add_published([RESULT, OTHER]) == Added(new=2, changed=0, same=0)
        assert store.add_published([OTHER, RESULT]) == Added(new=0, changed=0, same=2)
        assert store.published() == [RESULT, OTHER]


def test_what_is_told_otherwise_takes_the_old_ones_place(url):
    newer = replace(RESULT, caveats=("one", "two"))
    with Store.open(url) as store:
        store.add_published([RESULT])
        added = store.add_published([newer, OTHER])
        assert added == Added(new=1, changed=1, same=0)
        assert store.published() == [newer, OTHER]


def test_they_are_no_results_of_ones_own(url):
    with Store.open(url) as store:
        store.add_published([RESULT])
        assert rows(store) == []
        assert list(store.results()) == []
        assert store.runs() == ()


def test_a_damaged_one_is_named(url):
    with Store.open(url) as store:
        store.add_published([RESULT])
        path = store.path
    connection = sqlite3.connect(path)
    connection.execute("UPDATE published SET json = '{}'")
    connection.commit()
    connection.close()
    with (
        Store.open(url) as store,
        pytest.raises(StoreError, match=f"{RESULT.id}' is damaged"),
    ):
        store.published()
