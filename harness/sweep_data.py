"""What ``data`` and ``calibration`` of a sweep file name: files, folders, data sets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .accuracy import METRICS, is_metric
from .images import LABELS_FILE, is_image_folder
from .sweep_checks import Found, file_problem, tables
from .sweep_schema import shown, unknown
from .toml_lines import Location

DATA_SUFFIX = ".npz"


def data_mistakes(
    content: Mapping[str, Any], folder: Path, models: Mapping[str, Any]
) -> Found:
    """Yield what is wrong with each model's data, metric, calibration and images."""
    for index, table in tables(content, "model"):
        where: Location = ("model", index)
        data, calibration = table.get("data"), table.get("calibration")
        if isinstance(data, str) and (problem := _data_problem(data, folder, models)):
            yield (*where, "data"), problem
        if isinstance(calibration, str) and (
            problem := _path_problem(calibration, folder)
        ):
            yield (*where, "calibration"), problem
        yield from _metric_mistakes((*where, "metric"), table)
        yield from _image_mistakes(where, table, folder)


def is_data_file(value: str) -> bool:
    """Return whether data are a file of arrays, by its name."""
    return value.lower().endswith(DATA_SUFFIX)


def is_data_path(value: str, folder: Path) -> bool:
    """Return whether data are a file or a folder and no reference data set."""
    return is_data_file(value) or _is_image_folder(value, folder)


def _is_image_folder(value: str, folder: Path) -> bool:
    try:
        return is_image_folder(folder / value)
    except (OSError, ValueError):
        return False


def _data_problem(value: str, folder: Path, models: Mapping[str, Any]) -> str | None:
    if value not in models:
        return _path_problem(value, folder, models)
    if _is_image_folder(value, folder):
        return (
            f"{shown(value)} is a reference data set and a folder of images; write "
            f"'./{value}' for the folder, or rename it for the data set"
        )
    return None


def _path_problem(
    value: str, folder: Path, models: Mapping[str, Any] | None = None
) -> str | None:
    """Return why a path names no data, or None if it does."""
    if is_data_file(value):
        return file_problem(folder, value)
    if _is_image_folder(value, folder):
        return None
    problem = file_problem(folder, value)
    if problem is None:
        return (
            f"{shown(value)} is a file of another kind; a {DATA_SUFFIX} file is valid"
        )
    if _is_folder(value, folder):
        return f"{shown(value)} is a folder without {LABELS_FILE}; write one into it"
    valid = f"the path of a {DATA_SUFFIX} file or of a folder with {LABELS_FILE}"
    if models is None:
        return f"{shown(value)} does not exist; {valid} is valid"
    return unknown("reference data set", value, sorted(models)) + f"; or {valid}"


def _is_folder(value: str, folder: Path) -> bool:
    try:
        return (folder / value).is_dir()
    except (OSError, ValueError):
        return False


def _metric_mistakes(where: Location, table: Mapping[str, Any]) -> Found:
    metric = table.get("metric")
    if isinstance(metric, str) and not is_metric(metric):
        yield where, unknown("metric", metric, METRICS)
    elif "metric" in table and "path" in table and "data" not in table:
        yield where, "needs 'data' with labels; give both or neither"


def _image_mistakes(where: Location, table: Mapping[str, Any], folder: Path) -> Found:
    given = [table.get(key) for key in ("data", "calibration")]
    if any(isinstance(g, str) and _is_image_folder(g, folder) for g in given):
        return
    for key in ("image_mean", "image_std"):
        if key in table:
            yield (*where, key), "is for a folder of images, and none is given"
