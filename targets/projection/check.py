"""Show how far off: ``python -m tierbench.targets.projection.check TABLE.csv``.

Every row is projected from the boards other than its own: first with its stack family
known, then with the core alone. A core that only one board has is left out whole, and
the answer leans on the other cores.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from ...harness.errors import TierbenchError
from ...harness.tables import print_table
from .left_out import LeftOut, check_boards, leave_boards_out
from .rows import board_key, read_rows

COLUMNS = (
    "board left out",
    "core",
    "core seen",
    "rows",
    "median error %",
    "mean error %",
    "90 % of errors below %",
    "in the band %",
    "median high/low",
)


def main(arguments: Sequence[str]) -> int:
    """Print the tables for the CSV file that the command line names."""
    if len(arguments) != 1:
        print("usage: python -m tierbench.targets.projection.check TABLE.csv")
        return 2
    try:
        rows = read_rows(Path(arguments[0]))
        check_boards(rows)
    except TierbenchError as exc:
        print("\n".join(exc.lines), file=sys.stderr)
        return exc.exit_status
    for title, tells_stack in (("stack family known", True), ("core alone", False)):
        print(f"{title}:")
        print_table(
            COLUMNS, list(_lines(leave_boards_out(rows, tells_stack=tells_stack)))
        )
    return 0


def _lines(found: Sequence[LeftOut]) -> Iterable[list[str]]:
    for board in sorted({board_key(one.row.board) for one in found}):
        own = [one for one in found if board_key(one.row.board) == board]
        seen = "yes" if own[0].has_core else "no"
        yield [own[0].row.board, own[0].row.core, seen, *_numbers(own)]
    yield ["all", "", "", *_numbers(found)]
    seen_alone = [one for one in found if one.has_core]
    yield ["all whose core was seen", "", "", *_numbers(seen_alone)]


def _numbers(found: Sequence[LeftOut]) -> list[str]:
    errors = np.array([one.relative_error for one in found]) * 100
    covered = np.mean([one.is_covered for one in found]) * 100
    width = np.median([one.high_over_low for one in found])
    return [
        str(len(found)),
        f"{np.median(errors):.1f}",
        f"{np.mean(errors):.1f}",
        f"{np.quantile(errors, 0.9):.1f}",
        f"{covered:.0f}",
        f"{width:.2f}",
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
