from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from store_examples import (
    ODD,
    content,
    example_case,
    example_environment,
    example_result,
    example_run,
    raw,
    urls,
)
from support.measured import a_block

from tierbench.harness.errors import NotFound, StoreError
from tierbench.harness.journal import read_journal, record_block
from tierbench.harness.outcomes import pack_outcomes
from tierbench.harness.store import Store, result_id
from tierbench.harness.values import Block, Phase, Status

WRITERS = Path(__file__).with_name("store_writers.py")


@pytest.fixture
def url(tmp_path):
    return urls(tmp_path / "store.db")


@pytest.fixture
def store(url):
    with Store.open(url) as store:
        store.add_run(example_run())
        yield store


def test_adding_a_result_twice_changes_nothing(store):
    result = example_result()
    store.add_result(result)
    store.add_result(replace(result, status=Status.FAILED, blocks=()))
    assert content(list(store.results())) == content([result])


def test_a_result_needs_its_run(store):
    with pytest.raises(StoreError, match="add the run first"):
        store.add_result(example_result("absent"))
    assert list(store.results()) == []
    with raw(store) as connection:
        assert connection.execute("SELECT count(*) FROM variant").fetchone() == (0,)


def test_result_ids_are_stable_and_distinct():
    assert result_id("run1", "case") == result_id("run1", "case")
    ids = {result_id(run, case) for run in "ab" for case in "ab"}
    assert len(ids) == 4


def test_runs_come_newest_first(store):
    store.add_run(example_run("run2", started_at_ns=3, name=ODD))
    store.add_run(example_run("run3", started_at_ns=2))
    assert [run.id for run in store.runs()] == ["run2", "run3", "run1"]
    assert store.runs()[0] == example_run("run2", started_at_ns=3, name=ODD)


def test_adding_a_run_twice_changes_nothing(store):
    store.add_run(example_run(name="other"))
    assert store.runs() == (example_run(),)


def test_the_newest_unfinished_run_of_a_sweep_is_found(store):
    store.add_run(example_run("run2", started_at_ns=2))
    store.add_run(example_run("other", started_at_ns=3, sweep_sha256="6" * 64))
    assert store.unfinished_run("5" * 64).id == "run2"
    store.finish_run("run2", "ok", 9)
    finished = example_run("run2", started_at_ns=2, status="ok", finished_at_ns=9)
    assert finished in store.runs()
    assert store.unfinished_run("5" * 64) == example_run()
    store.finish_run("run1", "ok", 9)
    assert store.unfinished_run("5" * 64) is None


def test_the_latest_result_of_each_case_is_found(store):
    store.add_run(example_run("run2", started_at_ns=2))
    store.add_run(example_run("run3", started_at_ns=3))
    one, two = example_case("one"), example_case("two")
    old = example_result("run1", one, started_at_ns=1, finished_at_ns=30)
    new = example_result("run2", one, started_at_ns=2, finished_at_ns=40)
    same = example_result("run3", one, started_at_ns=2, finished_at_ns=40)
    only = example_result("run1", two, started_at_ns=3, finished_at_ns=5)
    for result in (new, old, only, same):
        store.add_result(result)
    winner = max(new.id, same.id)
    assert [r.id for r in store.results(latest=True)] == [winner, only.id]
    assert len(list(store.results())) == 4
    assert [r.id for r in store.results(latest=True, run="run1")] == [only.id]


def test_a_run_lists_its_own_and_its_reused_results(store):
    store.add_run(example_run("run2", started_at_ns=2))
    one, two = example_case("one"), example_case("two")
    old, new = example_result("run1", one), example_result("run2", two)
    store.add_result(old)
    store.add_result(new)
    store.link_result("run2", old.id)
    store.link_result("run2", old.id)
    assert store.run_results("run1") == {one.key: old.id}
    assert store.run_results("run2") == {one.key: old.id, two.key: new.id}
    assert {r.id for r in store.results("run2")} == {old.id, new.id}
    assert [r.id for r in store.results("run1")] == [old.id]
    assert store.run_results("absent") == {}


def test_a_new_result_takes_the_place_of_a_reused_one(store):
    store.add_run(example_run("run2", started_at_ns=2))
    old, new = example_result("run1"), example_result("run2")
    store.add_result(old)
    store.link_result("run2", old.id)
    store.add_result(new)
    assert list(store.run_results("run2").values()) == [new.id]


