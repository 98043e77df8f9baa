"""What watching for drift costs, as ratios of times that alternate."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest

from tierbench.harness import registry
from tierbench.harness.pairing import compare_paired
from tierbench.models.drift.cost import measure_cost
from tierbench.models.drift.detector import Streaming
from tierbench.models.drift.mmd import bandwidth, gram, permutation_test
from tierbench.models.drift.streams import stream
from tierbench.models.drift.watched import watch

ROUNDS = 25
OBSERVE_MAX = 0.6
"""Of a model that takes some 60 us; for slower ones it is less."""


def test_500_permutations_against_one_gram_matrix() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((2, 1_000, 128)).astype(np.float32)
    pooled = np.concatenate([x, y])
    width = bandwidth(pooled)
    acts: tuple[Callable[[], object], ...] = (
        lambda: gram(pooled, pooled, width),
        lambda: permutation_test(x, y, width=width, rng=rng, permutations=500),
    )
    times = np.empty((2, ROUNDS))
    for act in acts:
        act()
    for number in range(ROUNDS):
        for place in rng.permutation(2):
            start = time.perf_counter_ns()
            acts[place]()
            times[place, number] = time.perf_counter_ns() - start
    found = compare_paired(times[0], times[1])
    print(f"\n500 permutations / one Gram matrix: {found.ratio:.2f} {found.interval}")
    assert found.ratio is not None
    assert found.ratio <= 4.0


@pytest.mark.parametrize("model", ["bearing", "defect", "keyword"])
@pytest.mark.parametrize("format", ["onnx", "tflite"])
def test_the_monitor_costs_a_fraction_of_an_inference(tmp_path, model, format) -> None:
    shifts = registry.find(registry.SHIFTS, model)
    watched = watch(model, "fp32", format, tmp_path)
    _, reference = watched.observe(shifts.inputs(stream(shifts, "reference", 1_200)))
    streaming = Streaming(reference, 100, np.random.default_rng(0))
    state = streaming.state(0.01, {})
    sample = next(shifts.inputs(stream(shifts, "clean", 1)))
    found = measure_cost(watched, state, reference, sample)
    print(f"\n{model} {format}: {found}")
    assert found["observe_ratio"]["value"] <= OBSERVE_MAX
    assert found["observe_ratio"]["value"] < found["exact_ratio"]["value"]
    assert found["output_ratio"]["value"] <= 1.25
    assert found["observe_peak_bytes"] < 32_768
