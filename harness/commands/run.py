"""``tierbench run``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from . import store_option

CASE_FAILED = 1


@click.command("run")
@click.argument("sweep", type=click.Path(path_type=Path))
@store_option
@click.option("--profile", help="Measure with this profile instead of the file's.")
@click.option("--target", "targets", multiple=True, help="Only this target; repeat.")
@click.option("--fresh", is_flag=True, help="Measure again what still holds.")
@click.option("--prepare", is_flag=True, help="Fix this machine's settings meanwhile.")
@click.option("--json", "as_json", is_flag=True, help="Print the run's rows as JSON.")
def command(
    sweep: Path,
    store_url: str,
    profile: str | None,
    targets: tuple[str, ...],
    fresh: bool,
    prepare: bool,
    as_json: bool,
) -> int:
    """Measure all cases of a sweep; run it again to take up an interrupted run."""
    from ..leaving import LEFT_EARLY, Leaving
    from ..narrow import narrowed
    from ..plan import make_plan
    from ..run import run_plan
    from ..store import Store
    from ..sweep import load_sweep
    from ..telling import progress_for
    from ..terminal import printable

    plan = make_plan(narrowed(load_sweep(sweep), profile=profile, targets=targets))
    progress = progress_for(sys.stderr)
    leaving = Leaving(progress)
    with _fit(prepare), Store.open(store_url) as store, leaving:
        try:
            outcome = run_plan(
                plan, store, progress, fresh=fresh, stopping=leaving.asked
            )
        finally:
            progress.close()
        if as_json:
            import json

            from ..results import rows

            click.echo(json.dumps(rows(store, outcome.run.id), indent=2))
    for line in outcome.closing:
        click.echo(printable(line), err=True)
    if outcome.interrupted:
        return LEFT_EARLY
    return CASE_FAILED if outcome.failed else 0


@contextmanager
def _fit(prepare: bool) -> Iterator[None]:
    """Put back what a killed run has left; prepare the machine meanwhile if asked."""
    from .. import preparing

    for line in preparing.take_back():
        click.echo(line, err=True)
    if not prepare:
        yield
        return
    with preparing.prepared() as changes:
        for line in changes:
            click.echo(line, err=True)
        yield
