"""The device half in its worker, over a chip that computes a known function."""

import re
import time
from pathlib import Path

import numpy as np
import pytest
from support.hefs import ARGMAX, CORE, NMS, ONE_INPUT, SOFTMAX, Chip, write_hef

from tierbench.harness.errors import CaseError
from tierbench.harness.evidence import Evidence
from tierbench.harness.formats import inspect_model
from tierbench.harness.hashing import file_sha256
from tierbench.harness.values import BlockKind, Case, Scenario, Variant, Workload
from tierbench.harness.worker import Limits, Stretch
from tierbench.targets.hailo import Hailo

LIMITS = Limits(open_s=30.0, build_s=30.0, call_s=30.0)
WINDOW = Stretch(
    kind=BlockKind.WINDOW, calls_min=1, calls_max=200, duration_ns=300_000_000
)
TWO_INPUTS = (
    {"name": "b", "shape": [3], "type": "UINT8", "scales": [[0, 1.0]]},
    {"name": "a", "shape": [2], "type": "UINT16", "scales": [[100, 0.25]]},
)
CHANNELS = (
    {"name": "y", "shape": [2], "type": "UINT8", "scales": [[0, 1.0], [5, 0.5]]},
)


def case_of(path: Path, target: Hailo, batch: int = 1) -> Case:
    profile = inspect_model(path)
    variant = Variant(
        model="net",
        name="as is",
        format=profile.format,
        size_bytes=path.stat().st_size,
        sha256=file_sha256(path),
        profile=profile,
        weight_bits=None,
        activation_bits=None,
        path=path,
    )
    workload = Workload(
        scenario=Scenario.SINGLE_STREAM, batch=batch, profile="smoke", seed=0
    )
    return Case(
        variant=variant, target="hailo", options=target.settings, workload=workload
    )


@pytest.fixture
def opened(chip: Chip, tmp_path: Path):
    """Return a way to open a worker of a network, which is closed at the end."""
    workers = []

    def start(batch: int = 1, options=None, **network):
        target = Hailo({"device_latency_s": 0, **(options or {})}, chip.python)
        path = write_hef(
            tmp_path / "net.hef", architecture=chip.told["architecture"], **network
        )
        case = case_of(path, target, batch)
        artifact = target.ready(case, LIMITS)
        workers.append(target.launch(case, artifact, LIMITS))
        return workers[-1], target, case

    yield start
    for worker in workers:
        worker.close()


def computed(x: np.ndarray, n: int) -> np.ndarray:
    """Return what the chip computes of real inputs [batch, ...]."""
    flat = x.reshape(len(x), -1).astype(np.float64)
    return np.stack([flat[:, k::n].sum(axis=1) for k in range(n)], axis=1)


def stored(batch: int) -> np.ndarray:
    random = np.random.default_rng(batch)
    return random.integers(0, 60, (batch, 2, 2, 3), dtype=np.uint8)


@pytest.mark.parametrize("batch", [1, 3])
def test_native_integers_go_in_and_real_numbers_come_out(opened, batch: int) -> None:
    worker, _, _ = opened(batch)
    (spec,) = worker.open().inputs
    assert (spec.name, spec.dtype, spec.shape) == ("net/in", "uint8", (batch, 2, 2, 3))
    assert (spec.scale, spec.zero_point) == (0.5, 10)
    x = stored(batch)
    worker.bind({"net/in": x})
    (y,) = worker.evaluate({"net/in": x})
    real = computed((x.astype(float) - 10) * 0.5, 4)
    expected = (np.clip(np.round(real / 2.0 + 3), 0, 255) - 3) * 2.0
    assert y.dtype == np.float32
    np.testing.assert_allclose(y, expected)
    assert len(np.unique(y)) > 1


def test_float32_is_converted_by_hailort(opened) -> None:
    worker, _, _ = opened(2, {"format": "float32"})
    (spec,) = worker.open().inputs
    assert (spec.dtype, spec.scale) == ("float32", None)
    x = (stored(2).astype(np.float32) - 10) * 0.5
    ran = worker.bind({"net/in": x}).ran
    (y,) = worker.evaluate({"net/in": x})
    expected = (np.clip(np.round(computed(x, 4) / 2.0 + 3), 0, 255) - 3) * 2.0
    np.testing.assert_allclose(y, expected)
    assert ran["formats"]["net/in"] == "float32 NHWC"
    assert ran["conversion"] == "by HailoRT, timed"


