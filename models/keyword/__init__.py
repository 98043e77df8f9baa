"""Keywords in noise: a small transformer with its own synthetic speech."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..chains import CHAINS
from ..reference import Reference

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..learner import Learner


def _draw(split: str) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    from .data import DATA

    return DATA.draw(split)


def _learner() -> Learner:
    from .train import LEARNER

    return LEARNER


model = Reference(
    name="keyword",
    folder=Path(__file__).parent,
    draw=_draw,
    learner=_learner,
    chains=CHAINS,
)
