"""Read files of published results; which format a file has, its columns tell."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from ..errors import InputError, Mistakes
from . import coral, hailo, mlperf_inference, mlperf_tiny
from .cells import Cells
from .result import PublishedResult

FILE_BYTES_MAX = 64 << 20
FORMATS: tuple[ModuleType, ...] = (mlperf_inference, mlperf_tiny, hailo, coral)
_Rows = Sequence[tuple[str, Mapping[str, object]]]
_Read = Callable[[Cells], list[PublishedResult] | str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedFile:
    """What a file holds; ``left_out`` counts its other rows by their reason."""

    path: Path
    title: str
    results: tuple[PublishedResult, ...]
    left_out: Mapping[str, int]


def read_published(paths: Iterable[Path]) -> list[PublishedFile]:
    """Return what files hold, the format of each recognised by its columns.

    Raises:
        InputError: a file cannot be read or is of no known format, or all the rows of
            all files in which something is wrong, or two of which are the same.
    """
    files: list[PublishedFile] = []
    mistakes: list[str] = []
    for path in paths:
        try:
            files.append(_read_file(path))
        except InputError as exc:
            mistakes += exc.lines
    if mistakes:
        raise Mistakes(mistakes)
    return files


def _read_file(path: Path) -> PublishedFile:
    rows = _rows(path)
    columns = {key for _, row in rows[:1] for key in row if isinstance(key, str)}
    for form in FORMATS:
        if columns >= form.COLUMNS:
            return _read_rows(path, form.TITLE, form.read, rows)
    nearest = max(FORMATS, key=lambda form: len(form.COLUMNS & columns))
    missing = ", ".join(sorted(nearest.COLUMNS - columns))
    raise InputError(
        f"published results {str(path)!r}: the columns are those of no known table: "
        f"{', '.join(form.TITLE for form in FORMATS)}; of {nearest.TITLE} it lacks "
        f"{missing}"
    )


def _read_rows(path: Path, title: str, read: _Read, rows: _Rows) -> PublishedFile:
    results: dict[str, PublishedResult] = {}
    mistakes: list[str] = []
    left_out: Counter[str] = Counter()
    for place, row in rows:
        cells = Cells(row)
        found = read(cells)
        problems = list(cells.problems)
        if isinstance(found, str):
            left_out[found] += not problems
        for result in () if problems or isinstance(found, str) else found:
            known = results.setdefault(result.key, result)
            if known is not result and known != result:
                problems.append(
                    f"tells otherwise than an earlier row of {known.model!r}"
                )
        where = f"published results {str(path)!r}: {place}, "
        mistakes += [where + problem for problem in problems]
    if mistakes:
        raise Mistakes(mistakes)
    return PublishedFile(
        path=path,
        title=title,
        results=tuple(results.values()),
        left_out={reason: n for reason, n in left_out.items() if n},
    )


def _rows(path: Path) -> _Rows:
    """Return (place, row) of a CSV file, or of JSON: a list, or ``rows``."""
    text = _text(path)
    if text.lstrip()[:1] in ("{", "["):
        return _json_rows(path, text)
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    rows = []
    try:
        for row in reader:
            if None in row or None in row.values():
                raise InputError(
                    f"published results {str(path)!r}: line {reader.line_num}: must "
                    f"hold {len(reader.fieldnames or ())} cells as the first line does"
                )
            rows.append((f"line {reader.line_num}", row))
    except csv.Error as exc:
        raise InputError(
            f"published results {str(path)!r}: line {reader.line_num}: no CSV: {exc}"
        ) from exc
    return _some(path, rows)


def _json_rows(path: Path, text: str) -> _Rows:
    try:
        content: Any = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise InputError(f"published results {str(path)!r}: no JSON: {exc}") from exc
    found = content.get("rows") if isinstance(content, dict) else content
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise InputError(
            f"published results {str(path)!r}: must be a list of objects, or an object "
            "whose 'rows' are one"
        )
    return _some(path, [(f"row {i}", row) for i, row in enumerate(found, 1)])


def _some(path: Path, rows: list[Any]) -> _Rows:
    if not rows:
        raise InputError(f"published results {str(path)!r}: holds no rows")
    return rows


def _text(path: Path) -> str:
    try:
        if not path.is_file():
            raise InputError(
                f"published results {str(path)!r}: no such file; check the path"
            )
        if (size := path.stat().st_size) > FILE_BYTES_MAX:
            raise InputError(
                f"published results {str(path)!r}: {size} bytes; "
                f"{FILE_BYTES_MAX} at most are valid"
            )
        return path.read_text("utf-8-sig")
    except (OSError, ValueError) as exc:
        reason = getattr(exc, "strerror", None) or "not UTF-8"
        raise InputError(
            f"published results {str(path)!r}: cannot be read: {reason}; check the path"
        ) from exc
