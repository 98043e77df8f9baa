"""The smallest arena in which the Python package's interpreter works."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path

from ...harness.child import Answer, run
from ...harness.errors import CaseError

PROBE = Path(__file__).parent / "probe.py"
START_MIN_BYTES = 1 << 20
TIMEOUT_S = 120.0
DEATHS_MAX = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Bytes in this machine's build: the smallest that works, and what it reports."""

    smallest: int
    total: int | None
    head: int | None
    tail: int | None


def smallest_arena(
    model: Path, python: str | None = None, timeout_s: float = TIMEOUT_S
) -> Found:
    """Return the smallest arena that a model works in, to 16 bytes.

    Args:
        model: a .tflite file.
        python: the interpreter that has tflite-micro; None for this one.
        timeout_s: seconds for all tries together.

    Raises:
        CaseError: no arena works, or the time is up.
    """
    deadline = time.monotonic() + timeout_s
    too_small = 0
    reported: dict[str, int] = {}
    start = max(START_MIN_BYTES, 10 * model.stat().st_size)
    why = "no arena works"
    for _ in range(DEATHS_MAX):
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            raise CaseError(f"no smallest arena was found within {timeout_s:g} s")
        answer = _probe(model, python, too_small, start, left_s)
        for line in answer.lines:
            if line.get("works") is True:
                start = min(start, int(line["size"]))
            reported = line.get("reported", reported)
            why = line.get("reason", why)
            if "smallest" in line:
                told = {k: reported.get(k) for k in ("total", "head", "tail")}
                return Found(smallest=int(line["smallest"]), **told)
        tried = _in_flight(answer)
        if answer.death is None:
            raise CaseError(f"TensorFlow Lite Micro refuses the model: {why}")
        if tried is None or tried >= start:
            raise CaseError(f"TensorFlow Lite Micro {answer.death}")
        too_small = tried
    raise CaseError(f"TensorFlow Lite Micro crashed in {DEATHS_MAX} sizes of its arena")


def _probe(
    model: Path, python: str | None, too_small: int, start: int, timeout_s: float
) -> Answer:
    executable = python or sys.executable
    limits = (str(too_small), str(start))
    try:
        return run(
            [executable, "-I", "-B", PROBE, model.absolute(), *limits], timeout_s
        )
    except OSError as exc:
        raise CaseError(f"{executable} cannot be started: {exc}") from exc


def _in_flight(answer: Answer) -> int | None:
    """Return the size whose try was never answered."""
    if not answer.lines or "try" not in answer.lines[-1]:
        return None
    return int(answer.lines[-1]["try"])
