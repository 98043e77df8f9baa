"""Which boards' power bears on a board, and how far boards lie apart."""

from dataclasses import replace

import numpy as np
import pytest
from support.projected import made_up_rows, row

from tierbench.targets.projection.power import (
    OTHER,
    OWN,
    PRIOR,
    PowerRow,
    bearing,
    power_deviations,
    power_rows,
)

ROWS = power_rows(made_up_rows(1))


def test_power_is_per_megahertz_and_volt() -> None:
    assert {one.mw_per_mhz_v for one in ROWS} == {0.2}


@pytest.mark.parametrize("missing", ["power_mw", "supply_v"])
def test_rows_that_do_not_state_it_are_left_out(missing: str) -> None:
    told = row("A", "cortex-m4", 100.0, "one", "kws", 1.0)
    assert len(power_rows([told])) == 1
    assert power_rows([replace(told, **{missing: None})]) == []


def test_a_board_with_rows_rests_on_them_alone() -> None:
    kind, rows = bearing(ROWS, "cortex-m4", "a")
    assert kind == OWN
    assert {one.board for one in rows} == {"A"}


def test_any_other_rests_on_its_core() -> None:
    kind, rows = bearing(ROWS, "cortex-m4", "somebody's")
    assert kind == OTHER
    assert {one.board for one in rows} == {"A", "B"}
    assert bearing(ROWS, "cortex-m85", None) == (OTHER, [])


def test_a_board_with_another_regulator_is_another() -> None:
    plain = replace(ROWS[0], board="NUCLEO-X")
    external = replace(plain, board="NUCLEO-X-P", mw_per_mhz_v=0.1)
    assert bearing([plain, external], plain.core, "nucleo-x") == (OWN, [plain])
    assert bearing([plain, external], plain.core, "nucleo-x-p") == (OWN, [external])
    assert bearing([external], plain.core, "nucleo-x") == (OWN, [external])


def test_equal_boards_still_get_what_was_supposed_of_boards() -> None:
    found = power_deviations(ROWS)
    assert 0 < found[OWN] < PRIOR[OWN]
    assert 0 < found[OTHER] < PRIOR[OTHER]


def test_boards_far_apart_widen_it() -> None:
    random = np.random.default_rng(2)
    far: list[PowerRow] = [
        replace(one, mw_per_mhz_v=0.2 * (4 if one.board == "A" else 1))
        for one in ROWS
        if random.random() < 0.9
    ]
    assert power_deviations(far)[OTHER] > power_deviations(ROWS)[OTHER]
