"""The fit finds made-up effects again; what it has not seen is wider."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pytest

from tierbench.targets.projection.accelerators.laplace import Fitted, fit, predict


@dataclass(frozen=True)
class Asked:
    size: float
    board: str

    @property
    def members(self) -> Mapping[str, str]:
        return {"board": self.board}


def form(told: Mapping[str, float], asked: Asked) -> float:
    seconds = np.exp(told["call"]) + asked.size / np.exp(told["rate"])
    return float(np.log(seconds) + told.get(f"board {asked.board}", 0.0))


TRUE = {"call": -6.0, "rate": 3.0, "board a": 0.3, "board b": -0.3}
PRIORS = {"call": (-5.0, 1.0), "rate": (2.0, 1.0)}


def fitted(seed: int, factor: float = 1.0) -> Fitted:
    random = np.random.default_rng(seed)
    asked = [Asked(float(np.exp(x)), b) for x in random.normal(-3, 2, 40) for b in "ab"]
    logs = [form(TRUE, one) + random.normal(0, 0.05) for one in asked]
    logs[0] += float(np.log(factor))
    return fit(form, asked, logs, PRIORS, {"board": 0.2})


def test_made_up_effects_are_found_again() -> None:
    told = fitted(1).parameters()
    for name in ("call", "rate"):
        assert told[name] == pytest.approx(TRUE[name], abs=0.4)
    difference = told["board a"] - told["board b"]
    assert difference == pytest.approx(0.6, abs=0.05)


def test_a_broken_row_hardly_pulls() -> None:
    before, after = (fitted(2, factor).parameters() for factor in (1.0, 20.0))
    assert after["rate"] == pytest.approx(before["rate"], abs=0.1)


def test_an_unknown_member_widens() -> None:
    found = fitted(3)
    known, unknown = (predict(form, found, Asked(0.1, b)) for b in "ac")
    assert unknown.high - unknown.low > 1.5 * (known.high - known.low)
    assert known.holds(form(TRUE, Asked(0.1, "a")))
