from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tierbench.harness import npz
from tierbench.harness.data import (
    as_inputs,
    batch_of,
    dequantise,
    judged,
    load_npz,
    match,
    quantise,
    synthetic,
)
from tierbench.harness.errors import DataError
from tierbench.harness.hashing import file_sha256
from tierbench.harness.model import Data
from tierbench.harness.values import TensorSpec


def spec(name: str, dtype: str, *shape: int, **scale: Any) -> TensorSpec:
    return TensorSpec(name=name, dtype=dtype, shape=shape, **scale)


def data(**inputs: Any) -> Data:
    return Data(name="d", inputs=inputs, labels=None, metric=None, sha256="")


def saved(path: Path, **arrays: Any) -> Path:
    np.savez(path, **arrays)
    return path


X = np.arange(12, dtype=np.float32).reshape(3, 4)


def test_arrays_and_labels_arrive(tmp_path: Path) -> None:
    path = saved(tmp_path / "val.npz", x=X, labels=np.array([0, 2, 1], np.uint8))
    found = load_npz(path)
    assert (found.name, found.n, found.metric) == ("val", 3, "top1")
    assert found.sha256 == file_sha256(path)
    np.testing.assert_array_equal(found.inputs["x"], X)
    assert found.labels is not None
    assert found.labels.dtype == np.int64
    assert found.labels.tolist() == [0, 2, 1]


def test_labels_may_be_absent(tmp_path: Path) -> None:
    found = load_npz(saved(tmp_path / "val.npz", x=X))
    assert (found.labels, found.metric) == (None, None)


@pytest.mark.parametrize("shape", [(3,), (3, 1), (3, 2, 2)])
def test_labels_of_a_regression_are_floats(tmp_path: Path, shape) -> None:
    labels = np.full(shape, -1.5, np.float32)
    found = load_npz(saved(tmp_path / "val.npz", x=X, labels=labels))
    assert found.metric == "mae"
    assert found.labels is not None
    assert (found.labels.dtype, found.labels.shape) == (np.float64, shape)


def test_whole_labels_are_numbers_where_an_error_is_asked_for(tmp_path: Path) -> None:
    path = saved(tmp_path / "val.npz", x=X, labels=np.array([-3, 0, 7]))
    found = load_npz(path, "mae")
    assert found.metric == "mae"
    assert found.labels is not None
    assert found.labels.tolist() == [-3.0, 0.0, 7.0]
    assert found.labels.dtype == np.float64


def test_a_metric_needs_labels(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="'val': no labels, which metric 'auc' needs"):
        load_npz(saved(tmp_path / "val.npz", x=X), "auc")


def test_a_metric_asked_for_replaces_the_datas_own() -> None:
    labels = np.array([0, 1, 1])
    own = Data(name="d", inputs={"x": X}, labels=labels, metric="top1", sha256="")
    assert judged(own, None).metric == "top1"
    assert judged(own, "auc").metric == "auc"
    assert judged(own, "auc").labels.dtype == np.int64
    assert judged(own, "mae").labels.dtype == np.float64


def test_any_layout_reads_alike(tmp_path: Path) -> None:
    columns, big = np.asfortranarray(X), X.astype(">f4")
    np.savez_compressed(tmp_path / "v.npz", a=columns, b=big, c=X)
    found = load_npz(tmp_path / "v.npz").inputs
    for array in found.values():
        np.testing.assert_array_equal(array, X)
        assert array.dtype == np.dtype("float32")
        assert array.flags.c_contiguous


