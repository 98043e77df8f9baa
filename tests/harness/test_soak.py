"""The statistics of a sustained run."""

from dataclasses import replace

import numpy as np
import pytest
from support.measured import a_block, a_case
from support.soaked import soak_blocks

from tierbench.harness.soak import (
    Soak,
    SoakVerdict,
    last_attempt,
    soaked_s,
    steady_state,
    summarise_soak,
)
from tierbench.harness.values import Scenario, Series

RNG = np.random.default_rng(5)
FLAT = 1000 * np.exp(0.01 * RNG.standard_normal(360))


def sagging(plateau: float, constant_s: float, blocks: int = 360) -> np.ndarray:
    """Return medians that rise by ``plateau`` with this time constant."""
    times = 5.0 * np.arange(blocks)
    return FLAT[:blocks] * (1 + plateau * (1 - np.exp(-times / constant_s)))


def summary(medians: np.ndarray, **changes) -> Soak:
    found = summarise_soak(a_case(), soak_blocks(medians.tolist(), **changes))
    assert found is not None
    return found


def test_a_device_that_keeps_its_speed_held() -> None:
    found = summary(FLAT)
    assert found.verdict is SoakVerdict.HELD
    assert found.ratio.value == pytest.approx(1.0, abs=0.01)
    assert found.minute_1.n == 12
    assert found.steady.n == 180
    assert found.steady_from_s == 900
    assert (found.duration_s, found.calls) == (1800, 360 * 5000)


def test_a_device_that_warms_sagged_by_its_plateau() -> None:
    found = summary(sagging(0.3, 120.0))
    assert found.verdict is SoakVerdict.SAGGED
    assert found.ratio.interval is not None
    truth = 1.3 / np.median(sagging(0.3, 120.0)[:12] / FLAT[:12])
    assert found.ratio.interval.low < truth < found.ratio.interval.high
    assert found.steady.value == pytest.approx(1.3e6, rel=0.01)


def clocked(hertz: np.ndarray) -> Soak:
    """Return the summary of a flat sustained run during which a clock was read."""
    blocks = [
        replace(
            block,
            series=(
                *block.series,
                Series(
                    quantity="clock: cpu",
                    unit="Hz",
                    values=np.full(5, clock),
                    times=np.arange(5) * 10**9,
                ),
            ),
        )
        for block, clock in zip(soak_blocks(FLAT.tolist()), hertz, strict=True)
    ]
    found = summarise_soak(a_case(), blocks)
    assert found is not None
    return found


def test_throttling_is_judged_by_the_sustained_run_alone() -> None:
    steady = clocked(np.full(360, 3e9))
    assert steady.throttling.state == "clean"
    sagged = clocked(np.where(np.arange(360) < 60, 3e9, 2.4e9))
    assert sagged.throttling.state == "throttled"
    assert "fell by 20%" in sagged.throttling.reason
    assert summary(FLAT).throttling.state == "unknown"


def test_a_device_that_quickens_held() -> None:
    """A turbo that comes late is no sag."""
    assert summary(sagging(-0.2, 60.0)).verdict is SoakVerdict.HELD


def test_a_drift_that_goes_on_is_no_steady_state() -> None:
    found = summary(FLAT * np.linspace(1.0, 1.5, 360))
    assert found.verdict is SoakVerdict.CHANGING
    assert found.steady.value is None
    assert "changed by +" in (found.steady.reason or "")
    assert found.ratio.value is None
    assert found.ratio.reason == found.steady.reason
    assert found.minute_1.value is not None
    falling = summary(FLAT * np.linspace(1.5, 1.0, 360))
    assert "changed by -" in (falling.steady.reason or "")


def test_wide_intervals_leave_it_unclear() -> None:
    noisy = 1000 * np.exp(0.3 * np.random.default_rng(1).standard_normal(40))
    assert summary(noisy).verdict is SoakVerdict.UNCLEAR


def test_a_short_one_has_its_steady_state_after_the_first_minute() -> None:
    found = summary(FLAT[:36])
    assert (found.steady_from_s, found.steady.n) == (90, 18)
    assert found.verdict is SoakVerdict.HELD


def test_slow_calls_leave_too_few_blocks_for_an_interval() -> None:
    blocks = soak_blocks(FLAT[:36].tolist())
    few = [block for block in blocks if block.index % 6 == 4 or block is blocks[-1]]
    found = summarise_soak(a_case(), few)
    assert found is not None
    assert found.minute_1.value is not None
    assert found.minute_1.interval is None
    assert found.ratio.value is None
    assert found.verdict is SoakVerdict.UNCLEAR


def test_one_that_did_not_end_is_none() -> None:
    blocks = soak_blocks(FLAT[:50].tolist(), asked_s=1800.0)
    assert soaked_s(blocks) == 250
    assert summarise_soak(a_case(), blocks) is None
    assert summarise_soak(a_case(), [a_block(0, [1.0])]) is None
    assert soaked_s([a_block(0, [1.0])]) == 0


def test_only_the_last_attempt_counts() -> None:
    broken = soak_blocks([5000.0] * 30, asked_s=1800.0, worker=7, first_index=50)
    whole = soak_blocks(FLAT.tolist(), worker=8, first_index=80)
    measured = a_block(0, [1.0], worker=99)
    blocks = [measured, *reversed(whole), *broken]
    assert last_attempt(blocks) == list(whole)
    found = summarise_soak(a_case(), blocks)
    assert found is not None
    assert found.calls == 360 * 5000


def test_offline_it_is_the_time_per_call() -> None:
    case = a_case(scenario=Scenario.OFFLINE)
    found = summarise_soak(case, soak_blocks(FLAT.tolist()))
    assert found is not None
    assert found.steady.value == pytest.approx(5e9 / 5000)


def test_the_steady_state_is_that_of_the_time_asked_for() -> None:
    values = np.array([9.0] * 20 + [1.0, 1.01, 0.99] * 10)
    found = steady_state(values, np.arange(50.0), from_s=20)
    assert (found.value, found.n) == (1.0, 30)
