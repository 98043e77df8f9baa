"""Channels whose weights are all zero, and what they make dead behind them."""

from pathlib import Path

import numpy as np
import pytest
from support.small_tflite import write_convolutions

from tierbench.harness.formats import inspect_model
from tierbench.harness.formats.dead_channels import with_live
from tierbench.harness.formats.graph import Step, Tensor
from tierbench.harness.plain import from_plain, to_plain
from tierbench.harness.values import ModelProfile

POSITIONS = 4 * 4


def tensor(name: str, *shape: int) -> Tensor:
    return Tensor(name=name, dtype="int8", shape=shape)


TENSORS = {
    one.name: one
    for one in (
        tensor("x", 1, 4, 4, 2),
        tensor("a", 1, 4, 4, 4),
        tensor("b", 1, 4, 4, 4),
        tensor("c", 1, 4, 4, 8),
        tensor("wa", 4, 1, 1, 2),
        tensor("wb", 1, 3, 3, 4),
        tensor("wc", 8, 1, 1, 4),
    )
}


def conv(reads: str, weights: str, makes: str, macs: int) -> Step:
    return Step(
        operator="CONV_2D", inputs=(reads, weights), outputs=(makes,), macs=macs
    )


def depthwise(reads: str, weights: str, makes: str, macs: int) -> Step:
    return Step(
        operator="DEPTHWISE_CONV_2D",
        inputs=(reads, weights),
        outputs=(makes,),
        macs=macs,
    )


STEPS = [
    conv("x", "wa", "a", POSITIONS * 2 * 4),
    depthwise("a", "wb", "b", POSITIONS * 9 * 4),
    conv("b", "wc", "c", POSITIONS * 4 * 8),
]


def channels(*dead: int) -> np.ndarray:
    return np.array(dead, bool)


def live(zero_rows: dict[str, np.ndarray]) -> list[tuple[int | None, int | None]]:
    found = with_live(STEPS, TENSORS, zero_rows)
    return [(step.live_macs, step.live_elements) for step in found]


def test_nothing_is_dead_where_all_weights_count() -> None:
    rows = {"wa": channels(0, 0, 0, 0), "wb": channels(0, 0, 0, 0)}
    assert live(rows) == [
        (step.macs, elements)
        for step, elements in zip(STEPS, (64, 64, 128), strict=True)
    ]


def test_a_dead_channel_goes_through_a_depthwise_one_to_whom_it_feeds() -> None:
    rows = {
        "wa": channels(1, 0, 0, 0),
        "wb": channels(0, 0, 0, 0),
        "wc": channels(0, 0, 0, 0, 0, 0, 0, 0),
    }
    assert live(rows) == [
        (POSITIONS * 2 * 3, POSITIONS * 3),
        (POSITIONS * 9 * 3, POSITIONS * 3),
        (POSITIONS * 3 * 8, POSITIONS * 8),
    ]


def test_dead_inputs_and_dead_outputs_of_one_operator_multiply() -> None:
    rows = {
        "wb": channels(1, 1, 0, 0),
        "wc": channels(1, 1, 1, 1, 1, 1, 0, 0),
    }
    assert live(rows)[2] == (POSITIONS * 2 * 2, POSITIONS * 2)


def test_a_sum_is_dead_only_where_both_sides_are() -> None:
    tensors = {**TENSORS, "sum": tensor("sum", 1, 4, 4, 4)}
    tensors["d"] = tensor("d", 1, 4, 4, 4)
    tensors["e"] = tensor("e", 1, 4, 4, 8)
    steps = [
        conv("x", "wa", "a", 128),
        conv("x", "wd", "d", 128),
        Step(operator="ADD", inputs=("a", "d"), outputs=("sum",)),
        conv("sum", "wc", "e", POSITIONS * 32),
    ]
    tensors["wd"] = tensor("wd", 4, 1, 1, 2)
    rows = {"wa": channels(1, 1, 0, 0), "wd": channels(1, 0, 1, 0)}
    rows["wc"] = channels(*[0] * 8)
    assert with_live(steps, tensors, rows)[3].live_macs == POSITIONS * 3 * 8


def test_a_grouped_convolution_does_not_take_its_inputs_for_all_of_them() -> None:
    tensors = {**TENSORS, "wg": tensor("wg", 8, 1, 1, 2)}
    steps = [
        conv("x", "wa", "a", 128),
        conv("a", "wg", "c", POSITIONS * 2 * 8),
    ]
    rows = {"wa": channels(1, 0, 0, 0), "wg": channels(*[0] * 8)}
    assert with_live(steps, tensors, rows)[1].live_macs == POSITIONS * 2 * 8


def test_zeros_are_found_in_a_file(tmp_path: Path) -> None:
    first = np.ones((4, 1, 1, 4), np.float32)
    first[1:3] = 0
    second = np.ones((4, 1, 1, 4), np.float32)
    path = write_convolutions(tmp_path / "m.tflite", first, second)
    found = inspect_model(path)
    assert found.macs is not None
    assert found.live_macs is not None
    assert found.live_macs["conv1x1"] == found.macs["conv1x1"] // 2
    assert found.output_elements is not None
    assert found.live_output_elements is not None
    whole, live_part = found.output_elements, found.live_output_elements
    assert live_part["conv1x1"] * 4 == whole["conv1x1"] * 3


def test_a_profile_kept_before_dead_channels_were_counted_still_opens(
    tmp_path: Path,
) -> None:
    weights = np.ones((4, 1, 1, 4), np.float32)
    path = write_convolutions(tmp_path / "m.tflite", weights)
    old = to_plain(inspect_model(path))
    for key in ("live_macs", "live_output_elements", "output_elements"):
        del old[key]
    assert from_plain(ModelProfile, old).live_macs is None


@pytest.mark.parametrize("weights", [np.ones((4, 1, 1, 4), np.float32)])
def test_a_file_without_zeros_is_live_as_a_whole(
    tmp_path: Path, weights: np.ndarray
) -> None:
    found = inspect_model(write_convolutions(tmp_path / "m.tflite", weights))
    assert found.live_macs == found.macs
