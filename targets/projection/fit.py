"""Refit: ``python -m tierbench.targets.projection.fit TABLE.csv [COEFFICIENTS.json]``.

Write the coefficients that the projection uses, beside this module or where asked.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from ...harness.errors import TierbenchError
from ...harness.hashing import file_sha256
from .coefficients import SHIPPED, Coefficients, to_text
from .left_out import (
    calibrated_scale,
    check_boards,
    coefficients_of,
    model_deviation,
)
from .rows import board_key, read_rows

FORMULA = (
    "log cycles = log(gemm + e^d depthwise + e^o outputs + e^f dense) + level"
    " + c log(CoreMark/MHz / 3.42) + l log(lanes / 2) + core + family + version + board"
)


def make(table: Path) -> Coefficients:
    """Return the coefficients fitted to a table of published rows.

    Raises:
        InputError: the table cannot be read, or holds fewer than three boards.
    """
    rows = read_rows(table)
    check_boards(rows)
    provenance = {
        "table": table.name,
        "sha256": file_sha256(table),
        "rows": len(rows),
        "boards": len({board_key(row.board) for row in rows}),
        "rounds": sorted({row.round for row in rows}),
        "sources": sorted({row.source for row in rows}),
        "models": "mlcommons/tiny@1afd2c9820f7",
        "script": "python -m tierbench.targets.projection.fit",
        "formula": FORMULA,
    }
    return coefficients_of(
        rows,
        calibrated_scale(rows),
        model_deviation=model_deviation(rows),
        provenance=provenance,
    )


def main(arguments: Sequence[str]) -> int:
    """Write the coefficients for the CSV file that the command line names."""
    if len(arguments) not in (1, 2):
        print(
            "usage: python -m tierbench.targets.projection.fit TABLE.csv "
            "[COEFFICIENTS.json]"
        )
        return 2
    out = Path(__file__).parent / SHIPPED
    if len(arguments) == 2:
        out = Path(arguments[1])
    try:
        text = to_text(make(Path(arguments[0])))
    except TierbenchError as exc:
        print("\n".join(exc.lines), file=sys.stderr)
        return exc.exit_status
    out.write_text(text, encoding="utf-8")
    print(out)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
