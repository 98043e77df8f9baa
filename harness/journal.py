"""An append-only file of records that survives ``kill -9`` at any byte.

After one line that names format and version, every record is ::

    mark | head size | body size | crc32 of head + body | crc32 of the fields before

as little-endian integers, then the head (JSON: kind, header, arrays) and the body
(the arrays' bytes, one after another). One `os.write` puts down a whole record, so
only the last record of the file can be torn.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from struct import Struct
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple
from zlib import crc32

from .codec import from_wire, to_wire
from .errors import StoreError
from .plain import from_plain, parse_json, to_plain
from .values import Block, Clock, Evidence, Series

if TYPE_CHECKING:
    from .values import Samples

_NAME = b"tierbench journal "
_MAGIC = _NAME + b"1\n"
_MARK = b"\xf5tbr"
_FIELDS = Struct("<4sIQI")
_CRC = Struct("<I")
_PREFIX_BYTES = _FIELDS.size + _CRC.size
BLOCK = "block"
"""The kind of the records that `block_record` makes."""


class Record(NamedTuple):
    """What one `Journal.append` wrote: its kind, its header and its arrays."""

    kind: str
    header: Mapping[str, Any]
    arrays: Mapping[str, Samples] = {}


class Journal:
    """A journal open for appending, by one process at a time; a context manager."""

    def __init__(self, path: Path, descriptor: int, end: int) -> None:
        """Keep what `open` found; call that instead."""
        self.path = path
        self._descriptor = descriptor
        self._end = end

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Journal:
        """Open the journal at ``path``, made if absent, its torn tail cut off.

        Raise `StoreError` where another process has it open, where it is no journal
        of this version, or where a record in its middle is damaged.
        """
        path = Path(path)
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        except OSError as exc:
            raise _failed(path, "opened", exc) from exc
        try:
            _lock(path, descriptor)
            end = _last_good(path)
            os.ftruncate(descriptor, end)  # the tail is torn: nothing acknowledged
            if end == 0:
                os.write(descriptor, _MAGIC)
            return cls(path, descriptor, max(end, len(_MAGIC)))
        except BaseException as exc:
            os.close(descriptor)
            if isinstance(exc, OSError):
                raise _failed(path, "opened", exc) from exc
            raise

    def append(
        self,
        kind: str,
        header: Mapping[str, Any],
        arrays: Mapping[str, Samples] | None = None,
        *,
        fsync: bool = False,
    ) -> None:
        """Write one record; it outlives this process, with ``fsync`` also the power.

        ``header`` is anything that `to_plain` takes; ``arrays`` are 1-D, of int64 or
        float64. Raise `StoreError` where nothing could be written: the file then
        ends as before.
        """
        record = _pack(kind, header, arrays or {})
        try:
            written = os.write(self._descriptor, record)
            if written != len(record):
                raise OSError(f"{written} of {len(record)} bytes fitted")
            if fsync:
                os.fsync(self._descriptor)
        except OSError as exc:
            os.ftruncate(self._descriptor, self._end)
            raise _failed(self.path, "written", exc) from exc
        self._end += len(record)

    def close(self) -> None:
        """Close the file, once."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Journal:
        """Return the journal itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self.close()


def read_journal(path: str | os.PathLike[str]) -> Iterator[Record]:
    """Yield the records of a journal in order, without its torn tail.

    Raise `StoreError` naming file and offset where a damaged record has a good one
    after it, and where the file is absent or no journal of this version.
    """
    path = Path(path)
    for _, head, body in _scan(path):
        yield _unpack(path, head, body)


def block_record(case_key: str, block: Block) -> Record:
    """Return the record that holds ``block`` of the case, for `Journal.append`."""
    header = {
        name: to_plain(getattr(block, name))
        for name in Block.__slots__
        if name != "series"
    }
    kept, arrays = [], {}
    for number, series in enumerate(block.series):
        arrays[f"{number}.values"] = series.values
        if series.times is not None:
            arrays[f"{number}.times"] = series.times
        names = (series.quantity, series.unit, series.clock, series.evidence)
        kept.append(list(map(str, names)))
    return Record(BLOCK, {"case": case_key, "block": header, "series": kept}, arrays)


def record_block(record: Record) -> tuple[str, Block]:
    """Return the case key and the block of a record that `block_record` made.

    Raise `StoreError` where the record holds something else.
    """
    header, arrays = record.header, record.arrays
    try:
        series = tuple(
            Series(
                quantity=quantity,
                unit=unit,
                values=arrays[f"{number}.values"],
                times=arrays.get(f"{number}.times"),
                clock=Clock(clock),
                evidence=Evidence(evidence),
            )
            for number, (quantity, unit, clock, evidence) in enumerate(header["series"])
        )
        plain = {**header["block"], "series": list(series)}
        return str(header["case"]), from_plain(Block, plain)
    except (KeyError, TypeError, ValueError) as exc:
        raise StoreError(f"a record of kind {record.kind!r} holds no block") from exc


def _lock(path: Path, descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as exc:
        raise StoreError(
            f"journal {str(path)!r} is open in another process; wait until it ends"
        ) from exc


def _pack(kind: str, header: Mapping[str, Any], arrays: Mapping[str, Samples]) -> bytes:
    sizes, parts = [], []
    for name, array in arrays.items():
        dtype, data = to_wire(array)
        sizes.append([name, dtype, len(data)])
        parts.append(data)
    head = json.dumps([kind, to_plain(header), sizes]).encode()
    body = b"".join(parts)
    checksum = crc32(body, crc32(head))
    prefix = _FIELDS.pack(_MARK, len(head), len(body), checksum)
    return b"".join((prefix, _CRC.pack(crc32(prefix)), head, body))


def _unpack(path: Path, head: bytes, body: bytes) -> Record:
    kind, header, sizes = parse_json(head.decode())
    arrays, at = {}, 0
    for name, dtype, size in sizes:
        arrays[name] = from_wire(body[at : at + size], dtype)
        at += size
    if at != len(body):
        raise StoreError(f"journal {str(path)!r}: a record's arrays have wrong sizes")
    return Record(kind, header, arrays)


def _last_good(path: Path) -> int:
    """Return where the last good record ends; 0 where not even the magic is whole."""
    start = len(_MAGIC) if path.stat().st_size >= len(_MAGIC) else 0
    return max((end for end, _, _ in _scan(path)), default=start)


def _scan(path: Path) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield end offset, head and body of each good record up to a torn tail."""
    try:
        with path.open("rb") as stream:
            _check_magic(path, stream.read(len(_MAGIC)))
            offset = len(_MAGIC)
            while (found := _record_at(stream, offset)) is not None:
                offset = found[0]
                yield found
            _check_tail(path, stream, offset)
    except OSError as exc:
        raise _failed(path, "read", exc) from exc


