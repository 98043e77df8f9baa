"""Tables for people: as wide as the terminal, or as wide as the text in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from .terminal import printable

PIPE_WIDTH = 10_000


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows of text to standard output; names in them are inert."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    width = None if sys.stdout.isatty() else PIPE_WIDTH
    Console(width=width, highlight=False).print(table)
