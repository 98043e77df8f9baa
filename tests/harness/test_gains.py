"""Which variants are compared with which, and what is said of it."""

from dataclasses import replace

import numpy as np
import pytest
from store_examples import example_run
from support.variants import a_variant, chains, right_but, sides

from tierbench.harness.controls import Kind
from tierbench.harness.differences import paired_difference, tango_interval
from tierbench.harness.gains import Outcome, gains
from tierbench.harness.store import Store
from tierbench.harness.values import Scenario, Status


def only(results):
    """Return the one gain of results, all of whose controls are there."""
    (found,), missing = gains(sides(results))
    assert missing == []
    return found


def test_a_recipe_is_compared_with_what_it_was_made_of() -> None:
    fp32 = a_variant("fp32", right_but(1, 2, 3), 1000.0, 400_000)
    int8 = a_variant("int8", right_but(1, 2, 4, 5), 500.0, 100_000, seed=1)
    found = only([int8, fp32])
    assert (found.variant, found.control, found.kind) == ("int8", "fp32", Kind.PARENT)
    assert (found.size_ratio, found.macs_ratio) == (0.25, 1.0)
    assert found.latency.paired
    assert found.latency.interval.confidence == 0.95
    assert found.latency.interval.low < 0.5 < found.latency.interval.high
    assert found.latency.interval.high - found.latency.interval.low < 0.02
    assert found.accuracy.value == pytest.approx(-0.001)
    assert found.accuracy.interval == tango_interval(1, 2, 1000)
    assert (found.outcome, found.better) == (Outcome.WON, ("smaller", "faster"))
    assert (found.worse, found.open_questions, found.caveat) == ((), (), None)


def test_what_is_smaller_and_slower_was_traded_and_what_is_only_worse_lost() -> None:
    fp32 = a_variant("fp32", right_but(1), 1000.0, 400_000)
    slow = a_variant("int4", right_but(1), 2000.0, 100_000, seed=1)
    assert only([fp32, slow]).outcome is Outcome.TRADED
    bad = a_variant("int4", right_but(*range(50)), 1000.0, 400_000, seed=1)
    found = only([fp32, bad])
    assert (found.outcome, found.worse) == (Outcome.LOST, ("less accurate",))


def test_a_loss_of_a_point_that_may_be_hidden_leaves_the_verdict_open() -> None:
    few = {"n": 100}
    fp32 = a_variant("fp32", right_but(1, **few), 1000.0, 400_000)
    int8 = a_variant("int8", right_but(1, **few), 500.0, 100_000, seed=1)
    found = only([fp32, int8])
    assert (found.outcome, found.open_questions) == (Outcome.UNKNOWN, ("accuracy",))
    assert found.better == ("smaller", "faster")


def test_of_three_seeds_the_interval_holds_samples_and_seeds() -> None:
    found, missing = gains(sides(chains()))
    assert missing == []
    by_pair = {(gain.variant, gain.control): gain for gain in found}
    assert len(by_pair) == len(found) == 15
    trained = by_pair["qat(int4)", "int4"]
    alike = by_pair["qat(int4)", "finetune > int4"]
    assert (trained.seeds, trained.accuracy.seeds, alike.accuracy.seeds) == (3, 3, 3)
    assert trained.caveat is alike.caveat is None
    assert trained.outcome is alike.outcome is Outcome.WON
    assert trained.better == ("more accurate",)
    assert by_pair["distil(0.5) > int8", "distil(0.5)"].size_ratio == 0.5
    pruned = by_pair["prune(0.5)", "fp32"]
    assert pruned.macs_ratio == 0.5
    assert pruned.latency.ratio == pytest.approx(0.7, rel=0.02)


def test_of_equal_cost_accuracy_alone_decides() -> None:
    plain = a_variant("int4", right_but(*range(60)), 1000.0)
    trained = a_variant("qat(int4)", right_but(*range(20)), 1500.0, seed=1)
    (found,), missing = gains(sides([plain, trained]))
    assert (found.outcome, found.worse) == (Outcome.WON, ())
    assert found.caveat == "1 seed: of these files, not of the technique"
    assert [(m.variant, m.control) for m in missing] == [
        ("int4", "fp32"),
        ("qat(int4)", "finetune > int4"),
    ]
    assert missing[1].reason == "its control finetune > int4 was not measured"