def _check_magic(path: Path, magic: bytes) -> None:
    """Raise unless ``magic`` is ours or the torn beginning of it."""
    if not _MAGIC.startswith(magic):
        problem = "of another version" if magic.startswith(_NAME) else "no journal"
        raise StoreError(
            f"{str(path)!r} is {problem}; move it away, or read it with the tierbench "
            "that wrote it"
        )


def _check_tail(path: Path, stream: BinaryIO, offset: int) -> None:
    """Raise where a good record follows ``offset``, which has none."""
    stream.seek(offset)
    tail = stream.read()
    at = 0
    while (at := tail.find(_MARK, at + 1)) >= 0:
        if _record_at(stream, offset + at) is not None:
            raise StoreError(
                f"journal {str(path)!r} is damaged at byte {offset}, and byte "
                f"{offset + at} begins a good record; move it away to go on without it"
            )


def _record_at(stream: BinaryIO, offset: int) -> tuple[int, bytes, bytes] | None:
    """Return end, head and body of the record at ``offset``, None where none is."""
    stream.seek(offset)
    prefix = stream.read(_PREFIX_BYTES)
    if len(prefix) < _PREFIX_BYTES or not prefix.startswith(_MARK):
        return None
    if _CRC.unpack_from(prefix, _FIELDS.size)[0] != crc32(prefix[: _FIELDS.size]):
        return None
    _, head_bytes, body_bytes, checksum = _FIELDS.unpack_from(prefix)
    payload = stream.read(head_bytes + body_bytes)
    if len(payload) < head_bytes + body_bytes or crc32(payload) != checksum:
        return None
    end = offset + _PREFIX_BYTES + len(payload)
    return end, payload[:head_bytes], payload[head_bytes:]


def _failed(path: Path, act: str, exc: OSError) -> StoreError:
    return StoreError(
        f"journal {str(path)!r} cannot be {act}: {exc.strerror or exc}; "
        "check the folder, its permissions and the free disk space"
    )
