"""What a board's firmware takes and tells of a model: bytes in, numbers out.

MLPerf Tiny's reference firmware takes each model's inputs in another form, and tells of
anomaly detection one number, the mean squared error of the reconstruction. Source:
mlcommons/tiny, ``benchmark/reference_submissions/*/submitter_implemented.cpp``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from ...harness.data import dequantise
from ...harness.errors import CaseError, WorkerError
from ...harness.values import ModelProfile, TensorSpec

if TYPE_CHECKING:
    from numpy.typing import NDArray

AUTO = "auto"
STORED = "stored"
UNSIGNED = "uint8"
REAL = "float32"
FORMS = (AUTO, STORED, UNSIGNED, REAL)
"""How inputs are sent: as the model's own tensor holds them, as int8 plus 128, or as
the real numbers that they stand for, in 4 bytes each, least significant first."""

DECIMALS_SLACK = 0.002
"""The firmware prints three decimals, rounded or cut off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """One of MLPerf Tiny's models as its firmware knows it."""

    inputs: int
    outputs: int
    form: str
    results: int


BENCHMARKS = {
    "ad01": Benchmark(inputs=640, outputs=640, form=REAL, results=1),
    "ic01": Benchmark(inputs=3072, outputs=10, form=UNSIGNED, results=10),
    "kws01": Benchmark(inputs=490, outputs=12, form=STORED, results=12),
    "vww01": Benchmark(inputs=27_648, outputs=2, form=UNSIGNED, results=2),
}
"""By what the firmware says behind ``m-model-``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Firmware:
    """How one firmware takes the one input and tells the one output of a model."""

    input: TensorSpec
    output: TensorSpec
    form: str
    results: int

    def encoded(self, array: NDArray[Any]) -> bytes:
        """Return one sample, [1, ...] of the input's type, as the firmware takes it.

        Raises:
            CaseError: it cannot be put into that form.
        """
        if self.form == UNSIGNED:
            array = (array.astype(np.int16) + 128).astype(np.uint8)
        elif self.form == REAL and self.input.scale is not None:
            array = dequantise(array, self.input)
        kind = array.dtype.newbyteorder("<")
        return np.ascontiguousarray(array, kind).tobytes()

    def decoded(self, results: Sequence[float]) -> NDArray[np.float32]:
        """Return what the firmware told as [1, ...], real values.

        Raises:
            WorkerError: they are too few or too many, or no values of this output.
        """
        if len(results) != self.results:
            raise WorkerError(
                f"the firmware told {len(results)} results; this model has "
                f"{self.results}: is it the firmware of another model?"
            )
        told = np.array(results, np.float32)
        if self.results != prod(self.output.shape[1:]):
            return told[np.newaxis]
        self._check_range(told)
        return told.reshape(1, *self.output.shape[1:])

    def _check_range(self, told: NDArray[np.float32]) -> None:
        """Refuse numbers that the quantised output cannot hold."""
        if self.output.scale is None or not self.output.dtype.startswith(("int", "u")):
            return
        bounds = np.iinfo(self.output.dtype)
        ends = np.array([bounds.min, bounds.max], np.int64)
        zero_point = self.output.zero_point or 0
        low, high = self.output.scale * (ends - zero_point)
        beyond = (told < low - DECIMALS_SLACK) | (told > high + DECIMALS_SLACK)
        if beyond.any():
            raise WorkerError(
                f"the firmware told the result {float(told[beyond][0]):g}; this "
                f"model's output holds {low:g} to {high:g}: is it the firmware of "
                "another model?"
            )


def firmware_of(model: str, wanted: str, form: str, profile: ModelProfile) -> Firmware:
    """Return how a board's firmware is spoken to about a model file.

    Args:
        model: what the firmware says behind ``m-model-``.
        wanted: what it must say, empty for anything.
        form: one of ``FORMS``; ``auto`` is the form of MLPerf Tiny's own firmware where
            the firmware claims to be it, else ``stored``.
        profile: of the model file.

    Raises:
        CaseError: the firmware holds another model.
    """
    if wanted and model != wanted:
        raise CaseError(
            f"the board's firmware holds the model {model!r}, not {wanted!r}: flash "
            "the firmware of this model"
        )
    source, output = profile.inputs[0], profile.outputs[0]
    inputs, outputs = prod(source.shape[1:]), prod(output.shape[1:])
    known = BENCHMARKS.get(model)
    if known is not None and (known.inputs, known.outputs) != (inputs, outputs):
        raise CaseError(
            f"the board's firmware holds {model!r}, of {known.inputs} inputs and "
            f"{known.outputs} outputs; this model has {inputs} and {outputs}: flash "
            "the firmware of this model"
        )
    if form == AUTO:
        form = STORED if known is None else known.form
    if form == UNSIGNED and source.dtype != "int8":
        raise CaseError(
            f"input_form {form!r} is for int8 inputs; this model's are "
            f"{source.dtype!r}: set input_form = 'stored'"
        )
    return Firmware(
        input=source,
        output=output,
        form=form,
        results=outputs if known is None else known.results,
    )
