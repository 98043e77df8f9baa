import numpy as np
import pytest

from tierbench.models import training


def test_an_epoch_shows_every_sample_at_most_once():
    rng = np.random.Generator(np.random.PCG64(1))
    batches = list(training._batches(rng, 1_000, 128))
    assert [len(batch) for batch in batches] == [128] * 7
    assert len(np.unique(np.concatenate(batches))) == 7 * 128


def test_folder_must_be_named(capsys):
    with pytest.raises(SystemExit) as caught:
        training.command("defect", print, [])
    assert caught.value.code == 2
    assert "--out" in capsys.readouterr().err


def test_folder_is_made_before_training(tmp_path):
    seen = []
    training.command("defect", seen.append, ["--out", str(tmp_path / "a" / "b")])
    assert seen == [tmp_path / "a" / "b"]
    assert seen[0].is_dir()
