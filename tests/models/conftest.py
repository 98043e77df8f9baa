from functools import cache

import pytest
from support.shipped import NAMES, Shipped


@pytest.fixture(scope="session")
def shipped(tmp_path_factory):
    """Return a function that gives a reference model by name, always the same one."""
    return cache(lambda name: Shipped(name, tmp_path_factory.mktemp(name)))


@pytest.fixture(scope="session", params=NAMES)
def reference(request, shipped):
    """Return every reference model in turn."""
    return shipped(request.param)


@pytest.fixture(scope="session")
def defect(shipped):
    """Return the model that stands for all where one is enough."""
    return shipped("defect")


@pytest.fixture(scope="session")
def evaluation(defect):
    return defect.evaluation


@pytest.fixture(scope="session")
def calibration(defect):
    return defect.data.draw("calibration")[0]


@pytest.fixture(scope="session")
def built(defect):
    return defect.built


@pytest.fixture(scope="session")
def probabilities(defect):
    return defect.probabilities
