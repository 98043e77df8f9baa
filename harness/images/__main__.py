"""The decoder's own process: ``python -m tierbench.harness.images``, a job on stdin.

Write the pixels of all images to stdout, one after the other, and to stderr one line
of JSON: ``{"resized": ..., "problems": [[index, text], ...]}``.
"""

from __future__ import annotations

import json
import resource
import signal
import sys
from pathlib import Path

from PIL import Image

from . import FAILED, FORMATS, IMAGE_LIMIT_S, MEMORY_BYTES, PIXELS_MAX, WORDS_BYTES

_MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr")
"""The kinds of 8 bits a channel; wider ones would be cut off."""


class _Unusable(Exception):
    """An image that is readable but of no use."""


def pixels(path: Path, height: int, width: int, channels: int) -> tuple[bytes, bool]:
    """Return an image's pixels, row by row, and whether it had to be resized.

    Pillow's bilinear filter covers all of the source's pixels when it scales down.
    """
    with path.open("rb") as stream, Image.open(stream, formats=FORMATS) as image:
        if image.width * image.height > PIXELS_MAX:
            raise _Unusable(
                f"declares {image.width} x {image.height} pixels; {PIXELS_MAX} at "
                "most are valid: save it smaller"
            )
        if image.mode not in _MODES:
            raise _Unusable(
                f"is of mode {image.mode!r}; 8 bits a channel are valid: convert it"
            )
        found = image.convert("L" if channels == 1 else "RGB")
    resized = found.size != (width, height)
    if resized:
        found = found.resize((width, height), Image.Resampling.BILINEAR)
    return found.tobytes(), resized


def main() -> int:
    """Decode what stdin asks for, within bounds, and return the exit status."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    Image.MAX_IMAGE_PIXELS = None  # its own limit warns first; ours is told plainly
    job = json.load(sys.stdin)
    size = (job["height"], job["width"], job["channels"])
    limit = size[0] * size[1] * size[2] * len(job["files"])
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit + WORDS_BYTES,) * 2)
    blank, resized, problems = bytes(size[0] * size[1] * size[2]), 0, []
    for index, name in enumerate(job["files"]):
        signal.setitimer(signal.ITIMER_REAL, IMAGE_LIMIT_S)  # ends the process
        try:
            found, was_resized = pixels(Path(job["folder"], name), *size)
            resized += was_resized
        except _Unusable as exc:
            found = blank
            problems.append([index, str(exc)])
        except MemoryError:
            found = blank
            problems.append([index, f"needs more than {MEMORY_BYTES >> 30} GiB"])
        except Exception as exc:  # decoders raise whatever the damage leads them to
            found = blank
            why = f"{type(exc).__name__}: {' '.join(str(exc).split())[:200]}"
            kinds = ", ".join(FORMATS)
            problems.append(
                [index, f"not a whole {kinds} image ({why}); save it again"]
            )
        sys.stdout.buffer.write(found)
        sys.stdout.buffer.flush()
    print(
        f"\n{json.dumps({'resized': resized, 'problems': problems})}", file=sys.stderr
    )
    return FAILED if problems else 0


if __name__ == "__main__":
    sys.exit(main())