def test_inputs_are_told_by_name_and_outputs_scaled_by_channel(opened) -> None:
    worker, _, _ = opened(inputs=TWO_INPUTS, outputs=CHANNELS)
    b, a = worker.open().inputs
    assert (b.name, a.name, a.dtype, a.zero_point) == ("b", "a", "uint16", 100)
    given = {
        "a": np.array([[108, 120]], np.uint16),
        "b": np.array([[1, 2, 3]], np.uint8),
    }
    worker.bind(given)
    (y,) = worker.evaluate(given)
    # b, a in the network's order: 1 2 3 2 5, every second of them
    np.testing.assert_allclose(y, [[1 + 3 + 5, 2 + 2]])


@pytest.mark.parametrize(
    ("order", "format", "dtype"),
    [
        ("HAILO_NMS_BY_CLASS", "native", "float32"),
        ("HAILO_NMS_BY_SCORE", "float32", "uint8"),
        ("HAILO_NMS_WITH_BYTE_MASK", "native", "uint8"),
    ],
)
def test_detections_come_as_hailort_lays_them_out(
    opened, order: str, format: str, dtype: str
) -> None:
    found = {"name": "nms", "shape": [20], "type": "FLOAT32", "scales": [[0, 1.0]]}
    worker, _, _ = opened(
        1, {"format": format}, outputs=({**found, "nms": order},), operators=(CORE, NMS)
    )
    (spec,) = worker.open().inputs
    x = stored(1).astype(spec.dtype)
    worker.bind({"net/in": x})
    (y,) = worker.evaluate({"net/in": x})
    assert (y.dtype, y.shape) == (np.dtype(dtype), (1, 20))
    np.testing.assert_array_equal(y[0], np.arange(20))


def test_a_zero_point_between_numbers_is_not_rounded(opened) -> None:
    between = ({**ONE_INPUT[0], "scales": [[10.4, 0.5]]},)
    worker, _, _ = opened(inputs=between)
    (spec,) = worker.open().inputs
    assert (spec.scale, spec.zero_point) == (None, None)


def test_calls_overlap_as_far_as_the_queue_goes(opened) -> None:
    worker, _, _ = opened(2, {"depth": 100})
    worker.open()
    ran = worker.bind({"net/in": stored(2)}).ran
    assert (ran["queue_frames"], ran["depth"]) == (8, 4)
    block = worker.block(WINDOW)
    # frames of a millisecond each, two a call, one after the other
    assert block.elapsed_ns / len(block.latency_ns) > 1.9e6
    assert len(block.latency_ns) > 5
    (y,) = worker.evaluate({"net/in": stored(2)})
    assert y.shape == (2, 4)


def test_what_fails_on_the_device_fails_the_call(opened, chip: Chip) -> None:
    chip.set(fail="async")
    worker, _, _ = opened()
    worker.open()
    with pytest.raises(CaseError, match="does not run the network: HAILO_STREAM_ABORT"):
        worker.bind({"net/in": stored(1)})


def test_a_batch_beyond_the_queue_is_refused(opened) -> None:
    worker, _, _ = opened(9)
    with pytest.raises(CaseError, match=r"batch of 9 frames .* queue of 8; lower"):
        worker.open()


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({}, "input 'net/in' was not given"),
        ({"net/in": np.zeros((1, 2, 3), np.uint8)}, r"takes uint8 \[1, 2, 2, 3\], not"),
    ],
)
def test_wrong_inputs_are_refused(opened, given, problem: str) -> None:
    worker, _, _ = opened()
    worker.open()
    with pytest.raises(CaseError, match=problem):
        worker.bind(given)


def test_a_network_for_another_chip_is_refused(opened, chip: Chip) -> None:
    worker, _, _ = opened()
    chip.set(architecture="hailo10h")
    with pytest.raises(CaseError, match="refuses the model: HAILO_HEF_NOT_COMPATIBLE"):
        worker.open()


