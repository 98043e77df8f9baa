"""What the replies of the MLPerf Tiny device protocol say, read strictly.

Source: mlcommons/tiny, ``benchmark/api/internally_implemented.cpp``. Whatever is not
exactly what a command's reply may be is ``Garbled``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from .lines import Garbled, Line

LAP_RANGE_US = 1 << 32
"""The device's microseconds wrap here, every 71.6 minutes."""

RESULTS_MAX = 65_536
VALUE_CHARACTERS = 32

_LAP = re.compile(r"m-lap-us-(\d{1,10})")
_BRACKETS = re.compile(r"m-(name-dut|profile|model|results)-\[(.*)\]")
_BUFFER = re.compile(r"m-buffer-([0-9a-fA-F]{2}(?:-[0-9a-fA-F]{2})*)")
_NUMBER = re.compile(r"-?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inference:
    """What ``infer`` told: ``calls`` inferences between two laps, then the results.

    ``device_us`` is the time between the laps by the device's timer, None where it
    tells none (energy mode). ``began_ns`` and ``ended_ns`` are when the lines that
    enclose the window came, on this machine's monotonic clock.
    """

    calls: int
    device_us: int | None
    results: tuple[float, ...]
    began_ns: int
    ended_ns: int

    @property
    def host_us(self) -> float:
        """Return for how long the window lasted by this machine's clock."""
        return (self.ended_ns - self.began_ns) / 1e3


def inference(lines: Sequence[Line], calls: int, warm_ups: int) -> Inference:
    """Return what the reply to ``infer`` says.

    Raises:
        Garbled: a line is missing, doubled, out of order or not of such a reply.
    """
    texts = [line.text for line in lines]
    head = [f"m-warmup-start-{warm_ups}", "m-warmup-done", f"m-infer-start-{calls}"]
    if texts[:3] != head:
        raise Garbled(_unlike(texts[:3], head))
    rest = list(lines[3:])
    laps = [line for line in rest if line.text.startswith("m-lap-us-")]
    if laps:
        if len(laps) != 2 or rest[:2] != laps:
            raise Garbled(_unlike([line.text for line in rest], ["two laps"]))
        first, last = (_lap(line.text) for line in laps)
        device_us, rest = (last - first) % LAP_RANGE_US, rest[2:]
        began_ns, ended_ns = laps[0].at_ns, laps[1].at_ns
    else:
        device_us = None
        began_ns = lines[2].at_ns
        ended_ns = rest[0].at_ns if rest else began_ns
    texts = [line.text for line in rest]
    if len(rest) != 2 or texts[0] != "m-infer-done":
        raise Garbled(_unlike(texts, ["m-infer-done", "m-results-[...]"]))
    return Inference(
        calls=calls,
        device_us=device_us,
        results=results(texts[1:]),
        began_ns=began_ns,
        ended_ns=ended_ns,
    )


def lap_us(texts: Sequence[str]) -> int | None:
    """Return what ``timestamp`` told, None where the device keeps its time to itself.

    Raises:
        Garbled: it is no lap.
    """
    if not texts:
        return None
    if len(texts) != 1:
        raise Garbled(_unlike(texts, ["m-lap-us-N"]))
    return _lap(texts[0])


def named(texts: Sequence[str], *names: str) -> tuple[str, ...]:
    """Return what stands in the brackets of exactly these lines.

    Raises:
        Garbled: other lines came.
    """
    matches = [_BRACKETS.fullmatch(text) for text in texts]
    found = [(m[1], m[2]) for m in matches if m is not None]
    if len(texts) != len(names) or tuple(name for name, _ in found) != names:
        raise Garbled(_unlike(texts, [f"m-{name}-[...]" for name in names]))
    return tuple(value for _, value in found)


def results(texts: Sequence[str]) -> tuple[float, ...]:
    """Return the numbers of ``m-results-[...]``; a comma may follow the last.

    The reference firmware for person detection prints one comma too many.

    Raises:
        Garbled: there is another line, or something that is no finite number.
    """
    (inside,) = named(texts, "results")
    parts = inside.removesuffix(",").split(",")
    if len(parts) > RESULTS_MAX:
        raise Garbled(f"{len(parts)} results came; {RESULTS_MAX} at most are taken")
    return tuple(_number(part.strip()) for part in parts)


def printed_bytes(texts: Sequence[str]) -> bytes:
    """Return what ``db print`` told, on one line or on several.

    Raises:
        Garbled: a line is of another kind.
    """
    held = b""
    for text in texts:
        if (match := _BUFFER.fullmatch(text)) is None:
            raise Garbled(_unlike([text], ["m-buffer-hh-hh..."]))
        held += bytes.fromhex(match[1].replace("-", ""))
    return held


def first_other(sent: Sequence[object], came: Sequence[object]) -> str:
    """Return where two sequences differ first, for a message."""
    for place, (one, other) in enumerate(zip(sent, came, strict=False)):
        if one != other:
            return f"{other!r} instead of {one!r} at {place}"
    return f"at {min(len(sent), len(came))}, where one ends"


def _lap(text: str) -> int:
    match = _LAP.fullmatch(text)
    if match is None or int(match[1]) >= LAP_RANGE_US:
        raise Garbled(_unlike([text], ["m-lap-us-N, N below 2^32"]))
    return int(match[1])


def _number(text: str) -> float:
    match = _NUMBER.fullmatch(text) if len(text) <= VALUE_CHARACTERS else None
    value = float(text) if match else math.nan
    if not math.isfinite(value):
        raise Garbled(
            f"among the results stands {text[:VALUE_CHARACTERS]!r}, no number"
        )
    return value


def _unlike(came: Sequence[str], due: Sequence[str]) -> str:
    said = ", ".join(repr(text[:60]) for text in came[:6]) or "nothing"
    return f"{said} came where {', '.join(due)} was due"
