from __future__ import annotations

import numpy as np
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from tierbench.harness.codec import decode, encode, from_wire, to_wire
from tierbench.harness.errors import StoreError

arrays = st.one_of(
    npst.arrays(np.int64, st.integers(0, 200)),
    npst.arrays(np.float64, st.integers(0, 200)),
)


@given(arrays)
def test_values_come_back_bit_for_bit(array):
    back = decode(encode(array), array.dtype.name, len(array))
    assert back.dtype == array.dtype
    assert back.tobytes() == array.tobytes()
    assert back.flags.writeable


def test_strided_values_come_back():
    array = np.arange(20, dtype=np.int64)[::-3]
    assert decode(encode(array), "int64", len(array)).tolist() == array.tolist()


def test_big_endian_values_come_back():
    array = np.arange(20, dtype=">i8")
    assert decode(encode(array), "int64", len(array)).tolist() == array.tolist()


def test_a_million_latencies_fit_into_three_and_a_half_megabytes():
    random = np.random.default_rng(0)
    spread = np.exp(0.1 * random.standard_normal(1_000_000))
    latencies_ns = np.rint(60_000 * spread).astype(np.int64)
    assert len(encode(latencies_ns)) <= 3_500_000


@pytest.mark.parametrize(
    "array",
    [np.zeros((2, 2)), np.zeros(2, np.int32), np.array(["a"]), np.array([object()])],
)
def test_other_arrays_are_refused(array):
    with pytest.raises(StoreError, match="one dimension of int64 or float64"):
        encode(array)


@given(st.data(), arrays.filter(len))
def test_a_changed_byte_is_never_read_as_other_values(data, array):
    encoded = bytearray(encode(array))
    encoded[data.draw(st.integers(0, len(encoded) - 1))] ^= data.draw(
        st.integers(1, 255)
    )
    try:
        back = decode(bytes(encoded), array.dtype.name, len(array))
    except StoreError:
        return
    assert back.tobytes() == array.tobytes()  # a bit that the format does not use


@given(arrays, st.integers(-2, 300))
def test_another_length_is_refused(array, n):
    if n == len(array):
        return
    with pytest.raises(StoreError, match=f"not {n} items"):
        decode(encode(array), array.dtype.name, n)


@given(st.binary(max_size=64))
def test_noise_is_refused(noise):
    with pytest.raises(StoreError):
        decode(noise, "int64", 3)


def test_a_frame_that_says_nothing_of_its_size_is_refused():
    compressor = zstandard.ZstdCompressor(write_content_size=False)
    with pytest.raises(StoreError, match="not 2 items"):
        decode(compressor.compress(bytes(16)), "int64", 2)


def test_a_bomb_is_not_inflated():
    bomb = zstandard.ZstdCompressor().compress(bytes(100_000_000))
    with pytest.raises(StoreError, match="not 2 items"):
        decode(bomb, "int64", 2)


def test_bytes_after_the_frame_are_refused():
    with pytest.raises(StoreError, match="cannot be decompressed"):
        decode(encode(np.arange(3)) + b"x", "int64", 3)


def test_another_dtype_is_refused():
    with pytest.raises(StoreError, match="'object'; valid: int64, float64"):
        decode(encode(np.arange(3)), "object", 3)


@given(arrays)
def test_wire_bytes_come_back(array):
    dtype, data = to_wire(array)
    assert from_wire(data, dtype).tobytes() == array.tobytes()


def test_wire_bytes_of_another_length_are_refused():
    with pytest.raises(StoreError, match="7 bytes"):
        from_wire(bytes(7), "int64")
