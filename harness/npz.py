"""Read the arrays of a .npz file that nobody vouches for.

What a file declares is checked before memory is taken for it, and objects, which only
a pickle can hold, are refused.
"""

from __future__ import annotations

import zipfile
import zlib
from math import prod
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.lib import format as npy

from .errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIZE_BYTES_MAX = 4 << 30
_SUFFIX = ".npy"


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Return a file's arrays by name: booleans, integers and floats.

    Raises:
        DataError: not a .npz file, more than 4 GiB, damaged, or of other types.
    """
    try:
        if not path.is_file():
            raise DataError(f"data {str(path)!r}: not a file; name a .npz file")
        with zipfile.ZipFile(path) as archive:
            members = _members(path, archive)
            return {
                name: _read(path, name, archive, member)
                for name, member in members.items()
            }
    except zipfile.BadZipFile as exc:
        raise DataError(
            f"data {str(path)!r}: not a .npz file ({exc}); make it with numpy.savez"
        ) from exc
    except (OSError, EOFError, RuntimeError, TypeError, ValueError, zlib.error) as exc:
        # Of zipfile and NumPy: encryption, unknown compression, torn or odd headers.
        reason = " ".join(str(exc).split())[:200]
        raise DataError(
            f"data {str(path)!r}: damaged ({reason}); make it with numpy.savez"
        ) from exc


def _members(path: Path, archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    found: dict[str, zipfile.ZipInfo] = {}
    for member in archive.infolist():
        name = member.filename.removesuffix(_SUFFIX)
        if name == member.filename or name in found:
            raise DataError(
                f"data {str(path)!r}: member {member.filename!r} is no array or there "
                "twice; make it with numpy.savez"
            )
        found[name] = member
    size = sum(member.file_size for member in found.values())
    if size > SIZE_BYTES_MAX:
        raise DataError(
            f"data {str(path)!r}: declares {size} bytes; {SIZE_BYTES_MAX} at most are "
            "valid: give fewer samples"
        )
    return found


def _read(
    path: Path, name: str, archive: zipfile.ZipFile, member: zipfile.ZipInfo
) -> NDArray[Any]:
    with archive.open(member) as stream:
        shape, in_columns, dtype = _header(stream)
        if dtype.hasobject or dtype.kind not in "biuf":
            raise DataError(
                f"data {str(path)!r}: array {name!r} is of {dtype.name!r}; numbers are "
                "valid, objects and text are not"
            )
        need = prod(shape) * dtype.itemsize
        if need != member.file_size - stream.tell():
            raise DataError(
                f"data {str(path)!r}: array {name!r} of shape {shape!r} needs {need} "
                f"bytes, {member.file_size - stream.tell()} are there; save it again"
            )
        content = stream.read()
    array: NDArray[Any] = np.frombuffer(content, dtype).reshape(
        shape, order="F" if in_columns else "C"
    )
    return np.asarray(array, dtype.newbyteorder("="), order="C")


def _header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = npy.read_magic(stream)
    read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    if version in read:
        try:
            return read[version](stream)
        except Exception as exc:  # NumPy parses it as Python, which fails in many ways
            raise ValueError(f"array header: {exc}") from exc
    raise ValueError(f"array format version {version!r}; 1.0 and 2.0 are valid")
