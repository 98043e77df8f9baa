import numpy as np

from tierbench.models.keyword import train


def test_augmentation_moves_patches_in_time_and_level_alone():
    rng = np.random.default_rng(0)
    inputs = rng.random((5, 49, 40)).astype(np.float32)
    for _ in range(20):
        changed = train.augment(inputs, rng)
        assert changed.dtype == np.float32
        back = changed - changed.mean(axis=(1, 2), keepdims=True)
        flat = inputs - inputs.mean(axis=(1, 2), keepdims=True)
        shifts = [
            shift
            for shift in range(-train._SHIFT, train._SHIFT + 1)
            if np.allclose(back, np.roll(flat, shift, axis=1), atol=1e-5)
        ]
        assert len(shifts) == 1
        assert np.abs(changed - np.roll(inputs, shifts[0], axis=1)).max() < 0.11