def plain(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


def arrays(**given: Any) -> Callable[[Path], object]:
    return lambda path: saved(path, **given)


def member(name: str, content: bytes, times: int = 1) -> Callable[[Path], object]:
    def write(path: Path) -> None:
        with zipfile.ZipFile(path, "w") as archive:
            for i in range(times):
                archive.writestr(name.format(i), content)

    return write


def header(text: str, content: bytes = b"", version: bytes = b"\1\0") -> bytes:
    padded = text.encode() + b"\n"
    return b"\x93NUMPY" + version + len(padded).to_bytes(2, "little") + padded + content


def cut(path: Path) -> None:
    whole = saved(path, x=X).read_bytes()
    path.write_bytes(whole[:50] + bytes(20) + whole[70:])


def twice(path: Path) -> None:
    content = io.BytesIO()
    np.save(content, X)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.npy", content.getvalue())
        archive.infolist()[0].filename = "y.npy"
        archive.writestr("x.npy", content.getvalue())
        archive.infolist()[0].filename = "x.npy"


HUGE = header("{'descr': '<f4', 'fortran_order': False, 'shape': (4000000000000,), }")
ODD = header("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }")
NEW = header("{'descr': '<f4', 'fortran_order': False, 'shape': (0,), }", b"", b"\3\0")
TRUE = header("{'descr': '<f4', 'fortran_order': False, 'shape': (True,), }", bytes(4))
ENDLESS = header("(" * 9000)
NAN = np.where(X == 6, np.nan, X)
INFINITE = np.where(X == 11, -np.inf, X)

WRONG = {
    "nothing": (plain(b""), r"not a \.npz file .*; make it with numpy\.savez"),
    "no zip": (plain(b"x" * 1000), r"not a \.npz file"),
    "a single array": (plain(HUGE), r"not a \.npz file"),
    "no member": (arrays(), "no inputs; save one array"),
    "labels alone": (arrays(labels=np.arange(3)), "no inputs"),
    "objects": (
        arrays(x=np.array([{}, None])),
        "array 'x' is of 'object'; numbers are valid, objects and text are not",
    ),
    "text": (arrays(x=np.array(["a"])), "array 'x' is of 'str"),
    "complex": (arrays(x=np.array([1j])), "array 'x' is of 'complex128'"),
    "records": (arrays(x=np.zeros(2, "i4,f4")), "array 'x' is of 'void64'"),
    "lengths": (arrays(x=X, y=X[:2]), r"arrays hold \{'x': 3, 'y': 2\} samples"),
    "no samples": (arrays(x=X[:0]), r"\{'x': 0\} samples"),
    "no axes": (arrays(x=np.float32(1)), "array 'x' has no axes"),
    "nan": (arrays(x=NAN), r"'x' holds nan at \[1, 2\]; only finite"),
    "infinity": (arrays(x=INFINITE), r"'x' holds -inf at \[2, 3\]"),
    "labels of no number": (
        arrays(x=X, labels=np.array([0, np.nan, 1])),
        r"array 'labels' holds nan at \[1\]",
    ),
    "labels of truth": (
        arrays(x=X, labels=np.zeros(3, bool)),
        "labels are of 'bool'; class indices of an integer type are valid, or floats",
    ),
    "too few numbers": (
        arrays(x=X, labels=np.zeros((2, 3))),
        r"labels have the shape \(2, 3\)",
    ),
    "too few labels": (
        arrays(x=X, labels=np.arange(2)),
        r"labels have the shape \(2,\); with 3 samples \(3,\) is valid",
    ),
    "one-hot labels": (arrays(x=X, labels=np.eye(3, dtype=int)), r"shape \(3, 3\)"),
    "negative label": (
        arrays(x=X, labels=np.array([0, -1, 1])),
        "label -1 of sample 1; 0 and up are valid",
    ),
    "wide label": (
        arrays(x=X, labels=np.array([0, 1, 2**64 - 1], np.uint64)),
        "label 18446744073709551615 of sample 2",
    ),
    "no array": (member("readme.txt", b"hello"), "member 'readme.txt' is no array"),
    "twice": (twice, r"member 'x\.npy' is no array or there twice"),
    "no header": (member("x.npy", b"hello"), "damaged .*magic"),
    "half a header": (member("x.npy", HUGE[:30]), "damaged"),
    "declares terabytes": (member("x.npy", HUGE), "needs 16000000000000 bytes, 0 are"),
    "negative shape": (member("x.npy", ODD), "needs -4 bytes|damaged"),
    "truth for a length": (member("x.npy", TRUE), "damaged"),
    "brackets without end": (member("x.npy", ENDLESS), "damaged .*array header"),
    "later version": (member("x.npy", NEW), r"format version \(3, 0\)"),
    "flipped": (cut, "Bad CRC-32 for file"),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("case", WRONG)
def test_wrong_data_are_refused(case: str, tmp_path: Path) -> None:
    write, problem = WRONG[case]
    path = tmp_path / "val.npz"
    write(path)
    with pytest.raises(DataError, match=problem) as caught:
        load_npz(path)
    assert str(caught.value).startswith(f"data {str(path)!r}: ")
    assert "\n" not in str(caught.value)


def test_declared_size_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved(tmp_path / "val.npz", x=X)
    monkeypatch.setattr(npz, "SIZE_BYTES_MAX", 100)
    with pytest.raises(DataError, match="declares 176 bytes; 100 at most are valid"):
        load_npz(path)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "none.npz"):
        with pytest.raises(DataError, match=r"not a file; name a \.npz file"):
            load_npz(place)


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    flips=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=4)
)
def test_flipped_bytes_give_data_or_a_data_error(
    flips: list[tuple[int, int]], tmp_path: Path
) -> None:
    path = saved(tmp_path / "val.npz", x=X, labels=np.arange(3))
    content = bytearray(path.read_bytes())
    for place, byte in flips:
        content[place % len(content)] = byte
    path.write_bytes(content)
    try:
        found = load_npz(path)
    except DataError:
        return
    assert found.n > 0


