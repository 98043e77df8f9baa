"""``tierbench report``: write the report of a store as one HTML file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ..harness.distribution import LatencyHistogram
    from .bought import Techniques

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
    "--drift",
    "study",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A drift study to show instead of a store's results.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default="report.html",
    show_default=True,
    help="File to write.",
)
def report(store_url: str, run_id: str | None, study: Path | None, out: Path) -> None:
    """Write one self-contained HTML page and print its path."""
    from ..harness.errors import InputError
    from ..harness.outfile import replacing
    from ..harness.terminal import printable

    if study is not None and run_id is not None:
        raise InputError(
            f"--run {run_id!r} with --drift {str(study)!r}, which holds no runs; give "
            "one of them"
        )
    page = _page(store_url, run_id) if study is None else _drift_page(study)
    with replacing(out) as file:
        file.write(page)
    click.echo(printable(str(out)))


def _drift_page(study: Path) -> str:
    from .drift_page import render_drift
    from .drift_study import read_study

    return render_drift(read_study(study))


def _page(store_url: str, run_id: str | None) -> str:
    from .page import render

    read = _read(store_url, run_id)
    rows, runs, environments, distributions, techniques, published = read
    names = dict.fromkeys(str(run["name"]) for run in runs)
    title = next(iter(names)) if len(names) == 1 else "Benchmark report"
    return render(
        rows,
        title=title,
        runs=runs,
        environments=environments,
        distributions=distributions,
        techniques=techniques,
        published=published,
    )


def _read(
    store_url: str, run_id: str | None
) -> tuple[Rows, Rows, dict[str, Any], dict[str, LatencyHistogram], Techniques, Rows]:
    """Return a store's rows, runs, what was compared of its variants, and published.

    Environments and histograms come by their key.
    """
    from ..harness.claims import findings
    from ..harness.distribution import latency_histogram
    from ..harness.gains import gains
    from ..harness.plain import to_plain
    from ..harness.published.result import published_row
    from ..harness.results import find_run, row, run_row, skipped_last
    from ..harness.sides import side_of
    from ..harness.store import Store
    from ..harness.summary import summarise
    from .bought import Techniques

    rows, sides, histograms, environments = [], [], {}, {}
    with Store.open(store_url, create=False) as store:
        run = find_run(store, run_id) if run_id else None
        used = {run.id} if run else set()
        # One by one: the samples of a big store do not fit in memory at once.
        for result in store.results(run.id if run else None, latest=run is None):
            used.add(result.run_id)
            summary = summarise(result)
            rows.append(row(result, summary))
            if side := side_of(result, summary):
                sides.append(side)
            if histogram := latency_histogram(result, summary):
                histograms[result.case.key] = histogram
            if found := result.environment:
                environments[found.sha256] = to_plain(found)
        published = [published_row(result) for result in store.published()]
        runs = [run_row(known) for known in store.runs() if known.id in used]
    gained, uncompared = gains(sides)
    claims = findings(gained)
    techniques = Techniques(gains=gained, uncompared=uncompared, claims=claims)
    rows = skipped_last(rows)
    return rows, runs, environments, histograms, techniques, published
