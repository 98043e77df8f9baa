from importlib.util import find_spec

import pytest
from support.components import missing


@pytest.fixture
def _optuna():
    """Ask for what proposes networks."""
    if find_spec("optuna") is None:
        missing("train", "optuna is not installed")


@pytest.fixture
def _training(_optuna):
    """Ask for all that a real search needs."""
    for name in ("torch", "onnxruntime"):
        if find_spec(name) is None:
            missing("train", f"{name} is not installed")
