"""Image files to pixels, in a process that may die."""

import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from tierbench.harness import images
from tierbench.harness.errors import DataError
from tierbench.harness.images import decode

GREY = np.arange(48, dtype=np.uint8).reshape(6, 8) * 5
RGB = np.stack([GREY, 255 - GREY, GREY // 2], axis=-1)


def saved(path: Path, pixels: np.ndarray, **options) -> str:
    Image.fromarray(pixels).save(path, **options)
    return path.name


def test_pixels_arrive_as_they_are(tmp_path: Path) -> None:
    names = [saved(tmp_path / f"{kind}.{kind}", RGB) for kind in ("png", "bmp")]
    names.append(saved(tmp_path / "w.webp", RGB, lossless=True))
    found = decode(tmp_path, names, 6, 8, 3)
    assert (found.values.dtype, found.values.shape) == (np.uint8, (3, 6, 8, 3))
    assert found.resized == 0
    for pixels in found.values:
        np.testing.assert_array_equal(pixels, RGB)
    grey = decode(tmp_path, [saved(tmp_path / "g.png", GREY)], 6, 8, 1).values
    np.testing.assert_array_equal(grey[0, :, :, 0], GREY)


def test_a_lossy_image_comes_close(tmp_path: Path) -> None:
    name = saved(tmp_path / "a.jpg", GREY, quality=95)
    found = decode(tmp_path, [name], 6, 8, 1).values[0, :, :, 0]
    assert np.abs(found.astype(int) - GREY).max() < 20


def test_grey_and_colour_are_turned_into_each_other(tmp_path: Path) -> None:
    grey, colour = saved(tmp_path / "g.png", GREY), saved(tmp_path / "c.png", RGB)
    found = decode(tmp_path, [grey, colour], 6, 8, 3).values
    np.testing.assert_array_equal(found[0], np.stack([GREY] * 3, axis=-1))
    luma = decode(tmp_path, [colour], 6, 8, 1).values[0, :, :, 0]
    wanted = RGB @ np.array([0.299, 0.587, 0.114])  # ITU-R 601-2
    assert np.abs(luma - wanted).max() <= 1


def test_other_sizes_are_resized_and_counted(tmp_path: Path) -> None:
    flat = np.full((30, 50), 77, np.uint8)
    names = [saved(tmp_path / "flat.png", flat), saved(tmp_path / "g.png", GREY)]
    found = decode(tmp_path, names, 6, 8, 1)
    assert found.resized == 1
    assert (found.values[0] == 77).all()
    wanted = Image.fromarray(GREY).resize((4, 3), Image.Resampling.BILINEAR)
    smaller = decode(tmp_path, names[1:], 3, 4, 1).values[0, :, :, 0]
    np.testing.assert_array_equal(smaller, np.asarray(wanted))


def png(width: int, height: int, content: bytes = b"") -> bytes:
    """Return a PNG that declares a size, whatever it holds."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(content))
        + chunk(b"IEND", b"")
    )


def cut(path: Path) -> None:
    rng = np.random.default_rng(0)
    saved(path, rng.integers(0, 256, (64, 64), dtype=np.uint8))
    path.write_bytes(path.read_bytes()[:2000])


def wide(path: Path) -> None:
    Image.fromarray(np.arange(48, dtype=np.uint16).reshape(6, 8)).save(path)


def gif(path: Path) -> None:
    Image.fromarray(GREY).save(path, "GIF")


WRONG: dict[str, tuple[Callable[[Path], object], str]] = {
    "nothing": (Path.touch, "not a whole BMP, JPEG, PNG, WEBP image"),
    "text": (lambda path: path.write_text("hello"), "save it again"),
    "cut": (cut, "truncated"),
    "a bomb": (
        lambda path: path.write_bytes(png(60_000, 60_000, bytes(1 << 20))),
        "declares 60000 x 60000 pixels; 67108864 at most",
    ),
    "16 bits": (wide, "is of mode 'I;16'; 8 bits a channel"),
    "another kind": (gif, "not a whole BMP, JPEG, PNG, WEBP image"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_images_are_named(tmp_path: Path, case: str) -> None:
    write, problem = WRONG[case]
    good = saved(tmp_path / "good.png", GREY)
    write(tmp_path / "wrong.png")
    with pytest.raises(DataError) as caught:
        decode(tmp_path, [good, "wrong.png", good], 6, 8, 1)
    assert str(caught.value).startswith(f"data {str(tmp_path)!r}: image 'wrong.png': ")
    assert problem in str(caught.value)
    assert str(caught.value).isprintable()


def test_the_first_wrong_image_is_named_and_the_others_counted(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).write_text(name)
    with pytest.raises(DataError, match=r"image 'a': .*\(2 more cannot be used\)"):
        decode(tmp_path, ["a", "b", "c"], 6, 8, 1)


def test_a_decoder_that_hangs_is_ended_and_the_image_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = saved(tmp_path / "good.png", GREY)
    os.mkfifo(tmp_path / "waits")  # opening it waits for a writer
    monkeypatch.setattr(images, "_START_LIMIT_S", 3.0)
    with pytest.raises(DataError, match="image 'waits': not decoded in time"):
        decode(tmp_path, [good, "waits"], 6, 8, 1)


def test_a_decoder_that_dies_is_the_images_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = saved(tmp_path / "good.png", GREY)

    class Dead:
        returncode = -11

    def run(command, *, stdout, **_):
        stdout.write(bytes(GREY.size))
        return Dead

    monkeypatch.setattr(images.subprocess, "run", run)
    with pytest.raises(DataError, match=r"image 'next\.png': its decoder .* SIGSEGV"):
        decode(tmp_path, [good, "next.png"], 6, 8, 1)


def test_all_images_together_are_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = saved(tmp_path / "good.png", GREY)
    monkeypatch.setattr(images, "DECODED_BYTES_MAX", 100)
    with pytest.raises(DataError, match="3 images of 6 x 8 x 1 take more than"):
        decode(tmp_path, [name] * 3, 6, 8, 1)


def test_a_module_in_the_current_folder_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "PIL.py").write_text("raise SystemExit('taken')")
    monkeypatch.chdir(tmp_path)
    name = saved(tmp_path / "good.png", GREY)
    assert decode(tmp_path, [name], 6, 8, 1).values.shape == (1, 6, 8, 1)


@settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    changes=st.lists(
        st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=40, max_size=40
    )
)
def test_changed_bytes_give_pixels_or_a_data_error(changes, tmp_path: Path) -> None:
    """Forty files a process: what one does to the decoder is told by its name."""
    names = []
    for index, (place, byte) in enumerate(changes):
        kind = ("png", "jpeg", "webp", "bmp")[index % 4]
        path = tmp_path / f"{index}.{kind}"
        saved(path, RGB)
        content = bytearray(path.read_bytes())
        content[place % len(content)] = byte
        path.write_bytes(content)
        names.append(path.name)
    try:
        told = str(decode(tmp_path, names, 6, 8, 3).values.shape)
    except DataError as error:
        told = str(error)
    assert told == "(40, 6, 8, 3)" or "image '" in told
    assert "its decoder" not in told
