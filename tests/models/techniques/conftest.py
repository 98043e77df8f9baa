import pytest
from support.toy_learner import LEARNER, Stripes, need_torch

from tierbench.models.trained import Trainer


@pytest.fixture(scope="session", autouse=True)
def torch():
    need_torch()


@pytest.fixture(scope="session")
def source(tmp_path_factory):
    """Return the .onnx file of a trained network, fp32."""
    from tierbench.models.training import fit

    path = tmp_path_factory.mktemp("stripes") / "stripes.onnx"
    LEARNER.export(LEARNER.fold(fit(LEARNER, LEARNER.settings)), "onnx", path)
    return path


@pytest.fixture
def trainer(source):
    hashes = {split: Stripes().sha256(split) for split in ("training", "calibration")}
    return Trainer(LEARNER, source, {"step": "training"}, hashes)


@pytest.fixture
def net(source):
    """Return the folded network with its trained weights."""
    from tierbench.models import weights

    return weights.load(LEARNER.folded(), weights.of_onnx(source))
