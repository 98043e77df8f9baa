"""Mixed precision against uniform widths: accuracy against size, on the same samples.

The shipped evaluation data by default. ``TIERBENCH_SAMPLES=6000`` draws so many from a
stream of their own instead, for all three models and both formats, and prints the table
in docs/models.md (ten minutes of one core).
"""

import os
from dataclasses import replace

import numpy as np
import pytest
from support.shipped import NAMES

from tierbench.harness.differences import paired_difference
from tierbench.models import prediction
from tierbench.models.splits import Split

SHARES = ("0.05", "0.1", "0.2")
SAMPLES = int(os.environ.get("TIERBENCH_SAMPLES", "0"))
CASES = [(name, format) for name in NAMES for format in ("onnx", "tflite")]


def samples_of(shipped):
    """Return inputs and labels: the shipped ones, or as many new ones as asked for."""
    if not SAMPLES:
        return shipped.evaluation.inputs["input"], shipped.evaluation.labels
    seed = shipped.data.splits["evaluation"].seed & ~0xFF | 9
    splits = {**shipped.data.splits, "more": Split(seed=seed, samples=SAMPLES)}
    return replace(shipped.data, splits=splits).draw("more")


class Compared:
    """Variants of one model, judged on the same samples."""

    def __init__(self, shipped, format):
        self._shipped, self._format = shipped, format
        self._inputs, self._labels = samples_of(shipped)
        self._right = {}

    def path(self, variant):
        return self._shipped.built(variant, self._format).path

    def size(self, variant):
        return self.path(variant).stat().st_size

    def right(self, variant):
        if variant not in self._right:
            found = prediction.probabilities(self.path(variant), self._inputs)
            self._right[variant] = found.argmax(axis=1) == self._labels
        return self._right[variant]

    def gain(self, variant, other):
        return paired_difference(
            self.right(variant).astype(float), self.right(other).astype(float)
        )


def test_a_mixed_variant_that_no_uniform_width_dominates(shipped):
    found = Compared(shipped("defect"), "onnx")
    gain = found.gain("mixed(0.1)", "int4-uniform")
    assert gain.interval.low > 0.04
    assert found.size("mixed(0.1)") < 1.05 * found.size("int4-uniform")
    assert found.size("mixed(0.1)") < 0.75 * found.size("int8")
    assert found.gain("mixed(0.1)", "int8").interval.high > -0.02


@pytest.mark.skipif(not SAMPLES, reason="set TIERBENCH_SAMPLES=6000")
@pytest.mark.parametrize(("name", "format"), CASES)
def test_table(shipped, name, format, capsys):
    found = Compared(shipped(name), format)
    least = "int4-uniform" if format == "onnx" else "int4"
    mixed = [f"mixed({share})" for share in SHARES]
    with capsys.disabled():
        for variant in dict.fromkeys([least, "int4", *mixed, "int8"]):
            ends = [
                f"{100 * gain.value:+.1f} ({100 * gain.interval.low:+.1f} to "
                f"{100 * gain.interval.high:+.1f})"
                for gain in (found.gain(variant, least), found.gain(variant, "int8"))
            ]
            share = 100 * np.mean(found.right(variant))
            cells = (f"{name}, {format}", variant, f"{found.size(variant):,}")
            print("| " + " | ".join((*cells, f"{share:.1f}", *ends)) + " |")
