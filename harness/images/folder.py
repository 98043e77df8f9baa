"""A folder of images with their labels, read and hashed but not decoded.

``labels.csv`` has the header ``file,label`` and one image a line. Whole numbers are
class indices, other numbers what a regression should put out, and any other text class
names, whose indices are their places among the sorted names, or in ``classes.txt``.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import DataError, InputError
from ..hashing import file_sha256
from ..values import canonical_json
from . import LABELS_FILE

if TYPE_CHECKING:
    from numpy.typing import NDArray

CLASSES_FILE = "classes.txt"
HEADER = ["file", "label"]
TEXT_BYTES_MAX = 64 << 20
IMAGE_BYTES_MAX = 64 << 20
NAME_MAX = 1000

_INDEX = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ImageFolder:
    """Images by their path in a folder, with labels as in ``model.Data``."""

    path: Path
    files: tuple[str, ...]
    labels: NDArray[np.int64] | NDArray[np.float64] | None
    classes: tuple[str, ...]
    sha256: str


def read_folder(path: Path) -> ImageFolder:
    """Return what a folder's labels.csv names, every file checked and hashed.

    Raises:
        DataError: labels.csv cannot be read, or all is not as it says, or a file
            lies outside the folder or is no regular one.
    """
    rows = _rows(path)
    classes = _classes(path)
    labels, classes = _labels(path, [label for _, label in rows], classes)
    files = tuple(name for name, _ in rows)
    hashes = [_checked_sha256(path, name) for name in files]
    content = {
        "files": list(zip(files, hashes, strict=True)),
        "labels": None if labels is None else labels.tolist(),
        "classes": classes,
    }
    return ImageFolder(
        path=path,
        files=files,
        labels=labels,
        classes=classes,
        sha256=hashlib.sha256(canonical_json(content).encode()).hexdigest(),
    )


def _rows(path: Path) -> list[tuple[str, str]]:
    """Return name and label of each line, every name once."""
    reader = csv.reader(io.StringIO(_text(path / LABELS_FILE), newline=""))
    found: dict[str, str] = {}
    try:
        header = [cell.strip() for cell in next(reader, [])]
        if header != HEADER:
            raise _error(
                path,
                f"the first line is {str(header)[:80]!r}; "
                f"{','.join(HEADER)!r} is valid",
            )
        for row in reader:
            if not row:
                continue
            if len(row) != 2 or not row[0].strip() or max(map(len, row)) > NAME_MAX:
                raise _error(
                    path,
                    f"line {reader.line_num} is {str(row)[:80]!r}; a file, a "
                    "comma and a label are valid",
                )
            name, label = row[0].strip(), row[1].strip()
            if name in found:
                raise _error(
                    path,
                    f"line {reader.line_num}: {name!r} stands there twice; name "
                    "it once",
                )
            found[name] = label
    except csv.Error as exc:
        raise _error(path, f"line {reader.line_num}: {exc}; save it as CSV") from exc
    if not found:
        raise _error(path, "names no images; one a line is valid")
    return list(found.items())


def _classes(path: Path) -> tuple[str, ...]:
    """Return the lines of classes.txt, none where it is not there."""
    if not (path / CLASSES_FILE).exists():
        return ()
    lines = _text(path / CLASSES_FILE).strip().split("\n")
    names = tuple(line.strip() for line in lines)
    if "" in names or len(set(names)) < len(names):
        raise _error(
            path,
            "an empty line, or a name twice; one name a line is valid",
            CLASSES_FILE,
        )
    return names


def _labels(
    path: Path, given: Sequence[str], classes: tuple[str, ...]
) -> tuple[Any, tuple[str, ...]]:
    """Return the labels' values and their classes' names."""
    if not any(given):
        return None, classes
    if "" in given:
        raise _error(
            path,
            f"image number {given.index('') + 1} has no label; give all of "
            "them one, or none",
        )
    indices = all(_INDEX.fullmatch(label) for label in given)
    if not indices and not classes:
        numbers = [_number(label) for label in given]
        if None not in numbers:
            return _finite(path, given, np.array(numbers, np.float64)), ()
    if not indices or set(given) <= set(classes):
        classes = classes or tuple(sorted(set(given)))
        places = {name: place for place, name in enumerate(classes)}
        unknown = sorted(set(given) - set(classes))
        if unknown:
            raise _error(
                path, f"label {unknown[0]!r} is not in {CLASSES_FILE}; add it there"
            )
        return np.array([places[label] for label in given], np.int64), classes
    labels = np.array([int(label) for label in given], np.int64)
    if classes and labels.max() >= len(classes):
        raise _error(
            path,
            f"label {int(labels.max())} with {len(classes)} lines in "
            f"{CLASSES_FILE}; indices begin at 0",
        )
    return labels, classes


def _number(label: str) -> float | None:
    try:
        return float(label)
    except ValueError:
        return None


def _finite(
    path: Path, given: Sequence[str], numbers: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the numbers; one that is not finite would else make classes of all."""
    wrong = np.flatnonzero(~np.isfinite(numbers))
    if len(wrong):
        raise _error(path, f"label {given[wrong[0]]!r}; only finite numbers are valid")
    return numbers


def _text(path: Path) -> str:
    try:
        if not path.is_file():
            raise _error(path.parent, "is not a regular file", path.name)
        with path.open("rb") as stream:
            content = stream.read(TEXT_BYTES_MAX + 1)
        if len(content) > TEXT_BYTES_MAX:
            raise _error(
                path.parent, f"more than {TEXT_BYTES_MAX} bytes; split it", path.name
            )
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise _error(
            path.parent,
            f"is not UTF-8 at byte {exc.start}; save it as UTF-8",
            path.name,
        ) from exc
    except OSError as exc:
        raise _error(
            path.parent, f"cannot be read: {exc.strerror}; check the path", path.name
        ) from exc


def _checked_sha256(folder: Path, name: str) -> str:
    """Return the hash of a file that lies in the folder, links followed."""
    try:
        path = (folder / name).resolve(strict=True)
        if not path.is_relative_to(folder.resolve()):
            raise _error(
                folder,
                f"image {name!r} lies outside the folder; only those in it are valid",
            )
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise _error(folder, f"image {name!r} is not a regular file; name a file")
        if found.st_size > IMAGE_BYTES_MAX:
            raise _error(
                folder,
                f"image {name!r} has {found.st_size} bytes; {IMAGE_BYTES_MAX} "
                "at most are valid: save it smaller",
            )
        return file_sha256(path)
    except DataError:
        raise
    except (OSError, RuntimeError, ValueError) as exc:  # also a loop of links
        reason = getattr(exc, "strerror", None) or exc
        raise _error(
            folder, f"image {name!r} cannot be read: {reason}; check its name"
        ) from exc
    except InputError as exc:
        raise _error(folder, f"image {name!r}: {exc}") from exc


def _error(folder: Path, problem: str, file: str = LABELS_FILE) -> DataError:
    return DataError(f"data {str(folder / file)!r}: {problem}")
