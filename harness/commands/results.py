"""``tierbench results``."""

from __future__ import annotations

import click

from . import json_option, store_option


@click.command("results")
@store_option
@click.option("--run", "run_id", help="Only this run's cases: an id or its beginning.")
@json_option
def command(store_url: str, run_id: str | None, as_json: bool) -> None:
    """Show the latest result of each case."""
    from ..results import find_run, rows
    from ..store import Store

    with Store.open(store_url, create=False) as store:
        found = rows(store, find_run(store, run_id).id if run_id else None)
    if as_json:
        import json

        click.echo(json.dumps(found, indent=2))
        return
    from ..results import COLUMNS, cells, notes
    from ..tables import print_table
    from ..terminal import printable

    print_table(COLUMNS, [cells(row) for row in found])
    for note in notes(found):
        click.echo(printable(note))
