"""Which earlier result a case is compared with, and how."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.plans import plan_of, write_model

from tierbench.harness.baseline import (
    REGRESSED,
    Baseline,
    Role,
    find_baseline,
    judge,
)
from tierbench.harness.errors import NotFound
from tierbench.harness.model import Data
from tierbench.harness.pairing import Verdict
from tierbench.harness.plan import Planned
from tierbench.harness.progress import Silence
from tierbench.harness.run import run_plan
from tierbench.harness.sources import DataSource
from tierbench.harness.store import Store
from tierbench.harness.values import Run
from tierbench.targets.sim import Sim

SIM = 'use = "sim"\nlatency_us = 500.0'


@pytest.fixture
def store(tmp_path: Path):
    with Store.open(f"sqlite:///{tmp_path / 'results.db'}") as opened:
        yield opened


def run(store: Store, folder: Path, *targets: str, **plan) -> Run:
    return run_plan(plan_of(folder, *targets, **plan), store, Silence(), fresh=True).run


def planned(folder: Path, *targets: str, **plan) -> Planned:
    (found,) = plan_of(folder, *targets, **plan).cases
    return found


def test_an_unchanged_case_is_not_compared(store: Store, tmp_path: Path) -> None:
    first = run(store, tmp_path, SIM)
    before = Baseline(store, [first]).before(planned(tmp_path, SIM))
    assert before.role is Role.UNCHANGED
    candidate = next(iter(store.results(first.id)))
    found = judge(store, before, candidate, None, 0.0)
    assert (found.failed, found.verdict) == (False, Verdict.SAME)
    assert f"are those of run {first.id[:8]}" in found.message


def test_a_changed_artifact_is_measured_beside_the_kept_one(
    store: Store, tmp_path: Path
) -> None:
    first = run(store, tmp_path, SIM)
    old = planned(tmp_path, SIM).case.variant.sha256
    write_model(tmp_path, constant=2.0)
    candidate = planned(tmp_path, SIM)
    before = Baseline(store, [first]).before(candidate)
    assert before.role is Role.BESIDE
    assert before.again is not None
    assert before.again.beside == candidate.case.key
    assert before.again.case.variant.sha256 == old != candidate.case.variant.sha256
    assert before.again.case.variant.name == "as is (baseline)"
    assert before.again.case.variant.path.read_bytes()
    assert before.again.case.key != candidate.case.key
    assert before.again.data is None  # as the candidate has none


def test_a_baseline_is_timed_with_the_candidates_inputs_and_not_judged(
    store: Store, tmp_path: Path
) -> None:
    run(store, tmp_path, SIM)
    write_model(tmp_path, constant=2.0)
    rows = np.full((3, 1, 4), 7, np.float32)
    data = Data(
        name="d", inputs={"x": rows}, labels=np.arange(3), metric="top1", sha256="ab"
    )
    candidate = planned(tmp_path, SIM)
    candidate = replace(
        candidate,
        case=replace(candidate.case, data_sha256="ab"),
        data=DataSource("d", "ab", lambda: data),
    )
    again = Baseline(store, store.runs()).before(candidate).again
    assert again is not None
    assert again.data is not None
    assert again.data.data.inputs["x"] is rows
    assert again.data.data.labels is None
    assert again.case.data_sha256 == "ab"


def test_an_artifact_that_is_lost_or_damaged_is_compared_as_recorded(
    store: Store, tmp_path: Path
) -> None:
    first = run(store, tmp_path, SIM)
    sha256 = planned(tmp_path, SIM).case.variant.sha256
    write_model(tmp_path, constant=2.0)
    candidate = planned(tmp_path, SIM)
    kept = tmp_path / "artifacts" / sha256[:2] / sha256[2:]
    for lose in (lambda: kept.write_bytes(b"damaged"), kept.unlink):
        lose()
        before = Baseline(store, [first]).before(candidate)
        assert before.role is Role.RECORDED
        assert "its artifact cannot be measured again: " in before.reason
        assert sha256[2:] in before.reason


def test_a_changed_runtime_is_named(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run(store, tmp_path, SIM)
    describe = Sim.describe
    monkeypatch.setattr(
        Sim, "describe", lambda self: replace(describe(self), runtime_version="2")
    )
    before = Baseline(store, [first]).before(planned(tmp_path, SIM))
    assert before.role is Role.RECORDED
    assert before.reason == "runtime version was '1' and is '2'"


def test_changed_options_are_named(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run(store, tmp_path, SIM)
    options = tuple(
        replace(option, default=0.5) if option.name == "noise" else option
        for option in Sim.options
    )
    monkeypatch.setattr(Sim, "options", options)
    before = Baseline(store, [first]).before(planned(tmp_path, SIM))
    assert before.role is Role.RECORDED
    assert before.reason == "noise was 0.02 and is 0.5"


def test_a_case_that_was_not_measured_has_no_baseline(
    store: Store, tmp_path: Path
) -> None:
    failing = 'use = "sim"\nfault = "raise"'
    first = run(store, tmp_path, SIM, failing)
    for other in (failing, 'use = "sim"\nlatency_us = 501.0'):
        before = Baseline(store, [first]).before(planned(tmp_path, other))
        assert before.role is Role.NONE
        assert f"run {first.id[:8]} has not measured model/as is sim[" in before.reason
        candidate = next(iter(store.results(first.id)))
        assert not judge(store, before, candidate, None, 0.0).failed
    assert (
        "no run that ended well"
        in Baseline(store, []).before(planned(tmp_path, SIM)).reason
    )


def test_last_is_each_cases_newest_run_that_ended_well(
    store: Store, tmp_path: Path
) -> None:
    one, other = SIM, 'use = "sim"\nlatency_us = 800.0'
    both = run(store, tmp_path, one, other)
    newer = run(store, tmp_path, one)
    failed = run(store, tmp_path, one, other)
    store.finish_run(failed.id, REGRESSED, failed.finished_at_ns or 0)
    left = run_plan(
        plan_of(tmp_path, one), store, Silence(), fresh=True, stopping=lambda: True
    )
    assert left.interrupted
    baseline = Baseline(store, find_baseline(store, "last"))
    for target, expected in ((one, newer), (other, both)):
        found = baseline.before(planned(tmp_path, target)).result
        assert found is not None
        assert found.run_id == expected.id


def test_a_run_is_named_by_the_beginning_of_its_id(
    store: Store, tmp_path: Path
) -> None:
    assert find_baseline(store, "last") == ()
    first = run(store, tmp_path, SIM)
    assert [found.id for found in find_baseline(store, first.id[:6])] == [first.id]
    with pytest.raises(NotFound, match="no run 'nope'; known: "):
        find_baseline(store, "nope")


def test_of_equal_labels_the_one_of_the_same_profile_is_taken(
    store: Store, tmp_path: Path
) -> None:
    slow = 'use = "sim"\nlatency_us = 5000.0'
    smoke, nightly = planned(tmp_path, slow), planned(tmp_path, slow, profile="nightly")
    plan = replace(plan_of(tmp_path, slow), cases=(smoke, nightly))
    first = run_plan(plan, store, Silence()).run
    for case in (smoke, nightly):
        before = Baseline(store, [first]).before(case)
        assert before.result is not None
        assert before.result.case.workload == case.case.workload


def test_of_a_run_that_went_on_with_another_artifact_the_newer_is_taken(
    store: Store, tmp_path: Path
) -> None:
    write_model(tmp_path)
    ended: list[object] = []
    progress = Silence()
    progress.result = ended.append  # type: ignore[method-assign]
    two = (SIM, 'use = "sim"\ndevice = "other"')
    plan = plan_of(tmp_path, *two)
    left = run_plan(plan, store, progress, stopping=lambda: bool(ended))
    assert left.interrupted
    write_model(tmp_path, constant=2.0)
    newer = plan_of(tmp_path, *two)
    assert run_plan(newer, store, Silence()).run.id == left.run.id
    baseline = Baseline(store, [left.run])
    for case in newer.cases:
        assert baseline.before(case).role is Role.UNCHANGED
