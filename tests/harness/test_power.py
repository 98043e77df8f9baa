"""Power and energy of a case from what its energy phase has kept."""

from dataclasses import replace

import numpy as np
import pytest
from support.known_power import Seen, pulses

from tierbench.harness.meter import Recording
from tierbench.harness.metering import Metering
from tierbench.harness.power import NO_METER, power_of
from tierbench.harness.values import Block, BlockKind, Phase

S = 1_000_000_000
BUSY_W, IDLE_W, CALLS = 10.0, 4.0, 50
IDLE = [(1 * S, 6 * S), (19 * S, 24 * S)]


def a_phase(*recordings: Recording, **changes) -> list[Block]:
    """Return ten busy stretches of one second from 7 s on, and what was recorded."""
    windows = [
        Block(
            index=index,
            worker=index % 3,
            round=-1,
            kind=BlockKind.SLICE,
            phase=Phase.ENERGY,
            started_at_ns=0,
            offset_ns=(7 + index) * S,
            elapsed_ns=S,
            calls=CALLS,
            series=(),
        )
        for index in range(10)
    ]
    phase = Metering(meters=(), energy_ns=10 * S, idle=IDLE, blocks=list(range(10)))
    phase.recordings += recordings
    for name, value in changes.items():
        setattr(phase, name, value)
    return [*windows, phase.block(10, 0, lambda moment: moment)]


def recorded(seen: Seen | None = None, seed: int = 0, **changes) -> Recording:
    found = (seen or Seen(gain=0.02, offset_w=0.1)).record(
        np.random.default_rng(seed), pulses(IDLE_W, BUSY_W, np.array([6.5, 18.0])), 26
    )
    stated = replace(found.specification, **changes)
    return replace(found, specification=stated)


def test_energy_is_that_of_one_sample_with_and_without_the_idle_power() -> None:
    (found,) = power_of(a_phase(recorded()), batch=2).found
    gross_j = BUSY_W * 10 / (10 * CALLS * 2)
    net_j = (BUSY_W - IDLE_W) * 10 / (10 * CALLS * 2)
    assert found.mean_w == pytest.approx(BUSY_W, rel=0.04)
    assert found.idle_w == pytest.approx(IDLE_W, rel=0.07)
    for estimate, truth in ((found.gross, gross_j), (found.net, net_j)):
        assert estimate.value == pytest.approx(truth, rel=0.04)
        assert estimate.interval is not None
        assert estimate.interval.low < truth < estimate.interval.high
    assert found.updates == 100
    assert found.update_ns == pytest.approx(0.1 * S)
    assert (found.meter, found.channel, found.scope) == ("known", "all", "board")


def test_the_offset_cancels_where_the_idle_power_is_subtracted() -> None:
    (found,) = power_of(a_phase(recorded(Seen(gain=0.0, offset_w=1.0))), 1).found
    assert found.gross.interval is not None
    assert found.net.interval is not None
    wide = found.gross.interval.high - found.gross.interval.low
    narrow = found.net.interval.high - found.net.interval.low
    assert narrow < wide / 50


def test_an_idle_power_that_moved_widens_the_net_energy() -> None:
    rng = np.random.default_rng(0)
    exact = Seen(gain=0.0, offset_w=0.0)
    warmed = pulses(IDLE_W, IDLE_W + 2, np.array([18.5, 30.0]))
    busy = pulses(0, BUSY_W - IDLE_W, np.array([6.5, 18.0]))
    moved = exact.record(rng, lambda t: warmed(t) + busy(t), 26)
    (still,) = power_of(a_phase(recorded(exact)), 1).found
    (found,) = power_of(a_phase(moved), 1).found
    assert still.net.relative_half_width == pytest.approx(0, abs=1e-3)
    # 2 W in a rectangle of that width, over 6 - 1 W.
    expected = 1.96 * 2 / 12**0.5 / 5
    assert found.net.relative_half_width == pytest.approx(expected, rel=0.05)


def test_rails_that_add_up_are_one_total() -> None:
    rails = [
        recorded(seed=seed, channel=f"rail {seed}", adds_to="module", note="a sum")
        for seed in (1, 2)
    ]
    alone = recorded(seed=3, channel="rail 3")
    total, single = power_of(a_phase(*rails, alone), 1).found
    assert (total.channel, single.channel) == ("module", "rail 3")
    assert total.mean_w == pytest.approx(2 * BUSY_W, rel=0.04)
    assert total.notes == ("a sum",)
    assert len(total.channels) == 2


def test_a_meter_that_was_used_twice_does_not_add_to_itself() -> None:
    parts = [recorded(channel=f"package-{n}", adds_to="packages") for n in (0, 1)]
    found = power_of(a_phase(*parts, *parts), 1).found
    assert [len(one.channels) for one in found] == [2, 2]
    for one in found:
        assert one.mean_w == pytest.approx(2 * BUSY_W, rel=0.04)


def test_too_few_readings_are_no_energy() -> None:
    dropped = recorded(Seen(dropped=0.1))
    found = power_of(a_phase(dropped), 1)
    assert found.found == ()
    assert "an energy needs 100" in found.reasons[0]
    assert "meter 'known'" in found.reasons[0]


def test_readings_that_end_early_are_no_energy() -> None:
    whole = recorded(Seen(update_s=0.01))
    short = replace(
        whole.series, values=whole.series.values[:1700], times=whole.series.times[:1700]
    )
    found = power_of(a_phase(replace(whole, series=short)), 1)
    assert found.found == ()
    assert "must hold all of it" in found.reasons[0]


def test_a_meter_that_told_nothing_says_why() -> None:
    found = power_of(a_phase(missing={"rapl": "permission denied; run as root"}), 1)
    assert found.reasons == ("rapl: permission denied; run as root",)
    assert power_of([], 1).reasons == (NO_METER,)


def test_one_broken_meter_costs_the_other_nothing() -> None:
    stuck = recorded()
    still = replace(stuck.series, values=np.full(len(stuck.series.values), np.nan))
    blocks = a_phase(replace(stuck, series=still), recorded(seed=4))
    found = power_of(blocks, 1)
    assert len(found.found) == 1
    assert "0 readings" in found.reasons[0]


def test_few_stretches_have_no_interval() -> None:
    blocks = a_phase(recorded(Seen(update_s=0.01)), blocks=[0, 1, 2])
    (found,) = power_of(blocks, 1).found
    assert found.gross.value is not None
    assert found.gross.interval is None
    assert "3 busy stretches" in (found.gross.reason or "")


def test_an_old_window_keeps_its_gross_energy_without_interval() -> None:
    old = replace(
        a_phase()[0],
        context={"meter": "clamp", "scope": "wall", "accuracy": 0.01},
        series=(recorded().series,),
    )
    (found,) = power_of([old], 1).found
    assert found.scope == "wall"
    assert found.gross.interval is None
    assert found.net.value is None
    assert "measure the case again" in (found.net.reason or "")
