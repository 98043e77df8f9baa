"""Embeddings that cost nothing: Gaussians behind a ReLU, much as a net's are."""

from collections.abc import Callable

import numpy as np
import pytest

SIZE = 24
_WORLD = np.random.default_rng(11)
_CENTRES = _WORLD.standard_normal((6, SIZE))
_SPREADS = 0.15 * _WORLD.standard_normal((6, SIZE, SIZE))

Draw = Callable[..., np.ndarray]


@pytest.fixture(scope="session")
def embeddings() -> Draw:
    def draw(seed: int, samples: int, shift: float = 0.0) -> np.ndarray:
        rng = np.random.default_rng(seed)
        kinds = rng.integers(len(_CENTRES), size=samples)
        noise = rng.standard_normal((samples, SIZE))
        spread = np.einsum("nij,nj->ni", _SPREADS[kinds], noise)
        drawn = np.maximum(_CENTRES[kinds] + spread + shift, 0.0)
        return drawn.astype(np.float32)

    return draw
