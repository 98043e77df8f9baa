"""``tierbench report``: write the report of a store as one HTML file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ..harness.distribution import LatencyHistogram

Rows = list[dict[str, Any]]


@click.command()
@click.option(
    "--store",
    "store_url",
    default="sqlite:///results/tierbench.db",
    show_default=True,
    metavar="URL",
    help="Store to read.",
)
@click.option(
    "--run",
    "run_id",
    metavar="ID",
    help="Only this run's cases: an id or its beginning.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default="report.html",
    show_default=True,
    help="File to write.",
)
def report(store_url: str, run_id: str | None, out: Path) -> None:
    """Write one self-contained HTML page and print its path."""
    from ..harness.outfile import replacing
    from ..harness.terminal import printable
    from .page import render

    rows, runs, environments, distributions = _read(store_url, run_id)
    names = dict.fromkeys(str(run["name"]) for run in runs)
    title = next(iter(names)) if len(names) == 1 else "Benchmark report"
    page = render(
        rows,
        title=title,
        runs=runs,
        environments=environments,
        distributions=distributions,
    )
    with replacing(out) as file:
        file.write(page)
    click.echo(printable(str(out)))


def _read(
    store_url: str, run_id: str | None
) -> tuple[Rows, Rows, dict[str, Any], dict[str, LatencyHistogram]]:
    """Return a store's rows and runs, and environments and histograms by their key."""
    from ..harness.distribution import latency_histogram
    from ..harness.plain import to_plain
    from ..harness.results import find_run, ordered, run_row
    from ..harness.store import Store

    with Store.open(store_url, create=False) as store:
        run = find_run(store, run_id) if run_id else None
        results = list(store.results(run.id if run else None, latest=run is None))
        used = {result.run_id for result in results} | ({run.id} if run else set())
        runs = [run_row(known) for known in store.runs() if known.id in used]
    environments = {
        r.environment.sha256: r.environment for r in results if r.environment
    }
    histograms = {r.case.key: latency_histogram(r) for r in results}
    return (
        ordered(results),
        runs,
        {sha256: to_plain(found) for sha256, found in environments.items()},
        {key: found for key, found in histograms.items() if found is not None},
    )
