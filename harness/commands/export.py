"""``tierbench export``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from . import store_option


@click.command("export")
@store_option
@click.option("--run", "run_id", help="Only this run's cases: an id or its beginning.")
@click.option(
    "--format",
    "kind",
    type=click.Choice(["csv", "json"]),
    default="csv",
    show_default=True,
    help="csv: one row a case; json: the rows of `results --json`.",
)
@click.option("--samples", is_flag=True, help="csv: one row a raw sample instead.")
@click.option(
    "--outcomes", is_flag=True, help="csv: one row a judged sample: right or wrong."
)
@click.option("--out", type=click.Path(path_type=Path), help="A file; else stdout.")
def command(
    store_url: str,
    run_id: str | None,
    kind: str,
    samples: bool,
    outcomes: bool,
    out: Path | None,
) -> None:
    """Write results, or every raw sample, for other programs."""
    from ..errors import InputError
    from ..export import write_json, write_outcomes, write_rows, write_samples
    from ..outfile import replacing
    from ..results import find_run
    from ..store import Store

    if samples and kind != "csv":
        raise InputError("--samples with --format 'json': samples come as 'csv'")
    if outcomes and (samples or kind != "csv"):
        other = "--samples" if samples else "--format 'json'"
        raise InputError(f"--outcomes with {other}: outcomes come alone, as 'csv'")
    write = write_rows if kind == "csv" else write_json
    if samples:
        write = write_samples
    if outcomes:
        write = write_outcomes
    with Store.open(store_url, create=False) as store:
        run = find_run(store, run_id).id if run_id else None
        if out is None:
            write(store, run, sys.stdout)
            return
        with replacing(out) as file:
            write(store, run, file)
