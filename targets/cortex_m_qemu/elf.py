"""What a 32-bit little-endian ELF file says of itself: sections and symbols.

Source: Tool Interface Standard, Executable and Linking Format 1.2. The file may be
anybody's: everything is checked against its length.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ...harness.errors import ModelError

FILE_BYTES_MAX = 256 << 20

_HEADER = struct.Struct("<16sHHIIIIIHHHHHH")
_SECTION = struct.Struct("<10I")
_SYMBOL = struct.Struct("<IIIBBH")
_MAGIC = b"\x7fELF\x01\x01"
_EM_ARM = 40
_SHT_SYMTAB, _SHT_NOBITS = 2, 8
_SHF_WRITE, _SHF_ALLOC = 1, 2
_SECTIONS_MAX = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Bytes that a program takes, as ``size`` counts them.

    ``text`` is code and constants, ``data`` stands in both memories, ``bss`` is zeroed
    at the start, the stack included where the linker script reserves one.
    """

    text_bytes: int
    data_bytes: int
    bss_bytes: int

    @property
    def flash_bytes(self) -> int:
        """Return what the program takes of the memory that keeps it."""
        return self.text_bytes + self.data_bytes

    @property
    def ram_bytes(self) -> int:
        """Return what it takes of the memory that it works in."""
        return self.data_bytes + self.bss_bytes


@dataclass(frozen=True, slots=True)
class Symbol:
    """A function, variable or address with a name."""

    address: int
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """An ELF file: its sizes, and its symbols by name."""

    sizes: Sizes
    symbols: dict[str, Symbol]


def read_elf(path: Path) -> Program:
    """Return what an ELF file for Arm says of itself.

    Raises:
        ModelError: it cannot be read or is none.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(FILE_BYTES_MAX + 1)
    except (OSError, ValueError) as exc:
        reason = getattr(exc, "strerror", None) or str(exc)
        raise ModelError(f"firmware {str(path)!r} cannot be read: {reason}") from exc
    try:
        return _program(content)
    except struct.error as exc:
        raise ModelError(f"firmware {str(path)!r} is cut off; build it again") from exc
    except ModelError as exc:
        raise ModelError(f"firmware {str(path)!r}: {exc}") from exc


def _program(content: bytes) -> Program:
    if len(content) > FILE_BYTES_MAX:
        raise ModelError(f"larger than {FILE_BYTES_MAX} bytes")
    if content[:6] != _MAGIC:
        raise ModelError("no 32-bit little-endian ELF file")
    header = _HEADER.unpack_from(content)
    machine, offset, size, count = header[2], header[6], header[11], header[12]
    if machine != _EM_ARM:
        raise ModelError(f"for the machine {machine}; {_EM_ARM}, Arm, is valid")
    if not (size == _SECTION.size and 0 < count <= _SECTIONS_MAX):
        raise ModelError(f"it has {count} sections of {size} bytes")
    sections = [_SECTION.unpack_from(content, offset + i * size) for i in range(count)]
    totals = {"text": 0, "data": 0, "bss": 0}
    for _, kind, flags, _, _, length, *_ in sections:
        if not flags & _SHF_ALLOC:
            continue
        if kind == _SHT_NOBITS:
            totals["bss"] += length
        else:
            totals["data" if flags & _SHF_WRITE else "text"] += length
    return Program(
        sizes=Sizes(
            text_bytes=totals["text"],
            data_bytes=totals["data"],
            bss_bytes=totals["bss"],
        ),
        symbols=dict(_symbols(content, sections)),
    )


def _symbols(
    content: bytes, sections: list[tuple[int, ...]]
) -> Iterator[tuple[str, Symbol]]:
    for section in sections:
        kind, offset, length, link = section[1], section[4], section[5], section[6]
        if kind != _SHT_SYMTAB or link >= len(sections):
            continue
        if offset + length > len(content):
            raise ModelError("its symbols lie outside of the file")
        names_at, names_length = sections[link][4], sections[link][5]
        names = content[names_at : names_at + names_length]
        for at in range(offset, offset + length - _SYMBOL.size + 1, _SYMBOL.size):
            name, value, size, _, _, place = _SYMBOL.unpack_from(content, at)
            if place:  # defined here
                text = names[name : names.find(b"\0", name)]
                yield text.decode("ascii", "replace"), Symbol(value, size)