def test_the_same_file_of_two_seeds_counts_once() -> None:
    def trained(seed: int):
        made = a_variant(f"qat(int4, seed={seed})", right_but(*range(20)), seed=seed)
        variant = replace(made.case.variant, sha256="same")
        return replace(made, case=replace(made.case, variant=variant))

    plain = a_variant("int4", right_but(*range(60)))
    (found,), _ = gains(sides([plain, *map(trained, (1, 2, 3))]))
    assert found.seeds == found.accuracy.seeds == 1
    assert "1 seed" in found.caveat


def test_of_a_file_that_was_made_anew_the_latest_counts() -> None:
    fp32 = a_variant("fp32", right_but(1))
    old = a_variant("int8", right_but(*range(200)), size_bytes=7)
    variant = replace(old.case.variant, sha256="old")
    old = replace(old, case=replace(old.case, variant=variant))
    new = a_variant("int8", right_but(1, 2))
    assert only([fp32, old, new]).accuracy.value == pytest.approx(-0.001)
    assert only([fp32, old, new]).size_ratio == 1.0


def test_seeds_are_compared_with_their_own_control() -> None:
    """The control's seeds shift all it puts out; the variant's shift alike."""
    rng = np.random.default_rng(3)
    results = []
    for seed in range(1, 4):
        easy = rng.random(1200) < 0.3 + 0.1 * seed
        results.append(a_variant(f"student(0.5, seed={seed})", easy, seed=seed))
        better = easy | (rng.random(1200) < 0.1)
        results.append(a_variant(f"distil(0.5, seed={seed})", better, seed=9 + seed))
    found, _ = gains(sides(results))
    (gain,) = [g for g in found if g.control == "student(0.5)"]
    assert gain.accuracy.interval.low > 0
    assert gain.outcome is Outcome.WON


def test_the_seed_that_no_name_tells_is_that_of_the_lineage() -> None:
    def trained(name: str, wrong: int, seed: int):
        made = a_variant(name, right_but(*range(wrong)), seed=wrong)
        step = {"step": "technique", "settings": {"seed": seed}}
        variant = replace(made.case.variant, lineage=(step, {"step": "export"}))
        return replace(made, case=replace(made.case, variant=variant))

    made = [trained("qat(int4)", 3, seed=5), trained("qat(int4, seed=6)", 4, seed=6)]
    made += [
        trained("finetune(seed=5) > int4", 7, seed=5),
        trained("finetune(seed=6) > int4", 9, seed=6),
    ]
    found, _ = gains(sides(made))
    (gain,) = [g for g in found if g.variant == "qat(int4)"]
    assert gain.seeds == 2
    assert gain.accuracy.value == pytest.approx((7 - 3) / 1000)


def test_a_control_of_one_seed_is_named_as_such() -> None:
    trained = [
        a_variant(f"qat(int4, seed={s})", right_but(*range(s)), seed=s)
        for s in (1, 2, 3)
    ]
    control = a_variant("finetune(seed=1) > int4", right_but(*range(50)))
    (gain,), missing = gains(sides([*trained, control]))
    assert gain.accuracy.seeds == 3
    assert gain.caveat == "the control was trained with one seed only"
    assert [m.control for m in missing] == ["int4", "finetune"]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"data": "e" * 64}, "they were judged on other data"),
        ({"right": None}, "int8 has no accuracy: no labels"),
        ({"right": np.zeros(1000)}, "they were judged by other metrics"),
        ({"right": right_but(n=900)}, "they were judged on other numbers of samples"),
    ],
)
def test_accuracies_that_do_not_compare_are_not_compared(changes, why) -> None:
    given = {"right": right_but(1), "accuracy_reason": "no labels"} | changes
    fp32 = a_variant("fp32", right_but(1), 1000.0)
    int8 = a_variant("int8", latency_us=500.0, seed=1, **given)
    if given["right"] is None:
        int8 = replace(int8, accuracy=None)
    found = only([fp32, int8])
    assert (found.accuracy, found.accuracy_reason) == (None, why)
    assert (found.outcome, found.open_questions) == (Outcome.UNKNOWN, ("accuracy",))
    assert found.better == ("faster",)


