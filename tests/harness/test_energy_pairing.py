"""Energies beside one another: what may be ranked, and what may not."""

import pytest

from tierbench.harness.energy_pairing import compare_energy
from tierbench.harness.errors import NotComparable
from tierbench.harness.power import Power
from tierbench.harness.quantity import Quantity, mj
from tierbench.harness.statistics import Estimate, Interval
from tierbench.harness.values import Evidence


def power(joules: float, half: float | None = 0.01, scope: str = "wall") -> Power:
    interval = None
    if half is not None:
        interval = Interval(low=joules * (1 - half), high=joules * (1 + half))
    gross = Estimate(value=joules, interval=interval, n=10, reason="too few")
    return Power(
        meter="m", scope=scope, mean_w=1.0, idle_w=None, gross=gross, net=gross,
        evidence=Evidence.MEASURED,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("joules", "verdict"), [(1.1, "more"), (0.9, "less"), (1.005, "same")]
)
def test_a_change_needs_the_intervals_to_show_it(joules, verdict) -> None:
    found = compare_energy(power(1.0), power(joules))
    assert found.verdict == verdict
    assert found.ratio == pytest.approx(joules)
    assert found.interval is not None
    assert found.interval.low < joules < found.interval.high
    assert verdict in found.sentence


def test_without_an_interval_nothing_is_known() -> None:
    found = compare_energy(power(1.0), power(2.0, half=None))
    assert found.verdict == "unknown"
    assert found.plain["ratio"] is None
    assert "too few" in (found.reason or "")


@pytest.mark.parametrize(("joules", "half"), [(1.0, 1.5), (0.0, 0.0), (0.0, 1.0)])
def test_an_energy_that_may_be_none_at_all_has_no_ratio(joules, half) -> None:
    """A meter that reads 0 W, or whose offset may be all that it read."""
    for one, other in ((joules, 1.0), (1.0, joules)):
        found = compare_energy(
            power(one, half if one == joules else 0.01),
            power(other, half if other == joules else 0.01),
        )
        assert found.verdict == "unknown"
        assert found.ratio is None
        assert "not known to be above 0" in (found.reason or "")


def test_a_rail_and_the_wall_refuse_to_be_ranked() -> None:
    with pytest.raises(NotComparable, match="'rail' and 'wall'"):
        compare_energy(power(1.0, scope="rail"), power(2.0))
    rail = Quantity(name="gross energy", value=1.0, unit="mJ", scope="rail")
    wall = Quantity(name="gross energy", value=2.0, unit="mJ", scope="wall")
    with pytest.raises(NotComparable, match="'rail' and 'wall'"):
        _ = rail < wall
    assert rail < mj(1.5) < wall
