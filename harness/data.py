"""Evaluation data: read, checked against a model, cut into batches."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .accuracy import LOWER_IS_BETTER, default_metric
from .errors import DataError
from .hashing import file_sha256
from .model import Data
from .npz import read_arrays
from .values import TensorSpec, canonical_json

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FLOATS = ("float16", "float32", "float64")
_QUANTISED = ("int8", "uint8", "int16", "uint16")
_INDICES = ("int32", "int64", "uint32", "uint64")
LABELS = "labels"

INPUT_LENGTH_MAX = 1 << 28
"""Numbers that one made-up input may hold: a damaged model may ask for any."""


def load_npz(path: Path, metric: str | None = None) -> Data:
    """Return the evaluation data of a .npz file.

    Every array is the input of its name, first axis the sample; ``labels``, where
    given, are class indices [n] of an integer type, or floats [n, ...] that a
    regression should put out. Nothing in the file is run: pickles are refused.

    Args:
        path: of the file.
        metric: how outputs are to be judged; None for what the labels' type says.

    Raises:
        DataError: the file is no .npz, larger than 4 GiB, holds objects, arrays of
            unequal lengths, NaN or infinity, wrong labels, or none for the metric.
    """
    arrays = read_arrays(path)
    labels = arrays.pop(LABELS, None)
    if not arrays:
        raise DataError(
            f"data {str(path)!r}: no inputs; save one array per model input"
        )
    _check_lengths(path, arrays)
    for name, array in arrays.items():
        _check_finite(path, name, array)
    n = len(next(iter(arrays.values())))
    if labels is not None:
        _check_labels(path, labels, n, is_error=metric in LOWER_IS_BETTER)
    data = Data(
        name=path.stem,
        inputs=arrays,
        labels=labels,
        metric=None,
        sha256=file_sha256(path),
    )
    return judged(data, metric)


def judged(data: Data, metric: str | None) -> Data:
    """Return the data with a metric, their labels in the type that it takes.

    Data that are judged by another metric than their own have another hash: results
    by one metric say nothing of the other.

    Args:
        data: with or without labels.
        metric: its name; None for the data's own, or else what the labels' type says.

    Raises:
        DataError: a metric is asked for, and there are no labels.
    """
    labels = data.labels
    if labels is None:
        if metric is not None:
            raise DataError(
                f"data {data.name!r}: no labels, which metric {metric!r} needs; add "
                "labels to them"
            )
        return data
    own = data.metric or default_metric(labels)
    if metric is not None and metric != own:
        data = replace(data, sha256=judged_sha256(data.sha256, metric))
    chosen = metric or own
    if chosen in LOWER_IS_BETTER or labels.dtype.kind == "f":
        return replace(data, labels=labels.astype(np.float64), metric=chosen)
    return replace(data, labels=labels.astype(np.int64), metric=chosen)


def judged_sha256(sha256: str, metric: str) -> str:
    """Return the hash of data that are judged by a metric not their own."""
    content = {"data": sha256, "metric": metric}
    return hashlib.sha256(canonical_json(content).encode()).hexdigest()


def match(data: Data, profile_inputs: Sequence[TensorSpec]) -> None:
    """Check that data fit a model's inputs.

    Floats of any width fit a float input that can hold their values, and a quantised
    input, by whose scale they are quantised; other types must be the input's own.

    Raises:
        DataError: an input is missing, unknown, or of another shape or type.
    """
    wanted = {spec.name: spec for spec in profile_inputs}
    if set(wanted) != set(data.inputs):
        raise DataError(
            f"data {data.name!r}: has arrays {sorted(data.inputs)!r}; the model's "
            f"inputs are {sorted(wanted)!r}: name the arrays like these"
        )
    for name, spec in wanted.items():
        _match_shape(data, data.inputs[name], spec)
        _match_dtype(data, data.inputs[name], spec)


def fitted(data: Data, specs: Sequence[TensorSpec]) -> Data:
    """Return the data with the only array given to the only input, whatever its name.

    Each format names the input of the same model as it likes.
    """
    if len(specs) == 1 and len(data.inputs) == 1:
        (array,) = data.inputs.values()
        return replace(data, inputs={specs[0].name: array})
    return data


def quantise(array: NDArray[Any], spec: TensorSpec) -> NDArray[Any]:
    """Return round(real / scale) + zero point, clipped to the input's type.

    Halves are rounded to even, as ONNX's QuantizeLinear does.

    Raises:
        DataError: the tensor has no scale, or is of no 8- or 16-bit type.
    """
    scale, zero_point = _scale(spec)
    if spec.dtype not in _QUANTISED:
        raise DataError(
            f"input {spec.name!r} of {spec.dtype!r} cannot be quantised to; "
            f"valid: {', '.join(_QUANTISED)}"
        )
    from .images.frames import quantised

    return quantised(array, spec.dtype, scale, zero_point)


def dequantise(array: NDArray[Any], spec: TensorSpec) -> NDArray[np.float32]:
    """Return scale * (stored - zero point), float32 of the same shape.

    Raises:
        DataError: the tensor has no scale.
    """
    scale, zero_point = _scale(spec)
    real = scale * (np.asarray(array, np.float64) - zero_point)
    return real.astype(np.float32)


def synthetic(
    inputs: Sequence[TensorSpec], batch: int, seed: int
) -> dict[str, NDArray[Any]]:
    """Return random inputs by name, the same for the same seed.

    A first length that is free or 1 becomes ``batch``, other free lengths 1. Floats lie
    in [0, 1); 8- and 16-bit integers span their type; wider ones, which are indices of
    unknown bound, and booleans are 0 or 1.

    Raises:
        DataError: an input is of a type that cannot be made up, or holds more than
            2^28 numbers.
    """
    random = np.random.default_rng(seed)
    return {
        spec.name: _random(random, spec, batched_shape(spec, batch)) for spec in inputs
    }


def batched_shape(spec: TensorSpec, batch: int) -> tuple[int, ...]:
    """Return an input's shape for a batch: its first length if free or 1, else kept."""
    first = tuple(batch if length in (-1, 1) else length for length in spec.shape[:1])
    return first + tuple(1 if length == -1 else length for length in spec.shape[1:])