def test_without_data_nothing_is_the_same_data() -> None:
    made = [a_variant(name, right_but(1), data=None) for name in ("fp32", "int8")]
    assert only(made).accuracy_reason == "they were judged on other data"


def test_results_without_outcomes_are_compared_unpaired() -> None:
    fp32, int8 = (
        a_variant(name, right_but(*wrong), seed=len(wrong))
        for name, wrong in (("fp32", range(30)), ("int8", range(28)))
    )
    paired = only([fp32, int8]).accuracy
    old = replace(int8, accuracy=replace(int8.accuracy, outcomes=None))
    found = only([fp32, old])
    assert found.accuracy.value == pytest.approx(paired.value)
    assert not found.accuracy.paired
    assert found.accuracy.interval.low < paired.interval.low
    assert found.caveat.startswith("unpaired")


def test_a_lower_error_is_better() -> None:
    rng = np.random.default_rng(4)
    errors = rng.exponential(2.0, 300)
    fp32 = a_variant("fp32", errors)
    worse = a_variant("int8", errors + 0.1, seed=1)
    found = only([fp32, worse])
    assert found.accuracy.value == pytest.approx(0.1)
    assert found.worse == ("less accurate",)
    same = a_variant("int8", errors + rng.normal(size=300) / 10, seed=1)
    assert "accuracy" in only([fp32, same]).open_questions
    better = paired_difference(errors - 0.1, errors)
    assert better.value < 0


def test_latencies_of_other_runs_are_compared_unpaired() -> None:
    fp32 = a_variant("fp32", right_but(1), 1000.0)
    int8 = a_variant("int8", right_but(1), 500.0, run="run2", seed=1)
    found = only([fp32, int8])
    assert not found.latency.paired
    assert found.latency.interval.high - found.latency.interval.low > 0.1


def test_files_of_other_targets_kinds_and_models_are_not_compared() -> None:
    fp32 = a_variant("fp32", right_but(1))
    for changed in (
        a_variant("int8", right_but(1), model="other"),
        replace(a_variant("int8", right_but(1)), evidence="SIMULATED"),
    ):
        found, missing = gains(sides([fp32, changed]))
        assert found == []
        assert [m.control for m in missing] == ["fp32"]


def test_the_simplest_workload_that_both_have_is_compared() -> None:
    def under(name: str, batch: int):
        made = a_variant(name, right_but(1), seed=batch)
        workload = replace(made.case.workload, batch=batch)
        case = replace(made.case, workload=workload)
        return replace(made, case=case, id=f"{name}{batch}")

    names = [("fp32", 8), ("fp32", 2), ("int8", 8), ("int8", 2), ("int8", 1)]
    found = only([under(name, batch) for name, batch in names])
    assert found.batch == 2
    _, missing = gains(sides([under("fp32", 8), under("int8", 1)]))
    assert missing[0].reason == "its control fp32 was measured under other workloads"


def test_servers_have_no_ratio_of_latencies() -> None:
    def served(name: str):
        made = a_variant(name, right_but(1))
        workload = replace(made.case.workload, scenario=Scenario.SERVER)
        return replace(made, case=replace(made.case, workload=workload), blocks=())

    found = only([served("fp32"), served("int8")])
    assert found.latency.ratio is None
    assert "rates of their own" in found.latency.reason
    assert found.open_questions == ("latency",)


def test_what_failed_or_is_no_chain_takes_no_part() -> None:
    failed = replace(a_variant("fp32", right_but(1)), status=Status.FAILED)
    named = a_variant("as is", right_but(1))
    found, missing = gains(sides([failed, named, a_variant("int8", right_but(1))]))
    assert found == []
    assert [m.reason for m in missing] == ["its control fp32 was not measured"]


def test_they_come_out_of_a_store_as_they_went_in(tmp_path) -> None:
    results = chains(n=200)
    with Store.open(f"sqlite:///{tmp_path}/r.db") as store:
        store.add_run(example_run("run1"))
        for result in results:
            store.add_result(result)
        read = list(store.results())
    one, other = (gains(sides(found))[0] for found in (results, read))
    assert [g.accuracy for g in one] == [g.accuracy for g in other]
    assert [g.outcome for g in one] == [g.outcome for g in other]
