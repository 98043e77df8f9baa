"""Look for the smallest arena that works: a program of its own, which may crash.

    python probe.py MODEL TOO_SMALL START

It is run by file name in the target's Python, so it imports nothing of ours. It prints
a line of JSON before each try (``try``) and what came of it; the one who runs it takes
a death for a failed try and starts it again.
"""

import json
import os
import re
import resource
import sys
import tempfile
from collections.abc import Callable
from typing import Any

STEP = 16
MOST = 256 << 20
MEMORY_BYTES = 4 << 30
_TOTALS = re.compile(r"Arena allocation (total|head|tail) (\d+) bytes")


def tell(**what: Any) -> None:
    """Print a line at once, for the next act may be the last."""
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def captured(act: Callable[[], Any]) -> str:
    """Return what an act printed to the process's standard error."""
    kept = os.dup(2)
    with tempfile.TemporaryFile() as words:
        os.dup2(words.fileno(), 2)
        try:
            act()
        finally:
            os.dup2(kept, 2)
            os.close(kept)
        words.seek(0)
        return words.read(1 << 20).decode("utf-8", "replace")


def main(model: str, too_small: int, start: int) -> None:
    """Try arenas until the smallest that works is found."""
    from tflite_micro import runtime

    with open(model, "rb") as stream:
        content = stream.read()

    def works(size: int) -> Any:
        tell(**{"try": size})
        try:
            made = runtime.Interpreter.from_bytes(content, arena_size=size)
        except (RuntimeError, ValueError) as exc:
            tell(works=False, size=size, reason=" ".join(str(exc).split())[:300])
            return None
        tell(works=True, size=size)
        return made

    enough = start
    interpreter = works(enough)
    while interpreter is None and enough < MOST:
        enough *= 4
        interpreter = works(enough)
    if interpreter is None:
        return
    totals = dict(_TOTALS.findall(captured(interpreter.print_allocations)))
    reported = {name: int(size) for name, size in totals.items()}
    tell(reported=reported)
    too_small = max(too_small, reported.get("total", STEP) - STEP)
    del interpreter
    while enough - too_small > STEP:
        middle = (enough + too_small) // 2 // STEP * STEP
        if middle in (enough, too_small):
            break
        if works(middle) is None:
            too_small = middle
        else:
            enough = middle
    runtime.Interpreter.from_bytes(content, arena_size=enough).invoke()
    tell(smallest=enough)


if __name__ == "__main__":
    for limit, bytes_max in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_FSIZE, 1 << 24),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (bytes_max, bytes_max))
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