def test_fitting_data_match() -> None:
    match(data(x=X), [spec("x", "float32", -1, 4)])
    match(data(x=X), [spec("x", "float32", 1, -1)])
    match(data(x=X.astype(np.float64)), [spec("x", "float16", -1, 4)])
    match(data(x=X), [spec("x", "int8", 1, 4, scale=0.1, zero_point=0)])
    match(data(x=X.astype(np.int8)), [spec("x", "int8", 1, 4)])


@pytest.mark.parametrize(
    ("array", "wanted", "problem"),
    [
        (X, spec("y", "float32", -1, 4), r"has arrays \['x'\]; .* inputs are \['y'\]"),
        (X, spec("x", "float32", -1, 5), r"has the shape \(4,\); the model takes \(5,"),
        (X, spec("x", "float32", -1, 4, 1), r"takes \(4, 1\)"),
        (X, spec("x", "float32"), r"takes \(\)"),
        (X, spec("x", "int8", -1, 4), r"'float32'; the model takes 'int8': save it"),
        (X, spec("x", "int32", -1, 4), "takes 'int32'"),
        (X.astype(int), spec("x", "float32", -1, 4), r"save it with \.astype\('float"),
        (
            X.astype(np.uint8),
            spec("x", "int8", -1, 4, scale=1.0, zero_point=0),
            "'uint8'; the model takes 'int8'",
        ),
        (X * 1e6, spec("x", "float16", -1, 4), "values beyond the 'float16'"),
    ],
)
def test_data_that_do_not_fit_are_refused(
    array: Any, wanted: TensorSpec, problem: str
) -> None:
    with pytest.raises(DataError, match=problem):
        match(data(x=array), [wanted])


def test_missing_and_extra_inputs_are_refused() -> None:
    wanted = [spec("x", "float32", -1, 4), spec("y", "float32", -1, 4)]
    with pytest.raises(DataError, match="name the arrays like these"):
        match(data(x=X), wanted)
    with pytest.raises(DataError, match="name the arrays like these"):
        match(data(x=X, y=X, z=X), wanted)


