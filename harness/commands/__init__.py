"""The built-in commands: one module each, importing only click at the top."""

from __future__ import annotations

import click

DEFAULT_STORE = "sqlite:///results/tierbench.db"

store_option = click.option(
    "--store",
    "store_url",
    default=DEFAULT_STORE,
    show_default=True,
    metavar="URL",
    help="Where results are kept: sqlite:///PATH or postgresql+psycopg://...",
)

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON instead of a table."
)
