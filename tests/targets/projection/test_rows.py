"""Which published rows count, and which name the same board."""

import csv
from pathlib import Path

import pytest
from support.projected import row

from tierbench.harness.errors import InputError
from tierbench.targets.projection.rows import (
    board_key,
    groups,
    read_rows,
    without_reproductions,
)

GOOD = {
    "round": "v1.1",
    "submitter_dir": "ST",
    "board": "NUCLEO-X-Q",
    "core": "Cortex-M4",
    "clock_mhz": "120",
    "stack": "X-CUBE-AI 9.0.0",
    "stack_family": "X-CUBE-AI",
    "framework": "X-CUBE-AI v9.0.0",
    "precision": "int8",
    "plain_cortex_m": "True",
    "has_accelerator": "False",
    "benchmark": "kws",
    "latency_ms": "50.0",
    "power_mW": "40",
    "hw_notes": "Operating at 1.8V / SMPS",
    "repo": "mlcommons/x",
    "commit": "0123456789abcdef",
}


def write(path: Path, *rows: dict[str, str]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, GOOD)
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_a_row_is_read(tmp_path: Path) -> None:
    (found,) = read_rows(write(tmp_path / "t.csv", GOOD))
    assert (found.version, found.family, found.core) == (
        "X-CUBE-AI 9.0",
        "X-CUBE-AI",
        "cortex-m4",
    )
    assert (found.power_mw, found.supply_v) == (40.0, 1.8)
    assert found.cycles == 50.0 * 120e3
    assert found.source == "mlcommons/x@0123456789ab"


@pytest.mark.parametrize(
    "changed",
    [
        {"precision": "fp32"},
        {"plain_cortex_m": "False"},
        {"has_accelerator": "True"},
        {"latency_ms": ""},
        {"benchmark": "sww"},
        {"core": "Cortex-M99"},
    ],
)
def test_rows_of_other_things_are_left_out(
    tmp_path: Path, changed: dict[str, str]
) -> None:
    assert read_rows(write(tmp_path / "t.csv", GOOD | changed)) == []


def test_a_version_that_stands_with_the_framework_is_found(tmp_path: Path) -> None:
    told = {"stack": "HALE", "stack_family": "HALE", "framework": "HALE version 1.0.2"}
    (found,) = read_rows(write(tmp_path / "t.csv", GOOD | told))
    assert found.version == "HALE 1.0.2"


def test_a_supply_that_is_not_stated_is_not_known(tmp_path: Path) -> None:
    (found,) = read_rows(write(tmp_path / "t.csv", GOOD | {"hw_notes": ""}))
    assert found.supply_v is None


@pytest.mark.parametrize("name", ["nucleo-l4r5zi", "NUCLEO-L4R5ZI-P", "Nucleo L4R5ZI"])
def test_spellings_of_a_board_are_one(name: str) -> None:
    assert board_key(name) == "NUCLEOL4R5ZI"


def test_reproductions_are_left_out_where_the_original_is_there() -> None:
    first = row("A", "cortex-m4", 100.0, "one", "kws", 10.0)
    again = row("A", "cortex-m4", 100.0, "one", "kws", 10.1, submitter="Krai")
    own = row("A", "cortex-m4", 100.0, "two", "kws", 9.0, submitter="Krai")
    twice = row("A", "cortex-m4", 100.0, "two", "kws", 9.1, submitter="cTuning")
    assert without_reproductions([again, first, own, twice]) == [first, own]
    second_run = row("A", "cortex-m4", 100.0, "one", "kws", 10.2)
    assert without_reproductions([first, second_run]) == [first, second_run]


def test_groups_count_their_rows() -> None:
    rows = [row("A", "cortex-m4", 1.0, "one", name, 1.0) for name in ("ad", "kws")]
    (found,) = groups(rows)
    assert (found["rows"], found["benchmarks"]) == (2, ["ad", "kws"])


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_rows(tmp_path / "none.csv")
