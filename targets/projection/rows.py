"""Published rows that the projection is fitted on."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from ...harness.errors import InputError
from .cores import CORES, core_name
from .work import Work, Works

REPRODUCERS = ("Krai", "cTuning")
"""Submitters who measured again what others had submitted."""

_KWS = Work(gemm=2_368_000, depthwise=288_000, outputs=72_012, dense=768)
_VWW = Work(gemm=6_690_816, depthwise=798_336, outputs=231_554, dense=512)
_VWW_LIVE = Work(gemm=3_103_524, depthwise=638_523, outputs=190_775, dense=512)
_IC = Work(gemm=12_500_992, depthwise=0, outputs=86_026, dense=640)
_AD = Work(gemm=0, depthwise=0, outputs=1_672, dense=264_192)

WORKS: Mapping[str, Works] = MappingProxyType(
    {
        "kws": Works(all=_KWS, live=_KWS),
        "vww": Works(all=_VWW, live=_VWW_LIVE),
        "ic": Works(all=_IC, live=_IC),
        "ad": Works(all=_AD, live=_AD),
    }
)
"""What the int8 reference models of MLPerf Tiny ask for, counted in their files.

Those of mlcommons/tiny at 1afd2c9: kws_ref_model.tflite, vww_96_int8.tflite,
pretrainedResnet_quant.tflite and ad01_int8.tflite.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One published latency of one model on one board under one stack.

    ``power_mw`` is the mean while it computes, ``supply_v`` the supply that the row
    states; either is None where it does not.
    """

    round: str
    submitter: str
    board: str
    core: str
    clock_mhz: float
    family: str
    version: str
    benchmark: str
    latency_ms: float
    power_mw: float | None
    supply_v: float | None
    source: str

    @property
    def cycles(self) -> float:
        """Return the core's cycles in one inference."""
        return self.latency_ms * 1e3 * self.clock_mhz


def board_key(name: str) -> str:
    """Return what a board's spellings have in common.

    ST's suffixes -Q and -P name the same board with another regulator.
    """
    return re.sub("[^A-Z0-9]", "", re.sub("-[PQ]$", "", name.strip().upper()))


def spelled(board: str) -> str:
    """Return a board's name as it is compared where another regulator counts."""
    return board.strip().upper().removesuffix("-Q")


def read_rows(path: Path) -> list[Row]:
    """Return the rows of a table of MLPerf Tiny results that the fit may use.

    Left out: rows without a latency, of other precision than int8, of systems with an
    accelerator, of unknown cores or models, and reproductions of rows that are there.

    Raises:
        InputError: the file cannot be read or lacks a column.
    """
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            table = [row for row in csv.DictReader(stream) if _is_usable(row)]
        return without_reproductions([_row(row) for row in table])
    except (OSError, UnicodeDecodeError, KeyError, ValueError, csv.Error) as exc:
        raise InputError(
            f"table {str(path)!r} cannot be read ({type(exc).__name__}: {exc}); name a "
            "table with the columns of mlperf_tiny_fit.csv"
        ) from exc


def without_reproductions(rows: Sequence[Row]) -> list[Row]:
    """Return the rows but those that measure again what others submitted."""
    seen = set()
    kept = []
    for row in sorted(rows, key=lambda one: one.submitter in REPRODUCERS):
        key = (board_key(row.board), row.version, row.benchmark)
        if row.submitter in REPRODUCERS and key in seen:
            continue
        seen.add(key)
        kept.append(row)
    return kept


def _is_usable(row: Mapping[str, str]) -> bool:
    return (
        row["precision"] == "int8"
        and row["plain_cortex_m"] == "True"
        and row["has_accelerator"] == "False"
        and row["latency_ms"] != ""
        and row["benchmark"] in WORKS
        and core_name(row["core"]) in CORES
    )


def _row(row: Mapping[str, str]) -> Row:
    return Row(
        round=row["round"],
        submitter=row["submitter_dir"],
        board=row["board"],
        core=core_name(row["core"]),
        clock_mhz=float(row["clock_mhz"]),
        family=row["stack_family"],
        version=_version(row),
        benchmark=row["benchmark"],
        latency_ms=float(row["latency_ms"]),
        power_mw=float(row["power_mW"]) if row["power_mW"] else None,
        supply_v=_supply_v(row["hw_notes"]),
        source=f"{row['repo']}@{row['commit'][:12]}",
    )


def _version(row: Mapping[str, str]) -> str:
    """Return the stack with its version, which some rows tell only elsewhere."""
    stack = re.sub(r"(\d\.\d+)\.0$", r"\1", row["stack"])
    found = re.search(r"\d[\d.]*$", row["framework"].strip())
    if stack != row["stack_family"] or found is None:
        return stack
    return f"{stack} {found.group()}"


def _supply_v(notes: str) -> float | None:
    found = re.search(r"(\d(?:\.\d+)?)\s?V\b", notes)
    return None if found is None else float(found.group(1))


def groups(rows: Iterable[Row]) -> list[dict[str, object]]:
    """Return rows by board, stack and round, as plain values for people to check."""
    found: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        key = (row.board, row.core, row.version, row.round, row.submitter, row.source)
        found.setdefault(key, []).append(row)
    return [
        {
            "board": key[0],
            "core": key[1],
            "stack": key[2],
            "round": key[3],
            "submitter": key[4],
            "source": key[5],
            "benchmarks": sorted({row.benchmark for row in found[key]}),
            "rows": len(found[key]),
        }
        for key in sorted(found)
    ]
