import numpy as np
import pytest

from tierbench.models.defect import train


def test_an_epoch_shows_every_image_at_most_once():
    rng = np.random.Generator(np.random.PCG64(1))
    batches = list(train._batches(rng, 1_000))
    assert [len(batch) for batch in batches] == [train.SETTINGS["batch"]] * 7
    assert len(np.unique(np.concatenate(batches))) == 7 * train.SETTINGS["batch"]


def test_folder_must_be_named(capsys):
    with pytest.raises(SystemExit) as caught:
        train.main([])
    assert caught.value.code == 2
    assert "--out" in capsys.readouterr().err
