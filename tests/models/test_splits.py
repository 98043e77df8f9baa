import numpy as np

from tierbench.models.splits import Split


def numbers(seed, index):
    return Split(seed=seed, samples=8).rng(index).integers(1 << 62, size=4)


def test_each_sample_has_random_numbers_of_its_own():
    drawn = [numbers(seed, index) for seed in (1, 2) for index in range(8)]
    assert len(np.unique(np.concatenate(drawn))) == 64


def test_the_same_sample_is_drawn_from_the_same_numbers():
    np.testing.assert_array_equal(numbers(3, 5), numbers(3, 5))
