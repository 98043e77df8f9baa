import numpy as np
import pytest

from tierbench.models import prediction
from tierbench.models.keyword import data, model


@pytest.fixture(scope="session")
def evaluation():
    return model.evaluation()


@pytest.fixture(scope="session")
def training():
    return data.patches(data.TRAINING)


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """Return a function that builds a variant once."""
    cache = tmp_path_factory.mktemp("variants")
    return lambda variant, format: model.build(variant, format, cache)


@pytest.fixture(scope="session")
def probabilities(built, evaluation):
    """Return a function that runs a variant over the evaluation split once."""
    known: dict[tuple[str, str], np.ndarray] = {}

    def of(variant, format):
        if (variant, format) not in known:
            path = built(variant, format).path
            patches = evaluation.inputs["input"]
            known[variant, format] = prediction.probabilities(path, patches)
        return known[variant, format]

    return of