def test_linking_is_all_or_nothing(store):
    store.add_run(example_run("run2", started_at_ns=2))
    result = example_result()
    store.add_result(result)
    with pytest.raises(StoreError, match="cannot take over result 'absent'"):
        store.link_result("run2", result.id, "absent")
    assert store.run_results("run2") == {}
    with pytest.raises(StoreError, match="add the run first"):
        store.link_result("absent", result.id)


def test_a_run_knows_how_far_it_was_measured(store):
    assert store.measured_until("run-1") == (-1, 0)
    result = example_result()
    store.add_result(result)
    blocks = result.blocks
    assert store.measured_until(result.run_id) == (
        max(block.round for block in blocks),
        max(block.offset_ns + block.elapsed_ns for block in blocks),
    )
    assert store.measured_until("another") == (-1, 0)


def test_earlier_results_are_found_for_thousands_of_cases(store, monkeypatch):
    monkeypatch.setattr("tierbench.harness.store._KEYS_PER_QUERY", 3)
    store.add_run(example_run("run2", started_at_ns=2))
    made = [example_case(f"v{n}") for n in range(10)]
    for n, case in enumerate(made):
        store.add_result(example_result("run1", case, blocks=(), finished_at_ns=n))
    newer = example_result(
        "run2", made[4], environment=None, status=Status.FAILED, finished_at_ns=99
    )
    store.add_result(newer)
    found = store.reusable([case.key for case in made] + ["absent"])
    assert found.pop("absent") == []
    assert list(found) == [case.key for case in made]
    assert [len(rows) for rows in found.values()] == [1, 1, 1, 1, 2, 1, 1, 1, 1, 1]
    first, second = found[made[4].key]
    assert (first.result_id, first.run_id, first.status) == (newer.id, "run2", "failed")
    assert first.identity_sha256 is None
    assert second.identity_sha256 == example_environment().identity_sha256
    assert second.finished_at_ns == 4


def test_unknown_ids_name_the_known_ones(store):
    result = example_result()
    store.add_result(result)
    with pytest.raises(NotFound, match=f"no result 'absent'; known: {result.id}"):
        store.result("absent")
    with pytest.raises(NotFound, match="no run 'run2'; known: run1"):
        store.finish_run("run2", "ok", 1)
    with pytest.raises(NotFound, match="no run 'run2'; known: run1"):
        list(store.results("run2"))
    store.add_run(example_run("run2"))
    assert list(store.results("run2")) == []


def test_all_is_there_after_opening_again(url):
    result = example_result()
    with Store.open(url) as store:
        store.add_run(example_run())
        store.add_result(result)
    with Store.open(url, create=False) as store:
        assert store.unfinished_run("5" * 64) == example_run()
        assert content(list(store.results("run1"))) == content([result])
    assert {path.name for path in store.path.parent.iterdir()} == {"store.db"}


