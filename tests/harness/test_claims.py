"""Whether a claim held, at and around its limit."""

import pytest
from support.variants import a_variant, chains, right_but, sides

from tierbench.harness.claims import Claim, Verdict, findings
from tierbench.harness.gains import gains

HELD, NOT, OPEN = Verdict.HELD, Verdict.NOT_HELD, Verdict.UNKNOWN


def judged(*results):
    """Return the verdict of each claim that was judged, by claim."""
    found = findings(gains(sides(results))[0])
    assert len({one.claim for one in found}) == len(found)
    return {one.claim: one for one in found}


def int8(**changes):
    given = {"right": right_but(1), "latency_us": 400.0, "size_bytes": 250_000}
    fp32 = a_variant("fp32", right_but(1), 1000.0, 1_000_000)
    return judged(fp32, a_variant("int8", seed=1, **given | changes))


@pytest.mark.parametrize(
    ("size", "verdict"), [(200_000, HELD), (254_999, HELD), (256_000, NOT)]
)
def test_a_quarter_of_the_size(size, verdict) -> None:
    found = int8(size_bytes=size)[Claim.SIZE]
    assert (found.verdict, found.value) == (verdict, size / 1_000_000)


@pytest.mark.parametrize(
    ("latency", "verdict"), [(200.0, HELD), (480.0, HELD), (500.0, OPEN), (520.0, NOT)]
)
def test_twice_as_fast(latency, verdict) -> None:
    found = int8(latency_us=latency)[Claim.SPEED]
    assert found.verdict is verdict
    assert found.low < 1000 / latency < found.high


@pytest.mark.parametrize(
    ("wrong", "verdict"), [(range(2), HELD), (range(9), OPEN), (range(60), NOT)]
)
def test_less_than_a_point_lost(wrong, verdict) -> None:
    found = int8(right=right_but(*wrong))[Claim.LOSS]
    assert found.verdict is verdict
    assert found.value == pytest.approx(-(len(wrong) - 1) / 1000)
    assert found.low <= found.value <= found.high


def test_what_training_wins_takes_three_seeds() -> None:
    plain = a_variant("int4", right_but(*range(100)))
    trained = [
        a_variant(f"qat(int4, seed={s})", right_but(*range(40 + s)), seed=s)
        for s in (1, 2, 3)
    ]
    found = judged(plain, *trained)[Claim.TRAINING]
    assert (found.verdict, found.variant) == (HELD, "qat(int4)")
    few = judged(plain, *trained[:2])[Claim.TRAINING]
    assert (few.verdict, few.reason) == (OPEN, "2 of 3 seeds")
    poor = [
        a_variant(f"qat(int4, seed={s})", right_but(*range(100)), seed=s)
        for s in (1, 2, 3)
    ]
    assert judged(plain, *poor)[Claim.TRAINING].verdict is NOT


@pytest.mark.parametrize(
    ("latency", "verdict"), [(480.0, HELD), (510.0, OPEN), (700.0, NOT)]
)
def test_operations_saved_beside_the_speed(latency, verdict) -> None:
    fp32 = a_variant("fp32", right_but(1), 1000.0, macs=1_000_000)
    pruned = a_variant("prune(0.5)", right_but(1), latency, macs=500_000, seed=1)
    found = judged(fp32, pruned)[Claim.PRUNING]
    assert (found.verdict, found.macs_saved) == (verdict, 0.5)


def test_operations_that_cannot_be_counted_leave_it_open() -> None:
    fp32 = a_variant("fp32", right_but(1), macs=None)
    pruned = a_variant("prune(0.5)", right_but(1), 500.0, macs=None, seed=1)
    found = judged(fp32, pruned)[Claim.PRUNING]
    assert (found.verdict, found.macs_saved) == (OPEN, None)
    assert "cannot be counted" in found.reason


def test_without_accuracy_the_loss_is_open_with_its_reason() -> None:
    found = int8(right=None)[Claim.LOSS]
    assert (found.verdict, found.value) == (OPEN, None)
    assert "no accuracy" in found.reason


def test_what_was_not_measured_is_not_there() -> None:
    assert judged(a_variant("fp32", right_but(1))) == {}
    assert set(int8()) == {Claim.SIZE, Claim.SPEED, Claim.LOSS}
    found = findings(gains(sides(chains()))[0])
    assert {one.claim for one in found} == set(Claim)
