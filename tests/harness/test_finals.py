"""Whole runs that end with sustained runs."""

import os
import random
import signal
import subprocess
import sys
import time
from itertools import count
from pathlib import Path

import pytest
from support.plans import plan_of, write_model

from tierbench.harness.errors import WorkerDied
from tierbench.harness.profiles import PROFILES
from tierbench.harness.progress import Silence
from tierbench.harness.results import row
from tierbench.harness.run import Outcome, run_plan
from tierbench.harness.soak import SoakVerdict, last_attempt, summarise_soak
from tierbench.harness.store import Store
from tierbench.harness.values import Phase, Result, Status
from tierbench.targets.sim.worker import SimWorker

SCRIPT = Path(__file__).parents[1] / "support" / "interrupted_soak.py"
SOAK = "[workload]\nsoak_s = 600\n"
COOL = 'use = "sim"\nlatency_us = 11000.0\nheat = 0.3\nheat_s = 90.0'
HOT = 'use = "sim"\nlatency_us = 10000.0\nheat = 1.3\nheat_s = 90.0'
FLAT = 'use = "sim"\nlatency_us = 10000.0\nheat = 0.9\nheat_s = 90.0'


_tests = count()


@pytest.fixture(autouse=True)
def _device(monkeypatch):
    """Give each test a device of its own, which is cold."""
    monkeypatch.setenv("TEST_DEVICE", f"finals {next(_tests)}")


def own(target: str) -> str:
    """Return a target table on the test's own device, unless it names one."""
    named = f'{target}\ndevice = "{os.environ["TEST_DEVICE"]}"'
    return target if "device" in target else named


def run(folder: Path, *targets: str, rest: str = SOAK, stopping=lambda: False, **plan):
    with Store.open(f"sqlite:///{folder / 'results.db'}") as store:
        planned = plan_of(folder, *map(own, targets), rest=rest, **plan)
        return run_plan(planned, store, Silence(), stopping=stopping)


def results(folder: Path, outcome: Outcome) -> list[Result]:
    with Store.open(f"sqlite:///{folder / 'results.db'}") as store:
        return list(store.results(outcome.run.id))


def soaks(result: Result) -> list[int]:
    """Return the worker of each block of a sustained run."""
    return [block.worker for block in result.blocks if block.phase is Phase.SOAK]


def test_a_device_that_sags_flips_the_ranking_and_the_run_warns(tmp_path) -> None:
    outcome = run(tmp_path, HOT, COOL)
    hot, cool = results(tmp_path, outcome)
    verdicts = [summarise_soak(r.case, r.blocks).verdict for r in (hot, cool)]
    assert verdicts == [SoakVerdict.SAGGED, SoakVerdict.HELD]
    ratio = row(hot)["soak"]["ratio"]
    assert ratio == pytest.approx(1.3, rel=0.03)
    (warning,) = outcome.warnings
    assert "flips under sustained load" in warning
    assert outcome.closing == [f"warning: {warning}", outcome.sentence]
    assert outcome.failed == 0
    assert "2 ok, 2 soaked" in outcome.sentence
    ordinary = [row(result)["latency_ms"]["median"] for result in (hot, cool)]
    assert ordinary == pytest.approx([10, 11], rel=0.02), "in turns none gets hot"


def test_a_flat_device_flips_nothing(tmp_path) -> None:
    outcome = run(tmp_path, FLAT, COOL)
    found = results(tmp_path, outcome)
    assert [row(r)["soak"]["verdict"] for r in found] == ["held", "held"]
    assert outcome.warnings == []
    assert outcome.closing == [outcome.sentence]


def test_finalists_follow_one_another_alone_and_equally_cool(tmp_path) -> None:
    outcome = run(tmp_path, HOT, HOT.replace("latency_us", "seed = 1\nlatency_us"))
    one, other = (last_attempt(r.blocks) for r in results(tmp_path, outcome))
    first, second = sorted((one, other), key=lambda blocks: blocks[0].offset_ns)
    pause = second[0].offset_ns - (first[-1].offset_ns + first[-1].elapsed_ns)
    assert pause >= 100e9
    minutes = [
        summarise_soak(r.case, r.blocks).minute_1.value
        for r in results(tmp_path, outcome)
    ]
    assert minutes[0] == pytest.approx(minutes[1], rel=0.02)


def test_only_procurement_soaks_unless_it_is_asked_for(tmp_path) -> None:
    assert {name: p.soak_s for name, p in PROFILES.items()} == {
        "smoke": 0,
        "nightly": 0,
        "procurement": 1800,
    }
    outcome = run(tmp_path, HOT, rest="")
    (found,) = results(tmp_path, outcome)
    assert soaks(found) == []
    assert "the profile procurement" in row(found)["soak_reason"]
    plans = [
        plan_of(tmp_path, HOT, profile=profile, rest=rest).soak_s
        for profile, rest in (
            ("procurement", ""),
            ("procurement", "[workload]\nsoak_s = 0\n"),
            ("procurement", SOAK),
            ("nightly", ""),
        )
    ]
    assert plans == [1800, 0, 600, 0]


def test_a_case_that_is_none_says_why(tmp_path) -> None:
    slow = 'use = "sim"\nlatency_us = 30000.0'
    outcome = run(tmp_path, HOT, slow)
    quick, other = results(tmp_path, outcome)
    assert soaks(quick)
    assert not soaks(other)
    assert "not a finalist: another case is surely" in row(other)["soak_reason"]


