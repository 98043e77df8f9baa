"""One run measures what all tests declare; each case is judged by its limits."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from support.gated import (
    STORE,
    declaration,
    only_case,
    outcome,
    slower_artifacts,
)
from support.plans import write_model

from tierbench.harness.declaration import Declaration
from tierbench.harness.errors import NotFound
from tierbench.harness.hashing import files_sha256
from tierbench.harness.store import Store
from tierbench.harness.values import Phase
from tierbench.targets.sim import Sim


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_model(tmp_path)
    return tmp_path


@pytest.fixture
def slow_sha256(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    return slower_artifacts(monkeypatch)


def results(folder: Path, run: str):
    with Store.open(f"sqlite:///{folder / STORE}") as store:
        return {result.id: result for result in store.results(run)}


def replaced(folder: Path, slow_sha256: dict[str, float], factor: float) -> None:
    """Replace the model by one that takes longer."""
    path = write_model(folder, constant=2.0)
    slow_sha256[files_sha256([path])] = factor


def test_cases_that_several_tests_declare_are_measured_once(folder: Path) -> None:
    told = outcome(
        folder,
        declaration(folder, "one", batch=[1, 2]),
        declaration(folder, "two", batch=2, limits={"call_s": 9}),
        declaration(folder, "three", batch=2, profile="nightly"),
    )
    one, two = told["cases"]["one"], told["cases"]["two"]
    label = "model/as is sim single_stream batch 2"
    assert two.keys() == {label}
    assert one[label]["result"] == two[label]["result"]
    assert told["cases"]["three"][label]["row"]["profile"] == "nightly"
    assert len(results(folder, told["run"])) == 3
    assert (told["baseline"], told["interrupted"], told["wrong"]) == (None, False, {})
    assert json.loads(json.dumps(told)) == told


def test_a_wrong_declaration_spoils_no_other(folder: Path) -> None:
    wrong = declaration(folder, "wrong", path="absent.onnx")
    told = outcome(folder, wrong, declaration(folder, "right"))
    assert told["wrong"].keys() == {"wrong"}
    assert "'absent.onnx' does not exist" in told["wrong"]["wrong"]
    assert told["cases"].keys() == {"right"}


def test_two_artifacts_of_one_name_are_not_mixed_up(folder: Path) -> None:
    write_model(folder, constant=3.0, name="other.onnx")
    first = declaration(folder, "first", name="net")
    same = declaration(folder, "same", name="net", batch=[1, 2])
    other = declaration(folder, "other", path="other.onnx", name="net")
    told = outcome(folder, first, same, other)
    assert told["cases"].keys() == {"first", "same"}
    assert "is another artifact than that of the same name" in told["wrong"]["other"]
    named = declaration(folder, "other", path="other.onnx", name="other")
    assert outcome(folder, first, named)["wrong"] == {}


def test_without_anything_to_measure_no_store_is_made(folder: Path) -> None:
    told = outcome(folder, declaration(folder, path="absent.onnx"))
    assert told["run"] is None
    assert not (folder / STORE).exists()


def test_of_a_declaration_only_the_wanted_cases_are_measured(folder: Path) -> None:
    whole = declaration(folder, batch=[1, 2, 4])
    label = "model/as is sim single_stream batch 2"
    stop = iter([False] * 3 + [True] * 1000)
    left = outcome(folder, whole, stopping=lambda: next(stop))
    told = outcome(folder, replace(whole, wanted=(label,)))
    assert told["cases"]["test_it"].keys() == {label}
    assert len(results(folder, told["run"])) == 1
    assert outcome(folder, whole)["run"] == left["run"] != told["run"]


def test_constraints_are_those_of_each_declaration(folder: Path) -> None:
    told = outcome(
        folder,
        declaration(folder, "strict", constraints={"latency_p90_ms_max": 0.5}),
        declaration(folder, "lenient", constraints={"latency_p90_ms_max": 1.5}),
    )
    ((strict,), (lenient,)) = [cases.values() for cases in told["cases"].values()]
    assert strict["result"] == lenient["result"]
    assert lenient["failures"] == []
    (failure,) = strict["failures"]
    assert "latency_p90_ms_max = 0.5 does not hold" in failure


def test_what_became_slower_fails_and_says_with_what_it_was_compared(
    folder: Path, slow_sha256
) -> None:
    first = outcome(folder)
    replaced(folder, slow_sha256, 1.5)
    told = outcome(folder, baseline=first["run"])
    case = only_case(told)
    found = results(folder, told["run"])
    now = found[case["result"]].case.variant.sha256
    (then,) = {r.case.variant.sha256 for r in found.values()} - {now}
    (failure,) = case["failures"]
    head, ratio, how, artifacts = failure.split("\n")
    assert head.startswith("model/as is sim single_stream batch 1 became slower: 1.")
    assert head.endswith(f" ms of run {first['run'][:8]}")
    assert case["gate"]["ratio"] == pytest.approx(1.5, rel=0.03)
    assert ratio.startswith(f"  ratio {case['gate']['ratio']:.3f} [1.")
    assert ratio.endswith("]; up to 1.000 is allowed")
    assert how.startswith("  paired: both were measured in the same ")
    assert artifacts == (
        f"  artifact {then[:12]} then, {now[:12]} now in run {told['run'][:8]}"
    )
    assert case["gate"]["paired"] is True
    assert case["gate"]["role"] == "beside"
    assert told["baseline"] == [first["run"]]


def test_candidate_and_baseline_are_measured_in_the_same_rounds(
    folder: Path, slow_sha256
) -> None:
    first = outcome(folder, declaration(folder, batch=[1, 2, 4]))
    replaced(folder, slow_sha256, 1.0)
    told = outcome(folder, declaration(folder, batch=[1, 2, 4]), baseline="last")
    by_name: dict[int, list[set[int]]] = {}
    for result in results(folder, told["run"]).values():
        rounds = {b.round for b in result.blocks if b.phase is Phase.MEASURE}
        by_name.setdefault(result.case.workload.batch, []).append(rounds)
    assert first["run"] != told["run"]
    assert [len(pair) for pair in by_name.values()] == [2, 2, 2]
    for one, other in by_name.values():
        assert len(one & other) >= 10


def test_candidate_and_baseline_end_together(folder: Path, slow_sha256) -> None:
    """Else the rounds that they share may be too few to compare."""
    noisy = {"use": "sim", "slice_noise": 0.08, "seed": list(range(6))}
    outcome(folder, declaration(folder, target=noisy))
    replaced(folder, slow_sha256, 1.0)
    told = outcome(folder, declaration(folder, target=noisy), baseline="last")
    last: dict[object, set[int]] = {}
    for result in results(folder, told["run"]).values():
        rounds = {block.round for block in result.blocks}
        last.setdefault(result.case.options["seed"], set()).add(max(rounds))
    assert [len(found) for found in last.values()] == [1] * 6
    assert len(set.union(*last.values())) > 1


def test_each_declaration_has_its_own_limit(folder: Path, slow_sha256) -> None:
    first = outcome(folder)
    replaced(folder, slow_sha256, 1.5)
    told = outcome(
        folder,
        declaration(folder, "lenient", slower_max=0.7),
        declaration(folder, "strict", slower_max=0.2),
        baseline=first["run"],
    )
    ((lenient,), (strict,)) = [cases.values() for cases in told["cases"].values()]
    assert lenient["failures"] == []
    assert lenient["gate"]["verdict"] == strict["gate"]["verdict"] == "slower"
    assert "was compared" in lenient["gate"]["message"]
    assert "up to 1.200 is allowed" in strict["failures"][0]


def test_what_became_faster_or_stayed_passes(folder: Path, slow_sha256) -> None:
    outcome(folder)
    replaced(folder, slow_sha256, 0.5)
    faster = only_case(outcome(folder, baseline="last"))
    assert (faster["gate"]["verdict"], faster["failures"]) == ("faster", [])
    same = only_case(outcome(folder, baseline="last"))
    assert (same["gate"]["verdict"], same["failures"]) == ("same", [])
    assert same["gate"]["role"] == "unchanged"


@pytest.mark.parametrize("change", ["runtime", "artifact lost"])
def test_what_cannot_be_measured_again_is_compared_unpaired(
    folder: Path, slow_sha256, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    first = outcome(folder)
    replaced(folder, slow_sha256, 2.0)
    if change == "runtime":
        describe = Sim.describe
        monkeypatch.setattr(
            Sim, "describe", lambda self: replace(describe(self), runtime_version="2")
        )
    else:
        for path in (folder / "artifacts").rglob("*"):
            if path.is_file():
                path.unlink()
    told = outcome(folder, baseline=first["run"])
    assert len(results(folder, told["run"])) == 1
    case = only_case(told)
    assert case["gate"]["paired"] is False
    (failure,) = case["failures"]
    assert "\n  unpaired: the interval allows for how runs differ (" in failure
    reason = {"runtime": "runtime version was '1' and is '2'"}.get(change, "artifact")
    assert reason in failure


def test_a_baseline_that_fails_today_is_compared_as_recorded(
    folder: Path, slow_sha256, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = outcome(folder)
    replaced(folder, slow_sha256, 2.0)
    launch = Sim.launch

    def broken(self, case, artifact, limits):
        if "(baseline)" not in case.variant.name:
            return launch(self, case, artifact, limits)
        ill = Sim({**self.settings, "fault": "raise", "fault_after_calls": 0})
        return ill.launch(case, artifact, limits)

    monkeypatch.setattr(Sim, "launch", broken)
    case = only_case(outcome(folder, baseline=first["run"]))
    assert case["gate"]["paired"] is False
    assert "its baseline could not be measured again: " in case["failures"][0]


def test_a_new_case_has_no_baseline_and_passes(folder: Path) -> None:
    first = outcome(folder)
    case = only_case(
        outcome(folder, declaration(folder, batch=2), baseline=first["run"])
    )
    assert case["failures"] == []
    assert case["gate"]["role"] == "none"
    assert case["gate"]["verdict"] is None
    assert "no baseline: run" in case["gate"]["message"]


def test_an_unknown_baseline_lists_the_known_ones_before_anything_is_measured(
    folder: Path,
) -> None:
    run = outcome(folder)["run"]
    with pytest.raises(NotFound, match=f"no run 'nope'; known: {run}"):
        outcome(folder, baseline="nope")
    with Store.open(f"sqlite:///{folder / STORE}") as store:
        assert len(store.runs()) == 1


def test_a_run_that_failed_its_gate_is_not_the_last_baseline(
    folder: Path, slow_sha256
) -> None:
    first = outcome(folder, baseline="last")
    assert first["baseline"] == []
    replaced(folder, slow_sha256, 1.5)
    for _ in range(2):
        told = outcome(folder, baseline="last")
        assert told["baseline"] == [first["run"]]
        assert only_case(told)["failures"]
    accepted = outcome(folder, baseline=told["run"])
    assert not only_case(accepted)["failures"]
    assert outcome(folder, baseline="last")["baseline"] == [accepted["run"]]


def test_a_session_that_was_left_goes_on_with_its_run(folder: Path) -> None:
    asked = iter([False] * 8 + [True] * 1000)
    left = outcome(folder, baseline="last", stopping=lambda: next(asked))
    assert left["interrupted"]
    assert left["cases"] == {}
    told = outcome(folder, baseline="last")
    assert told["run"] == left["run"]
    (result,) = results(folder, told["run"]).values()
    assert len({block.worker for block in result.blocks}) == 6
    assert outcome(folder)["run"] != left["run"]


def test_an_unavailable_target_is_a_skipped_case(folder: Path) -> None:
    (folder / "no-python").write_text("#!/bin/false\n")
    (folder / "no-python").chmod(0o755)
    elsewhere = {"use": "host-litert", "python": "no-python"}
    told = outcome(folder, declaration(folder, target=elsewhere), baseline="last")
    case = only_case(told)
    assert case["row"]["status"] == "skipped"
    assert (case["gate"], case["failures"]) == (None, [])


def test_the_store_is_named_without_its_password(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Store, "url", property(lambda self: "as shown to people"))
    assert outcome(folder)["store"] == "as shown to people"


def test_a_declaration_of_no_targets_is_nothing(folder: Path) -> None:
    empty = Declaration(
        source="a", folder=str(folder), arguments={"path": "model.onnx"}
    )
    assert outcome(folder, empty)["cases"] == {}
