"""A network is trained once, and its file is what its record says."""

import json
from dataclasses import replace

import pytest
from support.models import write_linear

from tierbench.models.bearing.space import BearingShape
from tierbench.models.search import proxy
from tierbench.models.search.proxy import Budget, Trainer
from tierbench.models.search.subject import find_subject

SMALL = BearingShape(stem=8, second=8, third=16, fourth=32, fifth=48)


@pytest.fixture
def trained(monkeypatch):
    """Let training write a file, and return the shapes that were trained."""
    import numpy as np

    shapes = []

    def train(self, shape, path):
        path.parent.mkdir(exist_ok=True)
        write_linear(path, np.full((2, 2), len(shapes)))
        shapes.append(shape)
        return 7

    monkeypatch.setattr(Trainer, "_train", train)
    monkeypatch.setattr(proxy, "_TOOLS", {"onnx": ("numpy",)})
    return shapes


def trainer(folder, **changes):
    told = {"subject": find_subject("bearing"), "seed": 1, "format": "onnx"}
    return Trainer(folder=folder, **{**told, **changes})


def test_it_is_trained_once(tmp_path, trained):
    first = trainer(tmp_path)(SMALL)
    assert trainer(tmp_path)(SMALL) == first
    assert trained == [SMALL]
    assert (first.correct, first.n) == (7, Budget().validation)
    assert first.parameters == 4


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 2},
        {"budget": Budget(epochs=5)},
        {"subject": replace(find_subject("bearing"), code_sha256="0" * 64)},
    ],
)
def test_another_training_is_another_network(tmp_path, trained, changes):
    one, other = trainer(tmp_path)(SMALL), trainer(tmp_path, **changes)(SMALL)
    assert one.path != other.path
    assert len(trained) == 2


@pytest.mark.parametrize("damage", ["cut", "record", "alien", "gone"])
def test_a_damaged_file_is_made_again(tmp_path, trained, damage):
    found = trainer(tmp_path)(SMALL)
    record = found.path.with_suffix(".json")
    if damage == "cut":
        found.path.write_bytes(found.path.read_bytes()[:-1])
    elif damage == "record":
        record.write_text("{")
    elif damage == "alien":
        record.write_text("[]")
    else:
        record.unlink()
    trainer(tmp_path)(SMALL)
    assert len(trained) == 2


def test_the_record_says_how_it_was_made(tmp_path, trained):
    path = trainer(tmp_path)(SMALL).path
    lineage = json.loads(path.with_suffix(".json").read_text())["lineage"]
    assert lineage["shape"]["stem"] == 8
    assert lineage["training"]["seed"] == 1
    assert lineage["training"]["epochs"] == Budget().epochs
    assert lineage["tools"].keys() == {"numpy"}


def test_what_judges_shares_no_stream_with_what_is_learnt_or_evaluated(reference):
    streams = find_subject(reference.name).data.splits
    validation = streams["training"].beside(proxy._VALIDATION, 9)
    assert validation.seed not in {split.seed for split in streams.values()}
    assert validation.seed >> 8 == streams["training"].seed >> 8


@pytest.mark.usefixtures("_training")
def test_equal_trainings_give_equal_files(tmp_path):
    budget = Budget(samples=128, epochs=1, validation=64)
    one, other, third = (
        trainer(tmp_path / name, budget=budget, seed=seed)(SMALL)
        for name, seed in (("1", 1), ("2", 1), ("3", 2))
    )
    assert one.path.read_bytes() == other.path.read_bytes()
    assert one.sha256 == other.sha256 != third.sha256
    assert one.correct == other.correct