def test_constraints_decide_who_may_be_soaked(tmp_path) -> None:
    limit = f"{SOAK}[constraints]\nlatency_p90_ms_max = 10.9\n"
    outcome = run(tmp_path, HOT, COOL, rest=limit)
    quick, other = results(tmp_path, outcome)
    assert soaks(quick)
    assert "latency_p90_ms_max = 10.9 does not hold" in row(other)["soak_reason"]


def test_a_second_run_takes_the_soak_over(tmp_path) -> None:
    first = run(tmp_path, HOT, COOL)
    before = [len(result.blocks) for result in results(tmp_path, first)]
    second = run(tmp_path, HOT, COOL)
    assert second.reused == 2
    assert [len(result.blocks) for result in results(tmp_path, second)] == before
    assert second.warnings == first.warnings


def test_a_longer_soak_than_the_last_is_run(tmp_path) -> None:
    run(tmp_path, COOL)
    outcome = run(tmp_path, COOL, rest="[workload]\nsoak_s = 900\n")
    assert outcome.reused == 1
    (found,) = results(tmp_path, outcome)
    assert len(set(soaks(found))) == 2
    assert row(found)["soak"]["duration_s"] == pytest.approx(900, abs=6)
    again = run(tmp_path, COOL)
    assert len(set(soaks(results(tmp_path, again)[0]))) == 2


def test_one_that_fails_fails_the_run_and_not_the_case(tmp_path, monkeypatch) -> None:
    block = SimWorker.block

    def overheated(self, stretch):
        hot = self._settings["heat"] > 1 and self._heat.temperature > 0.9
        if stretch.kind == "soak" and hot:
            raise WorkerDied("it melted")
        return block(self, stretch)

    monkeypatch.setattr(SimWorker, "block", overheated)
    outcome = run(tmp_path, HOT, COOL)
    hot, cool = results(tmp_path, outcome)
    assert (hot.status, cool.status) == (Status.OK, Status.OK)
    assert outcome.failed == 1
    assert "1 soaked, 1 soaks failed" in outcome.sentence
    assert row(hot)["soak"] is None
    assert "of 600 s: it melted" in row(hot)["soak_reason"]
    assert soaks(hot), "what was measured is kept"
    assert row(cool)["soak"]["verdict"] == "held"
    monkeypatch.setattr(SimWorker, "block", block)
    later = run(tmp_path, HOT, COOL)
    assert later.failed == 0
    assert row(results(tmp_path, later)[0])["soak"]["verdict"] == "sagged"


def test_different_machines_soak_side_by_side(tmp_path) -> None:
    other = COOL + '\ndevice = "another"'
    outcome = run(tmp_path, HOT, other)
    assert all(soaks(result) for result in results(tmp_path, outcome))
    assert len(outcome.warnings) == 1


def test_one_that_was_left_begins_anew_and_keeps_what_it_had(tmp_path) -> None:
    calls = []

    class Leaving(Silence):
        def block(self, bench, block) -> None:
            calls.append(block.phase is Phase.SOAK)

    plan = plan_of(tmp_path, own(COOL), rest=SOAK)
    with Store.open(f"sqlite:///{tmp_path / 'results.db'}") as store:
        first = run_plan(plan, store, Leaving(), stopping=lambda: sum(calls) >= 7)
        assert first.interrupted
        second = run_plan(plan, store, Silence())
    assert second.run.id == first.run.id
    (found,) = results(tmp_path, second)
    workers = soaks(found)
    assert workers == [3] * 7 + [4] * (len(workers) - 7)
    assert len(last_attempt(found.blocks)) == len(workers) - 7
    assert row(found)["soak"]["verdict"] == "held"
    assert [b.index for b in found.blocks] == list(range(len(found.blocks)))


def test_kills_in_the_soak_lose_and_double_nothing(tmp_path: Path) -> None:
    chance = random.Random(3)
    told = tmp_path / "acknowledged"
    told.touch()
    write_model(tmp_path)
    kills = 0
    for _ in range(20):
        kills += _killed_in_the_soak(tmp_path, told, chance)
        if kills == 5:
            break
    assert kills == 5
    subprocess.run([sys.executable, SCRIPT, tmp_path, told], check=True)
    with Store.open(f"sqlite:///{tmp_path / 'results.db'}") as store:
        (only,) = store.runs()
        found = list(store.results(only.id))
    assert only.status == "finished"
    kept = []
    for result in found:
        assert summarise_soak(result.case, result.blocks) is not None
        for block in result.blocks:
            if block.phase is Phase.SOAK:
                latency = block.values("latency")
                first = int(latency[0])
                kept.append((result.case.key, block.index, block.worker, first))
    acknowledged = [
        (key, int(index), int(worker), int(first))
        for key, index, worker, first in map(str.split, told.read_text().splitlines())
    ]
    assert len(acknowledged) == len(set(acknowledged))
    assert set(acknowledged) <= set(kept)
    assert len(kept) == len(set(kept))


def _killed_in_the_soak(folder: Path, told: Path, chance: random.Random) -> bool:
    """Kill a run some blocks after its soak began; return whether it had not ended."""
    child = subprocess.Popen([sys.executable, SCRIPT, folder, told])
    goal_bytes = told.stat().st_size + 80 * chance.randrange(1, 90)
    while child.poll() is None and told.stat().st_size < goal_bytes:
        time.sleep(0.001)
    child.kill()
    return child.wait() == -signal.SIGKILL