def as_inputs(data: Data, specs: Sequence[TensorSpec]) -> dict[str, NDArray[Any]]:
    """Return all samples in each input's own type, by the input's name.

    Raises:
        DataError: an input is missing, or floats meet an input without a scale.
    """
    named = fitted(data, specs)
    return {spec.name: _typed(_input(named, spec), spec) for spec in specs}


def batch_of(
    data: Data, start: int, n: int, specs: Sequence[TensorSpec]
) -> dict[str, NDArray[Any]]:
    """Return ``n`` samples from ``start`` on, in each input's own type.

    After the last sample follows the first, so that ``n`` always come.

    Raises:
        DataError: an input is missing, or floats meet an input without a scale.
    """
    rows = np.arange(start, start + n) % data.n
    return {spec.name: _typed(_input(data, spec)[rows], spec) for spec in specs}


def _check_lengths(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    for name, array in arrays.items():
        if array.ndim == 0:
            raise DataError(
                f"data {str(path)!r}: array {name!r} has no axes; the first axis must "
                "be the sample"
            )
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1 or 0 in lengths.values():
        raise DataError(
            f"data {str(path)!r}: arrays hold {lengths!r} samples; the same number, "
            "1 or more, in each is valid"
        )


def _check_finite(path: Path, name: str, array: NDArray[Any]) -> None:
    if array.dtype.kind != "f":
        return
    wrong = ~np.isfinite(array)
    if wrong.any():
        index = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise DataError(
            f"data {str(path)!r}: array {name!r} holds {float(array[index])!r} at "
            f"{list(index)}; only finite numbers are valid"
        )


def _check_labels(path: Path, labels: NDArray[Any], n: int, is_error: bool) -> None:
    if labels.dtype.kind not in "iuf":
        raise DataError(
            f"data {str(path)!r}: labels are of {labels.dtype.name!r}; class indices "
            "of an integer type are valid, or floats for a regression"
        )
    is_classes = labels.dtype.kind != "f" and not is_error
    if labels.shape[:1] != (n,) or (is_classes and labels.ndim > 1):
        raise DataError(
            f"data {str(path)!r}: labels have the shape {labels.shape!r}; with {n} "
            f"samples {(n,)!r} is valid"
        )
    _check_finite(path, LABELS, labels)
    if not is_classes:
        return
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or high > np.iinfo(np.int64).max:
        wrong = low if low < 0 else high
        raise DataError(
            f"data {str(path)!r}: label {wrong!r} of sample "
            f"{int(np.argmax(labels == wrong))}; 0 and up are valid"
        )


def _match_shape(data: Data, array: NDArray[Any], spec: TensorSpec) -> None:
    wanted, given = spec.shape[1:], array.shape[1:]
    fits = len(spec.shape) == array.ndim and all(
        want in (-1, have) for want, have in zip(wanted, given, strict=True)
    )
    if not fits:
        raise DataError(
            f"data {data.name!r}: one sample of {spec.name!r} has the shape {given!r}; "
            f"the model takes {wanted!r} (-1 is any)"
        )


def _match_dtype(data: Data, array: NDArray[Any], spec: TensorSpec) -> None:
    dtype = array.dtype.name
    if dtype == spec.dtype:
        return
    problem = f"data {data.name!r}: array {spec.name!r} is of {dtype!r}"
    if dtype not in _FLOATS or (spec.dtype in _QUANTISED and spec.scale is None):
        raise DataError(
            f"{problem}; the model takes {spec.dtype!r}: save it with "
            f".astype({spec.dtype!r})"
        )
    if spec.dtype not in _FLOATS + _QUANTISED:
        raise DataError(f"{problem}; the model takes {spec.dtype!r}")
    if spec.dtype in _FLOATS and np.abs(array).max() > np.finfo(spec.dtype).max:
        raise DataError(
            f"{problem} with values beyond the {spec.dtype!r} that the model takes; "
            "scale them as the model was trained"
        )


def _input(data: Data, spec: TensorSpec) -> NDArray[Any]:
    if spec.name not in data.inputs:
        raise DataError(
            f"data {data.name!r}: no array {spec.name!r}; has {sorted(data.inputs)!r}"
        )
    return data.inputs[spec.name]


def _typed(array: NDArray[Any], spec: TensorSpec) -> NDArray[Any]:
    if array.dtype.name in _FLOATS and spec.dtype in _QUANTISED:
        return quantise(array, spec)
    return np.ascontiguousarray(array, spec.dtype)


def _scale(spec: TensorSpec) -> tuple[float, int]:
    if spec.scale is None:
        raise DataError(
            f"input {spec.name!r} has no scale; give data of {spec.dtype!r} itself"
        )
    return spec.scale, spec.zero_point or 0


def _random(
    random: np.random.Generator, spec: TensorSpec, shape: tuple[int, ...]
) -> NDArray[Any]:
    if prod(shape) > INPUT_LENGTH_MAX:
        raise DataError(
            f"input {spec.name!r} of shape {list(shape)} holds {prod(shape)} numbers; "
            f"{INPUT_LENGTH_MAX} at most are valid: lower the batch"
        )
    if spec.dtype in _FLOATS:
        return np.asarray(random.random(shape, np.float32), spec.dtype)
    if spec.dtype in _QUANTISED:
        bounds = np.iinfo(spec.dtype)
        return np.asarray(
            random.integers(bounds.min, bounds.max, shape, spec.dtype, endpoint=True)
        )
    if spec.dtype in _INDICES or spec.dtype == "bool":
        return np.asarray(random.integers(0, 2, shape)).astype(spec.dtype)
    raise DataError(
        f"input {spec.name!r} of {spec.dtype!r} cannot be made up; give data for it"
    )
