import json

import pytest
from support.toy_learner import LEARNER, Stripes, need_torch

from tierbench.harness.chain import parse_chain
from tierbench.harness.errors import ChainError, DataError, InfrastructureError
from tierbench.harness.hashing import file_sha256
from tierbench.models import trained
from tierbench.models.trained import Trainer

HASHES = {split: Stripes().sha256(split) for split in ("training", "calibration")}


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    need_torch()
    from tierbench.models.training import fit

    path = tmp_path_factory.mktemp("stripes") / "stripes.onnx"
    LEARNER.export(LEARNER.fold(fit(LEARNER, LEARNER.settings)), "onnx", path)
    return path


def trainer(source, hashes=HASHES):
    return Trainer(LEARNER, source, {"step": "training"}, hashes)


CHAIN = parse_chain("finetune(epochs=1) > finetune(seed=5, epochs=1)")


def test_every_step_is_recorded_and_leads_to_the_one_before(source, tmp_path):
    built = trainer(source).export(CHAIN, "onnx", tmp_path)
    origin, first, second, export = built.lineage
    assert origin == {"step": "training"}
    assert first["parent_sha256"] == file_sha256(source)
    assert (first["technique"], second["technique"]) == tuple(map(str, CHAIN))
    assert (first["settings"]["seed"], second["settings"]["seed"]) == (3, 5)
    assert second["settings"]["epochs"] == 1
    kept = {file_sha256(path): path.name for path in tmp_path.glob("*.npz")}
    assert kept[second["parent_sha256"]].startswith("stripes-finetune-epochs=1-")
    assert export["parent_sha256"] in kept
    assert second["data_sha256"] == {"training": HASHES["training"]}
    json.dumps(built.lineage)


def test_what_was_made_once_is_not_made_again(source, tmp_path, monkeypatch):
    first = trainer(source).export(CHAIN, "onnx", tmp_path)
    monkeypatch.setattr(trained, "run", lambda *_, **__: pytest.fail("made again"))
    assert trainer(source).export(CHAIN, "onnx", tmp_path) == first


def test_two_caches_hold_equal_bytes(source, tmp_path):
    files = [
        trainer(source).export(CHAIN, format, tmp_path / name).path
        for format in ("onnx", "tflite")
        for name in ("a", "b")
    ]
    onnx, same_onnx, tflite, same_tflite = (path.read_bytes() for path in files)
    assert onnx == same_onnx
    assert tflite == same_tflite


def test_both_formats_hold_the_same_network(source, tmp_path):
    import numpy as np

    from tierbench.models.prediction import probabilities

    inputs = Stripes().as_input(Stripes().samples("evaluation"))
    onnx, tflite = (
        probabilities(trainer(source).export(CHAIN, format, tmp_path).path, inputs)
        for format in ("onnx", "tflite")
    )
    np.testing.assert_allclose(onnx, tflite, atol=1e-4)


def test_other_data_than_recorded_are_refused(source, tmp_path):
    with pytest.raises(Exception, match="training samples of model 'stripes'") as told:
        trainer(source, {**HASHES, "training": "ab" * 32}).export(
            CHAIN, "onnx", tmp_path
        )
    assert not isinstance(told.value, DataError)  # it was said in another process
    assert list(tmp_path.glob("*.npz")) == []


@pytest.mark.parametrize(
    ("chain", "told"),
    [
        ("finetune(seed=x)", r"option 'seed=x'; valid: seed from 0"),
        ("finetune(epochs=0)", "epochs from 1 to 1000"),
        ("finetune(speed=2)", "option 'speed=2'"),
        ("int8", "'int8' is no technique; known: .*finetune"),
        ("prune", r"write 'prune\(...\)': remove a share"),
        ("prune(1)", r"'prune\(1\)': '1' must be a number above 0 and below 1"),
        ("heads(half)", "'half' must be a number above 0 and below 1"),
        ("heads(0.5)", r"'stripes' has no attention, so no heads; use prune"),
        ("distil(-0.5)", "'-0.5' must be a number above 0 and below 1"),
        ("student(0.5, epochs=0)", "epochs from 1 to 1000"),
    ],
)
def test_a_step_is_checked_before_any_training(tmp_path, chain, told):
    with pytest.raises(ChainError, match=told):
        trainer(tmp_path / "none.onnx").check(parse_chain(chain))


def test_without_its_tools_it_says_how_to_get_them(tmp_path, monkeypatch):
    def absent(_):
        raise trained.PackageNotFoundError("torch")

    monkeypatch.setattr(trained, "version", absent)
    with pytest.raises(
        InfrastructureError, match=r"pip install 'tierbench\[host,train"
    ):
        trainer(tmp_path / "none.onnx").export(CHAIN, "onnx", tmp_path)
