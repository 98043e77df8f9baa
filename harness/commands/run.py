"""``tierbench run``."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from . import store_option

if TYPE_CHECKING:
    from ..progress import Progress

CASE_FAILED = 1
LEFT_EARLY = 3


@click.command("run")
@click.argument("sweep", type=click.Path(path_type=Path))
@store_option
@click.option("--profile", help="Measure with this profile instead of the file's.")
@click.option("--target", "targets", multiple=True, help="Only this target; repeat.")
@click.option("--fresh", is_flag=True, help="Measure again what still holds.")
@click.option("--json", "as_json", is_flag=True, help="Print the run's rows as JSON.")
def command(
    sweep: Path,
    store_url: str,
    profile: str | None,
    targets: tuple[str, ...],
    fresh: bool,
    as_json: bool,
) -> int:
    """Measure all cases of a sweep; run it again to take up an interrupted run."""
    from ..narrow import narrowed
    from ..plan import make_plan
    from ..run import run_plan
    from ..store import Store
    from ..sweep import load_sweep
    from ..telling import progress_for

    plan = make_plan(narrowed(load_sweep(sweep), profile=profile, targets=targets))
    progress = progress_for(sys.stderr)
    leaving = Leaving(progress)
    with Store.open(store_url) as store, leaving:
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
    click.echo(outcome.sentence, err=True)
    if outcome.interrupted:
        return LEFT_EARLY
    return CASE_FAILED if outcome.failed else 0


class Leaving:
    """Leave between two rounds at the first signal, at once at the second."""

    def __init__(self, progress: Progress) -> None:
        """Start with nobody asking."""
        self._asked = False
        self._progress = progress

    def asked(self) -> bool:
        """Return whether somebody asked."""
        return self._asked

    def __enter__(self) -> Leaving:
        """Listen to SIGINT and SIGTERM."""
        self._before = {
            number: signal.signal(number, self._hear)
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        return self

    def __exit__(self, *_: object) -> None:
        """Listen no more."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        if self._asked:  # the journal holds every block, and workers die with us
            self._progress.close()
            os._exit(LEFT_EARLY)
        self._asked = True
        click.echo("leaving after this round; press again to leave at once", err=True)
