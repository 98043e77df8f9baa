import numpy as np
from support.shipped import NAMES

from tierbench.harness import registry
from tierbench.models.drift.streams import stream


def test_streams_share_no_seed_with_a_split_or_one_another():
    seeds = []
    for name in NAMES:
        shifts = registry.find(registry.SHIFTS, name)
        seeds += [split.seed for split in shifts.data.splits.values()]
        seeds += [
            stream(shifts, purpose, 1).seed
            for purpose in ("reference", "clean", "shifted")
        ]
    assert len(set(seeds)) == len(seeds) == 6 * len(NAMES)


def test_samples_of_different_streams_differ():
    shifts = registry.find(registry.SHIFTS, "bearing")
    drawn = [
        next(shifts.inputs(stream(shifts, purpose, 50)))
        for purpose in ("reference", "clean", "shifted")
    ]
    evaluation = next(shifts.inputs(shifts.data.splits["evaluation"], portion=50))
    samples = np.concatenate([*drawn, evaluation])
    assert len({sample.tobytes() for sample in samples}) == 200
