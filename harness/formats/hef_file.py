"""What a Hailo Executable Format file says of itself: header, chip, operators.

A header in network byte order (magic, version, size of the description, then what the
version brings: a checksum and the size of the configuration behind), and a description
in Protocol Buffers. Layouts and field numbers: ``hef_internal.hpp`` and ``hef.proto``
of hailo-ai/hailort, v4.23.0 (08f088d) and v5.2.0 (41a720b).

It travels to devices too: standard library only, syntax of Python 3.9.
"""

from __future__ import annotations

import os
import struct
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

MAGIC = 0x01484546
COMMON = struct.Struct(">III")
DISTINCT = {
    0: struct.Struct(">I16s"),  # reserved, MD5
    1: struct.Struct(">IQI"),  # CRC, configuration, reserved
    2: struct.Struct(">QQQQ"),  # XXH3, configuration, reserved twice
    3: struct.Struct(">QQIQQQ"),  # XXH3, configuration, padding, more, reserved twice
}
"""What follows the common part of the header, by version."""

ARCHITECTURES = {
    0: "hailo8",
    1: "hailo8p",
    2: "hailo8r",
    3: "hailo8l",
    4: "hailo15m",
    5: "hailo10h",
    6: "hailo15l",
    103: "hailo15h",  # of 5.x also what Hailo-10H runs
}
CORE = "hailo_core"
"""The operator that stands for all that one graph runs on the chip."""

_LOGITS = {0: "argmax", 1: "softmax"}
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


class HefFile(NamedTuple):
    """What was read; ``operators`` other than ``CORE`` run on the host's CPU.

    ``architecture`` is the chip that it was compiled for, ``compiler`` the version of
    the Dataflow Compiler; None where the file does not say.
    """

    version: int
    architecture: str | None
    compiler: str | None
    operators: dict[str, int]

    @property
    def on_host(self) -> dict[str, int]:
        """Return the operators that HailoRT runs on the CPU, counted by name."""
        return {name: n for name, n in self.operators.items() if name != CORE}


def read_hef(path: str) -> HefFile:
    """Return what a HEF says of itself.

    Raises:
        ValueError: it is none, of an unknown version, cut off, or damaged.
        OSError: it cannot be read.
    """
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        version, described = _header(file, size)
        content = file.read(described)
    return _description(version, memoryview(content))


def _header(file: Any, size: int) -> tuple[int, int]:
    """Return the version and the size of the description, which comes next."""
    head = file.read(COMMON.size)
    if len(head) < COMMON.size or COMMON.unpack(head)[0] != MAGIC:
        raise ValueError(f"not a HEF: it starts with {head[:8]!r}")
    _, version, described = COMMON.unpack(head)
    rest = DISTINCT.get(version)
    if rest is None:
        known = ", ".join(map(str, DISTINCT))
        raise ValueError(f"HEF of version {version}; known are {known}")
    raw = file.read(rest.size)
    if len(raw) < rest.size:
        raise ValueError("its header is cut off; copy it again")
    fields = rest.unpack(raw)
    behind = 0 if version == 0 else fields[1]
    if version == 3:
        behind += fields[3]
    told, there = described + behind, size - COMMON.size - rest.size
    if told != there:
        raise ValueError(
            f"its header tells of {told} bytes and {there} follow; copy it again"
        )
    return version, described


def _description(version: int, content: memoryview) -> HefFile:
    architecture: str | None = "hailo8"  # Protocol Buffers leave out a zero
    compiler: str | None = None
    operators: Counter[str] = Counter()
    groups = 0
    for number, value in _fields(content):
        if number == 1 and isinstance(value, memoryview):
            told = dict(_fields(value))
            code = told.get(1, 0)
            architecture = ARCHITECTURES.get(code) if isinstance(code, int) else None
            compiler = _text(told.get(3))
        elif number == 2 and isinstance(value, memoryview):
            groups += 1
            found = Counter(_operators(value))
            # Older files list no operators: a group is one graph on the chip.
            operators.update(found or {CORE: 1})
    if not groups:
        raise ValueError("it describes no network; compile it again")
    return HefFile(version, architecture, compiler, dict(operators))


def _operators(group: memoryview) -> Iterator[str]:
    for number, operator in _fields(group):
        if number != 8 or not isinstance(operator, memoryview):
            continue
        for kind, value in _fields(operator):
            if kind == 4:
                yield CORE
            elif kind == 5:
                yield "nms"
            elif kind == 6 and isinstance(value, memoryview):
                code = dict(_fields(value)).get(1, 0)
                yield _LOGITS.get(code, "logits") if isinstance(code, int) else "logits"


def _text(value: int | memoryview | None) -> str | None:
    if not isinstance(value, memoryview):
        return None
    return bytes(value[:100]).decode("utf-8", "replace") or None


def _fields(content: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Yield number and value of each field of one message.

    Raises:
        ValueError: it ends within a field, or holds what no message has.
    """
    place, end = 0, len(content)
    while place < end:
        key, place = _varint(content, place)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value, place = _varint(content, place)
            yield number, value
            continue
        if kind == _BYTES:
            length, place = _varint(content, place)
        elif kind in (_FIXED64, _FIXED32):
            length = 8 if kind == _FIXED64 else 4
        else:
            raise ValueError(f"its description holds a field of kind {kind}")
        if place + length > end:
            raise ValueError("its description is cut off; copy it again")
        yield number, content[place : place + length]
        place += length


def _varint(content: memoryview, place: int) -> tuple[int, int]:
    value = shift = 0
    while place < len(content) and shift < 64:
        byte = content[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7
    raise ValueError("its description is cut off or damaged; copy it again")
