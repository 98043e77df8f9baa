"""The protocol's frames."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierbench.harness.device.wire import (
    ITEM_BYTES,
    Tensor,
    WireError,
    read_frame,
    write_frame,
)

names = st.text(max_size=20)
shapes = st.lists(st.integers(0, 4), max_size=3).map(tuple)


@st.composite
def tensors(draw: st.DrawFn) -> Tensor:
    dtype = draw(st.sampled_from(sorted(ITEM_BYTES)))
    shape = draw(shapes)
    size = ITEM_BYTES[dtype]
    for length in shape:
        size *= length
    data = draw(st.binary(min_size=size, max_size=size))
    return Tensor(draw(names), dtype, shape, data)


@given(
    st.dictionaries(names.filter(lambda n: n not in ("version", "tensors")), names),
    st.lists(tensors(), max_size=3),
)
def test_frames_come_back(header: dict[str, str], sent: list[Tensor]) -> None:
    stream = io.BytesIO()
    write_frame(stream, header, sent)
    stream.seek(0)
    frame = read_frame(stream)
    assert frame is not None
    assert frame[1] == sent
    assert {key: frame[0][key] for key in header} == header
    assert read_frame(stream) is None


@given(st.binary(max_size=200))
def test_garbage_is_an_error_of_ours(garbage: bytes) -> None:
    try:
        frame = read_frame(io.BytesIO(garbage))
    except WireError:
        return
    assert frame is None


@pytest.mark.parametrize(
    "line",
    [
        b"{}\n",
        b'{"version":99}\n',
        b"[1]\n",
        b'{"version":1,"tensors":[["x","int8",[4],3]]}\nabc',
        b'{"version":1,"tensors":[["x","int8",[4],4]]}\nabc',
        b'{"version":1,"tensors":[["x","object",[1],8]]}\n12345678',
        b'{"version":1,"tensors":[["x","int8",[-1],-1]]}\n',
        b'{"version":1,"tensors":[["x","int8",[99999999999],99999999999]]}\n',
        b'{"version":1,"tensors":[7]}\n',
        b'{"version":1}',
    ],
)
def test_wrong_frames_are_refused(line: bytes) -> None:
    with pytest.raises(WireError):
        read_frame(io.BytesIO(line))


def test_an_empty_tensor_comes_back() -> None:
    stream = io.BytesIO()
    boxes = np.empty((0, 4), np.float32)
    write_frame(stream, {}, [Tensor("boxes", "float32", boxes.shape, boxes.data)])
    stream.seek(0)
    assert read_frame(stream) == ({"version": 1}, [("boxes", "float32", (0, 4), b"")])


def test_an_endless_line_is_refused() -> None:
    with pytest.raises(WireError, match="has no end"):
        read_frame(io.BytesIO(b"x" * (2 << 20)))