def test_a_relative_path_stays_what_it_was(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Store.open("sqlite:///store.db") as store:
        store.close()
        monkeypatch.chdir("/")
        store.add_run(example_run())
        assert store.path == tmp_path / "store.db"
        assert store.runs() == (example_run(),)


def test_only_one_sweep_holds_the_store(store, url):
    with store.lock(), Store.open(url) as other:
        match = rf"in use by the sweep of process {os.getpid()};"
        with pytest.raises(StoreError, match=match), other.lock():
            pass
        other.add_run(example_run("run2"))
    with store.lock():
        pass


def test_the_lock_ends_with_its_process(store):
    code = (
        "import os, sys\nfrom tierbench.harness.store import Store\n"
        "lock = Store.open(sys.argv[1]).lock()\nlock.__enter__()\nos._exit(9)"
    )
    done = subprocess.run([sys.executable, "-c", code, store.url], check=False)
    assert done.returncode == 9
    with store.lock():
        pass


def run_writers(*args):
    done = subprocess.run(
        [sys.executable, WRITERS, *map(str, args)],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
    )
    return done.stdout


def test_killed_at_any_moment_nothing_acknowledged_is_lost_or_doubled(tmp_path):
    told = [line.split() for line in run_writers("crash", tmp_path, 20).splitlines()]
    assert len({run for _, run, _ in told}) >= 15
    kept = {"block": [], "result": []}
    for record in read_journal(tmp_path / "run.journal"):
        run, block = record_block(record)
        assert block.values("latency").tolist() == [
            block.index * n for n in range(1000)
        ]
        kept["block"].append((run, block.index))
    with Store.open(urls(tmp_path / "store.db"), create=False) as store:
        with raw(store) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        for result in store.results():
            number = result.case.options["number"]
            assert result.blocks[0].values("latency")[1] == number
            assert store.run_results(result.run_id)[result.case.key] == result.id
            kept["result"].append((result.run_id, number))
    for kind, found in kept.items():
        acknowledged = {(run, int(n)) for what, run, n in told if what == kind}
        assert len(set(found)) == len(found)
        assert acknowledged <= set(found)
        # of each run at most the one that was being written is there unacknowledged
        more = [run for run, _ in set(found) - acknowledged]
        assert len(set(more)) == len(more)


def test_eight_processes_write_at_once(url):
    assert run_writers("parallel", url, 8, 100) == str([0] * 8)
    with Store.open(url, create=False) as store:
        assert [len(store.run_results(run.id)) for run in store.runs()] == [100] * 8


def soak(*numbers: int) -> tuple[Block, ...]:
    return tuple(
        a_block(number, [number, 2.0, 3.0], phase=Phase.SOAK, worker=9)
        for number in numbers
    )


def test_a_soak_is_added_to_a_result_that_is_there(store):
    result = example_result()
    store.add_result(result)
    before = [block.index for block in result.blocks]
    first = 1 + max(before)
    store.add_soak(result.id, soak(first, first + 1), "it failed")
    store.add_soak(result.id, soak(first + 1, first + 2), None)
    store.add_soak(result.id, (), None)
    found = store.result(result.id)
    assert [b.index for b in found.blocks] == [*before, first, first + 1, first + 2]
    assert found.soak_reason is None
    added = found.blocks[len(before) :]
    assert content(list(added)) == content(list(soak(first, first + 1, first + 2)))
    plain = replace(found, blocks=result.blocks)
    assert content([plain]) == content([result])


def test_a_reason_for_no_soak_is_kept(store):
    result = example_result()
    store.add_result(result)
    store.add_soak(result.id, (), "not a finalist")
    found = store.result(result.id)
    assert found.soak_reason == "not a finalist"
    assert content([replace(found, soak_reason=None)]) == content([result])
    with pytest.raises(NotFound, match="absent"):
        store.add_soak("absent", (), None)


def test_what_a_store_from_before_soaks_and_phases_of_memory_holds_is_read(tmp_path):
    path = tmp_path / "old.db"
    with Store.open(f"sqlite:///{path}") as store:
        store.add_run(example_run())
        store.add_result(example_result())
    with raw(store) as connection:
        drop = (
            "UPDATE result SET extra = json_remove(extra, '$.soak_reason')",
            "UPDATE worker SET memory = json_remove(memory, '$.loaded_bytes', "
            "'$.steady_anonymous_bytes', '$.steady_file_bytes', '$.device_bytes', "
            "'$.peak_opening_bytes', '$.peak_first_call_bytes', "
            "'$.peak_steady_bytes', '$.peak_reason')",
            "UPDATE variant SET json = json_remove(json, '$.profile.weight_bytes')",
        )
        for statement in drop:
            connection.execute(statement)
    with Store.open(f"sqlite:///{path}") as store:
        (found,) = store.results()
    assert found.soak_reason is None
    assert content([found]) == content([example_result()])


def test_outcomes_are_kept_and_stores_from_before_them_are_read(tmp_path):
    path = tmp_path / "old.db"
    right = pack_outcomes(np.arange(100) % 10 > 0)
    accuracy = replace(example_result().accuracy, outcomes=right)
    with Store.open(f"sqlite:///{path}") as store:
        store.add_run(example_run())
        store.add_result(example_result(accuracy=accuracy))
        (found,) = store.results()
        assert found.accuracy == accuracy
    with raw(store) as connection:
        connection.execute(
            "UPDATE result SET extra = json_remove(extra, '$.accuracy.outcomes')"
        )
    with Store.open(f"sqlite:///{path}") as store:
        (found,) = store.results()
    assert found.accuracy == example_result().accuracy
    assert found.accuracy.outcomes is None


def test_a_result_with_damaged_outcomes_is_refused_by_name(store):
    right = replace(pack_outcomes(np.ones(8, dtype=bool)), n=80)
    accuracy = replace(example_result().accuracy, outcomes=right)
    store.add_run(example_run())
    store.add_result(example_result(accuracy=accuracy))
    with pytest.raises(StoreError, match=r"is damaged: outcomes hold 1 bytes.*restore"):
        list(store.results())
