import json
import shutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from tierbench.models import training


def test_an_epoch_shows_every_sample_at_most_once():
    rng = np.random.Generator(np.random.PCG64(1))
    batches = list(training._batches(rng, 1_000, 128))
    assert [len(batch) for batch in batches] == [128] * 7
    assert len(np.unique(np.concatenate(batches))) == 7 * 128


def test_record_is_the_one_that_ships(reference, tmp_path, monkeypatch):
    """All but what few samples cannot tell: their number, hash and accuracy."""
    shipped = (reference.folder / "lineage.json").read_text(encoding="utf-8")
    for format in reference.model.formats:
        shutil.copy(reference.file(format), tmp_path)
    monkeypatch.setattr(training, "version", reference.lineage["tools"].get)
    splits = reference.data.splits.items()
    few = {name: replace(split, samples=20) for name, split in splits}
    learner = replace(reference.learner, data=replace(reference.data, splits=few))
    training.record(tmp_path, learner, reference.lineage["parameters"])
    made = json.loads((tmp_path / "lineage.json").read_text(encoding="utf-8"))
    for group, unlike in (("data", ("samples", "sha256")), ("files", ("top1",))):
        for name, record in made[group].items():
            for key in unlike:
                assert key in record
                record[key] = reference.lineage[group][name][key]
    assert json.dumps(made, indent=2) + "\n" == shipped


def test_folder_must_be_named(capsys):
    with pytest.raises(SystemExit) as caught:
        training.command(SimpleNamespace(name="defect"), [])
    assert caught.value.code == 2
    assert "--out" in capsys.readouterr().err


def test_folder_is_made_before_training(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(training, "train", lambda _, folder: seen.append(folder))
    learner = SimpleNamespace(name="defect")
    training.command(learner, ["--out", str(tmp_path / "a" / "b")])
    assert seen == [tmp_path / "a" / "b"]
    assert seen[0].is_dir()
