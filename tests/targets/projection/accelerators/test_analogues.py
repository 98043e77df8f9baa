"""Networks alike vote by nearness and size."""

from dataclasses import replace

import numpy as np
import pytest

from tierbench.targets.projection.accelerators.analogues import (
    Neighbour,
    analogues,
    kinds,
    log_fps,
    nearest,
    outside,
    unclear,
)
from tierbench.targets.projection.accelerators.left_out import (
    calibrated_scale,
    work_of,
)
from tierbench.targets.projection.accelerators.work import (
    PLAIN,
    SEPARABLE,
    TRANSFORMER,
    Work,
)


def made_up(seed: int, noise: float = 0.1) -> list[Neighbour]:
    """Return convolutions by their size, and transformers twenty times slower."""
    random = np.random.default_rng(seed)
    found = []
    for place in range(40):
        macs, kind = np.exp(random.uniform(20, 24)), (PLAIN, TRANSFORMER)[place % 2]
        fps = 1e9 * macs**-0.7 * np.exp(random.normal(0, noise))
        fps = fps / 20 if kind == TRANSFORMER else fps
        found.append(
            Neighbour(
                network=str(place),
                parameters=round(macs / 300),
                macs=round(macs),
                elements=150_528,
                kind=kind,
                fps_batch1=float(fps),
                fps_batch8=float(fps),
            )
        )
    return found


WORK = Work(parameters=10_000_000, macs=3 * 10**9, kind=PLAIN, elements=150_528)


def test_a_kind_that_is_told_speaks_alone() -> None:
    found = analogues(made_up(1), 1)
    band = log_fps(found, WORK)
    assert np.exp(band.mid) == pytest.approx(1e9 * (3e9) ** -0.7, rel=0.2)
    tokens = log_fps(found, replace(WORK, kind=TRANSFORMER))
    assert band.mid - tokens.mid == pytest.approx(np.log(20), abs=0.4)


def test_a_kind_that_is_not_told_widens() -> None:
    found = analogues(made_up(2), 1)
    told, untold = log_fps(found, WORK), log_fps(found, replace(WORK, kind=None))
    assert untold.high - untold.low > 1.5 * (told.high - told.low)


def test_a_kind_is_inferred_from_families_nearby() -> None:
    families = [
        replace(one, elements=150_528 if one.kind == PLAIN else 39_424)
        for one in made_up(7)
    ]
    found = analogues(families, 1)
    alone = replace(WORK, kind=None)
    assert kinds(found, alone)[PLAIN] > 0.99
    assert log_fps(found, alone).mid == pytest.approx(log_fps(found, WORK).mid, abs=0.1)
    assert kinds(found, replace(alone, elements=39_424))[TRANSFORMER] > 0.99
    assert kinds(found, WORK) == {PLAIN: 1.0}
    far = kinds(found, replace(alone, elements=10**9))
    assert far[PLAIN] == pytest.approx(0.5, abs=0.01)


def test_kinds_that_are_too_many_are_named_with_their_frame_rates() -> None:
    three = [
        replace(one, kind=(PLAIN, SEPARABLE, TRANSFORMER)[place % 3])
        for place, one in enumerate(made_up(8))
    ]
    found = analogues(three, 1)
    reason = str(unclear(found, replace(WORK, kind=None, elements=None), 1.0))
    for said in ("plain (", "separable (", "transformer (", "class and input_shape"):
        assert said in reason
    assert unclear(found, WORK, 1.0) is None


def test_half_a_chip_is_a_network_twice_as_large() -> None:
    found = analogues(made_up(3), 1)
    twice = Work(
        parameters=2 * WORK.parameters,
        macs=2 * WORK.macs,
        kind=PLAIN,
        elements=150_528,
    )
    half = log_fps(found, WORK, share=0.5)
    assert half.mid == pytest.approx(log_fps(found, twice).mid, abs=1e-6)
    assert half.mid < log_fps(found, WORK).mid


def test_an_input_that_is_not_told_is_any() -> None:
    found = analogues(made_up(4), 1)
    assert log_fps(found, replace(WORK, elements=None)).mid == pytest.approx(
        log_fps(found, WORK).mid, abs=0.2
    )


def test_what_lies_far_outside_is_refused() -> None:
    found = analogues(made_up(5), 1)
    assert outside(found, WORK, 1.0) is None
    assert "parameters" in str(outside(found, replace(WORK, parameters=10), 1.0))
    assert "accumulates" in str(outside(found, replace(WORK, macs=10**15), 1.0))
    assert [one.kind for one in nearest(found, WORK, 1.0, 3)] == [PLAIN] * 3


def test_the_scale_grows_with_what_networks_differ_by() -> None:
    calm, wild = (calibrated_scale(made_up(6, noise)) for noise in (0.05, 0.8))
    assert calm < wild
    assert work_of(made_up(6)[0], tells_kind=False).kind is None
