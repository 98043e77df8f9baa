"""Pixels of image files, decoded in a process of their own.

An image file is not to be trusted: whatever its decoder does (crash, hang, take all
memory) ends as a ``DataError`` that names the file, and the caller lives on.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ..errors import DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LABELS_FILE = "labels.csv"
"""What names the images of a folder, and makes it a folder of images."""

FORMATS = ("BMP", "JPEG", "PNG", "WEBP")
PIXELS_MAX = 1 << 26
IMAGE_LIMIT_S = 20
MEMORY_BYTES = 2 << 30
DECODED_BYTES_MAX = 4 << 30
WORDS_BYTES = 16 << 20

FAILED = 3
"""How the child ends that told what is wrong with images."""

_START_LIMIT_S = 60.0
_USUAL_LIMIT_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pixels:
    """Decoded images: uint8 [n, height, width, channels]; how many were resized."""

    values: NDArray[np.uint8]
    resized: int


def is_image_folder(path: Path) -> bool:
    """Return whether a folder of images lies there."""
    return (path / LABELS_FILE).is_file()


def decode(
    folder: Path, files: Sequence[str], height: int, width: int, channels: int
) -> Pixels:
    """Return the pixels of images, resized where their own size is another.

    Args:
        folder: where the files lie.
        files: regular files by their path in the folder.
        height: of the result.
        width: of the result.
        channels: 1 for grey, 3 for red, green and blue.

    Raises:
        DataError: an image is damaged, too large, of another kind, or its decoder
            failed; or all of them together are too large.
    """
    import numpy as np

    each = height * width * channels
    if len(files) * each > DECODED_BYTES_MAX:
        raise DataError(
            f"data {str(folder)!r}: {len(files)} images of {height} x {width} x "
            f"{channels} take more than {DECODED_BYTES_MAX >> 30} GiB; give fewer"
        )
    request = {
        "folder": str(folder),
        "files": list(files),
        "height": height,
        "width": width,
        "channels": channels,
    }
    limit_s = _START_LIMIT_S + _USUAL_LIMIT_S * len(files)
    with tempfile.TemporaryFile() as pixels, tempfile.TemporaryFile() as words:
        status = _run(request, pixels, words, limit_s)
        done = pixels.seek(0, os.SEEK_END) // each
        words.seek(0)
        told = words.read(WORDS_BYTES).decode("utf-8", "replace")
        if status or done != len(files):
            raise DataError(
                f"data {str(folder)!r}: {_problem(status, files, done, told)}"
            )
        pixels.seek(0)
        content = pixels.read()
    values = np.frombuffer(content, np.uint8).reshape(-1, height, width, channels)
    return Pixels(values=values, resized=_answer(told).get("resized", 0))


def _run(
    request: dict[str, Any], pixels: IO[bytes], words: IO[bytes], limit_s: float
) -> int | None:
    """Run the decoder and return how it ended, None where it was out of time."""
    # -P: a file named PIL.py in the current folder must not become the decoder.
    command = [sys.executable, "-P", "-m", __name__]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    try:
        return subprocess.run(
            command,
            input=json.dumps(request).encode(),
            stdout=pixels,
            stderr=words,
            env=environment,
            timeout=limit_s,
            check=False,
        ).returncode
    except subprocess.TimeoutExpired:
        return None
    except OSError as exc:
        raise DataError(f"the decoder of images cannot be started: {exc}") from exc


def _problem(status: int | None, files: Sequence[str], done: int, told: str) -> str:
    """Return what is wrong, with the name of the image at which it came up."""
    problems = _answer(told).get("problems")
    if status == FAILED and problems:
        (index, problem), others = problems[0], len(problems) - 1
        more = f" ({others} more cannot be used)" if others else ""
        return f"image {files[index]!r}: {problem}{more}"
    name = files[min(done, len(files) - 1)]
    if status is None or status == -signal.SIGALRM:
        return f"image {name!r}: not decoded in time; save it again"
    if status < 0:
        try:
            how = f"was ended by {signal.Signals(-status).name}"
        except ValueError:
            how = f"was ended by signal {-status}"
    else:
        last = next((line for line in reversed(told.split("\n")) if line.strip()), "")
        how = f"ended with status {status} ({last.strip()[:200]!r})"
    return f"image {name!r}: its decoder {how}; damaged or too large: save it again"


def _answer(told: str) -> dict[str, Any]:
    """Return what the child's last line holds, nothing where it is no answer."""
    last = next((line for line in reversed(told.split("\n")) if line.strip()), "")
    try:
        found = json.loads(last)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
