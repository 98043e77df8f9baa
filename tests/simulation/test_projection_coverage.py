"""Do projected bands hold boards that nobody has seen, and no more than they say?

Boards are drawn from the effects that the fit supposes; each is left out in turn, the
bands being stretched by what the other boards show.
"""

from __future__ import annotations

import numpy as np
import pytest
from support.projected import BOARDS, made_up_rows

from tierbench.targets.projection.left_out import calibrated_scale, coefficients_of
from tierbench.targets.projection.prediction import Asked, predict
from tierbench.targets.projection.rows import WORKS

pytestmark = pytest.mark.simulation

RUNS = 16
NEW = ("N", "cortex-m33", 150.0)


def test_bands_hold_a_new_board_about_as_often_as_they_say() -> None:
    held = []
    for seed in range(RUNS):
        rows = made_up_rows(seed, (*BOARDS, NEW))
        seen = [row for row in rows if row.board != NEW[0]]
        fit = coefficients_of(seen, calibrated_scale(seen))
        for row in rows:
            if row.board != NEW[0]:
                continue
            asked = Asked(core=row.core, clock_mhz=row.clock_mhz, stack=row.family)
            found = predict(fit, WORKS[row.benchmark], asked)
            error = abs(float(np.log(row.cycles)) - found.log_cycles)
            held.append(error <= found.half_width)
    # a board's rows stand or fall together: some 16 draws, not 16 x 12
    assert 0.6 <= np.mean(held) <= 0.99