def test_a_device_that_is_held_is_not_opened(opened) -> None:
    first, _, _ = opened()
    first.open()
    second, _, _ = opened()
    with pytest.raises(CaseError, match="opens no device: HAILO_OUT_OF_PHYSICAL"):
        second.open()
    first.close()
    third, _, _ = opened()
    assert third.open().inputs


def test_all_on_the_chip_is_a_share_of_one(opened) -> None:
    worker, _, _ = opened()
    worker.open()
    ran = worker.bind({"net/in": stored(1)}).ran
    assert (ran["accelerated_share"], ran["host_operators"]) == (1.0, {})
    assert ran["graphs_on_chip"] == 1
    assert ran["compiler"] == "3.33.0"
    assert ran["conversion"] == "none"
    assert ran["precision"] is None
    assert "does not tell of how many bits" in ran["precision_reason"]


def test_all_that_ran_is_documented(opened) -> None:
    worker, _, _ = opened()
    worker.open()
    text = (Path(__file__).parents[3] / "docs" / "hailo.md").read_text()
    table = text.partition("## What `ran` tells")[2].partition("\n## ")[0]
    named = {
        name
        for line in table.splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`(\w+)`", line.split("|")[1])
    }
    assert named | {"call"} == set(worker.bind({"net/in": stored(1)}).ran)


def test_operators_on_the_host_are_told(opened) -> None:
    worker, _, _ = opened(operators=(CORE, NMS, SOFTMAX, ARGMAX))
    worker.open()
    ran = worker.bind({"net/in": stored(1)}).ran
    assert ran["accelerated_share"] is None
    assert (
        "runs 1 argmax, 1 nms, 1 softmax on the CPU"
        in (ran["accelerated_share_reason"])
    )
    assert ran["host_operators"] == {"nms": 1, "softmax": 1, "argmax": 1}


def test_hailortcli_times_the_chip_before_the_device_is_held(opened) -> None:
    worker, target, case = opened(options={"device_latency_s": 3})
    worker.open()
    ran = worker.bind({"net/in": stored(1)}).ran
    assert ran["hailortcli"]["hw_latency_ms"] == 1.25
    (figure,) = target.figures(case, case.variant.path, ran)
    assert (figure.quantity, figure.unit) == ("device_latency", "ns")
    assert figure.value == 1.25e6
    assert figure.evidence is Evidence.MEASURED
    assert figure.basis["by"] == f"hailortcli {ran['provider'].split()[-1]}"
    assert figure.basis["overall_latency_ms"] == 1.75


@pytest.mark.parametrize(
    ("options", "batch", "fail", "reason"),
    [
        ({"device_latency_s": 0}, 1, None, "device_latency_s is 0"),
        ({"device_latency_s": 1}, 2, None, "nothing of a batch of 2"),
        ({"device_latency_s": 1}, 1, "no latency", "tells no time on the chip"),
        ({"device_latency_s": 1}, 1, "hailortcli", "ended with status 1: .*CHECK"),
    ],
)
def test_without_that_time_there_is_a_reason(
    opened, chip: Chip, options, batch, fail, reason
) -> None:
    chip.set(fail=fail)
    worker, target, case = opened(batch, options)
    worker.open()
    chip.set(fail=None)
    ran = worker.bind({"net/in": stored(batch)}).ran
    (figure,) = target.figures(case, case.variant.path, ran)
    assert figure.value is None
    assert re.search(reason, figure.reason)


def test_without_the_program_there_is_a_reason(opened, chip: Chip) -> None:
    (chip.programs / "hailortcli").unlink()
    worker, target, case = opened(options={"device_latency_s": 1})
    worker.open()
    ran = worker.bind({"net/in": stored(1)}).ran
    (figure,) = target.figures(case, case.variant.path, ran)
    assert "hailortcli is not on the device's PATH" in figure.reason


def test_a_call_takes_the_time_of_its_frames(opened) -> None:
    worker, _, _ = opened(4)
    worker.open()
    worker.bind({"net/in": stored(4)})
    began = time.monotonic()
    worker.evaluate({"net/in": stored(4)})
    assert time.monotonic() - began > 0.004
