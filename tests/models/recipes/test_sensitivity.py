"""What each layer costs in 4 bits, and which layers are then worth 8."""

import numpy as np
import pytest

from tierbench.harness.errors import ModelError
from tierbench.models.recipes.layers import Layer
from tierbench.models.recipes.sensitivity import Curve, measure


def layer(name: str, weights: int) -> Layer:
    return Layer(name=name, operator="Conv", weights=weights, is_sum=True)


CURVE = Curve(
    samples=9,
    at_8_bits=1.0,
    layers=(
        (layer("large", 70), 8.0),  # 0.1 a weight
        (layer("small", 10), 3.0),  # 0.2
        (layer("middle", 20), 2.0),  # 0.05
        (layer("robust", 5), 0.9),  # better in 4 bits
    ),
)


@pytest.mark.parametrize(
    ("share", "kept"),
    [
        (0.05, ()),
        (0.1, ("small",)),
        (0.3, ("small", "middle")),  # the large one has no room
        (0.77, ("small", "large")),
        (0.99, ("small", "large", "middle")),
    ],
)
def test_what_costs_most_a_weight_keeps_8_bits(share, kept):
    assert CURVE.kept(share) == kept
    widths = CURVE.widths(share)
    assert {entry.name for entry, _ in CURVE.layers if not widths.is_narrow(entry)} == {
        *kept
    }
    assert widths.bits == (8 if "large" in kept else 4)
    assert widths.told["layers of 8 bits"] == list(kept)


def test_it_is_told_worst_first():
    plain = CURVE.plain()
    assert [row["name"] for row in plain["layers"]] == [
        *("small", "large", "middle", "robust")
    ]
    assert (plain["samples"], plain["error with 8 bits"]) == (9, 1.0)


def test_it_is_read_as_it_was_written(tmp_path):
    CURVE.write(tmp_path / "curve.json")
    assert Curve.read(tmp_path / "curve.json") == CURVE


def test_errors_are_relative_to_the_outputs_and_one_layer_is_narrow_at_a_time():
    truth = [np.full((4, 2), 2.0, np.float32), np.arange(4)]
    asked = []

    def outputs(widths):
        if widths is None:
            return truth
        narrow = [entry.name for entry in layers if widths.is_narrow(entry)]
        asked.append(narrow)
        return [truth[0] + 0.5 * len(narrow), truth[1] + 100]

    layers = [layer("a", 1), layer("b", 1)]
    found = measure(layers, outputs)
    assert asked == [[], ["a"], ["b"]]
    assert (found.samples, found.at_8_bits) == (4, 0.0)
    assert [error for _, error in found.layers] == [0.25**2, 0.25**2]


@pytest.mark.parametrize(
    ("layers", "outputs", "told"),
    [
        ([], [np.ones((4, 2))], "no weight that 4 bits are enough for"),
        ([layer("a", 1)], [np.arange(4)], "nothing but zeros or whole numbers"),
        ([layer("a", 1)], [np.zeros((4, 2))], "nothing but zeros or whole numbers"),
    ],
)
def test_without_an_error_to_measure_it_says_so(layers, outputs, told):
    with pytest.raises(ModelError, match=told):
        measure(layers, lambda _: outputs)