def test_quantise_rounds_to_even_and_clips() -> None:
    wanted = spec("x", "int8", -1, scale=0.5, zero_point=-1)
    real = np.array([0.0, 0.25, 0.75, -0.25, 64.0, 1e9, -1e9], np.float32)
    stored = quantise(real, wanted)
    assert stored.dtype == np.int8
    assert stored.tolist() == [-1, -1, 1, -1, 127, 127, -128]
    assert dequantise(stored, wanted).tolist()[:3] == [0.0, 0.0, 1.0]


@given(
    scale=st.floats(1e-6, 1e3),
    zero_point=st.integers(-128, 127),
    stored=st.lists(st.integers(-128, 127), min_size=1, max_size=9),
)
@settings(deadline=None, derandomize=True)
def test_quantise_undoes_dequantise(
    scale: float, zero_point: int, stored: list[int]
) -> None:
    wanted = spec("x", "int8", -1, scale=scale, zero_point=zero_point)
    array = np.array(stored, np.int8)
    assert quantise(dequantise(array, wanted), wanted).tolist() == stored


def test_what_has_no_scale_cannot_be_quantised() -> None:
    with pytest.raises(DataError, match="'x' has no scale"):
        quantise(X, spec("x", "int8", -1))
    with pytest.raises(DataError, match="'x' has no scale"):
        dequantise(X, spec("x", "int8", -1))
    with pytest.raises(DataError, match="'int4' cannot be quantised to"):
        quantise(X, spec("x", "int4", -1, scale=1.0))


def test_synthetic_fills_each_type_within_its_bounds() -> None:
    specs = [
        spec("f", "float32", -1, 50, -1),
        spec("h", "float16", 1, 50),
        spec("q", "int8", -1, 500),
        spec("u", "uint8", -1, 500),
        spec("i", "int64", -1, 50),
        spec("b", "bool", -1, 50),
        spec("fixed", "float32", 3, 2),
        spec("scalar", "float32"),
    ]
    made = synthetic(specs, 4, seed=1)
    for wanted in specs:
        assert made[wanted.name].dtype.name == wanted.dtype
    assert made["f"].shape == (4, 50, 1)
    assert made["h"].shape == (4, 50)
    assert made["fixed"].shape == (3, 2)
    assert made["scalar"].shape == ()
    assert made["f"].min() >= 0
    assert made["f"].max() < 1
    assert set(np.unique(made["i"])) == {0, 1}
    assert (made["q"].min(), made["q"].max()) == (-128, 127)
    assert (made["u"].min(), made["u"].max()) == (0, 255)


def test_synthetic_depends_on_the_seed_alone() -> None:
    specs = [spec("x", "float32", -1, 5)]
    first, again, other = (synthetic(specs, 2, seed)["x"] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    with pytest.raises(DataError, match="'s' of 'string' cannot be made up"):
        synthetic([spec("s", "string", 1)], 1, 0)


def test_batches_begin_again_after_the_last_sample() -> None:
    found = batch_of(data(x=X), 2, 4, [spec("x", "float32", -1, 4)])
    np.testing.assert_array_equal(found["x"], X[[2, 0, 1, 2]])


def test_all_samples_come_in_the_inputs_own_type_and_name() -> None:
    quantised = spec("image", "int8", -1, 4, scale=0.5, zero_point=0)
    found = as_inputs(data(x=X), [quantised])
    assert found["image"].tolist() == (2 * X).astype(int).tolist()
    assert found["image"].dtype == np.int8


def test_batches_come_in_the_inputs_own_type() -> None:
    quantised = spec("x", "uint8", -1, 4, scale=0.5, zero_point=10)
    assert batch_of(data(x=X), 0, 1, [quantised])["x"].tolist() == [[10, 12, 14, 16]]
    half = batch_of(data(x=X), 0, 1, [spec("x", "float16", -1, 4)])["x"]
    assert half.dtype == np.float16
    with pytest.raises(DataError, match=r"no array 'y'; has \['x'\]"):
        batch_of(data(x=X), 0, 1, [spec("y", "float32", -1, 4)])
