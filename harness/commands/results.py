"""``tierbench results``."""

from __future__ import annotations

import click

from . import json_option, store_option


@click.command("results")
@store_option
@click.option("--run", "run_id", help="Only this run's cases: an id or its beginning.")
@click.option(
    "--published", is_flag=True, help="What others published, in place of own results."
)
@json_option
def command(store_url: str, run_id: str | None, published: bool, as_json: bool) -> None:
    """Show the latest result of each case, or what others published."""
    from ..results import find_run, rows
    from ..store import Store

    if published:
        _published(store_url, run_id, as_json)
        return
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


def _published(store_url: str, run_id: str | None, as_json: bool) -> None:
    from ..errors import InputError
    from ..published.result import published_row
    from ..store import Store

    if run_id is not None:
        raise InputError(
            f"--run {run_id!r} with --published, which belongs to no run; give one of "
            "them"
        )
    with Store.open(store_url, create=False) as store:
        found = [published_row(result) for result in store.published()]
    if as_json:
        import json

        click.echo(json.dumps(found, indent=2))
        return
    from ..published.table import COLUMNS, cells
    from ..tables import print_table

    print_table(COLUMNS, [cells(row) for row in found])
