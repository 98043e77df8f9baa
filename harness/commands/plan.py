"""``tierbench plan``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from . import json_option

if TYPE_CHECKING:
    from ..values import Case


@click.command("plan")
@click.argument("sweep", type=click.Path(path_type=Path))
@click.option("--profile", help="Measure with this profile instead of the file's.")
@click.option("--target", "targets", multiple=True, help="Only this target; repeat.")
@json_option
def command(
    sweep: Path, profile: str | None, targets: tuple[str, ...], as_json: bool
) -> None:
    """Show what a sweep would run, and what it would skip and why."""
    from ..narrow import narrowed
    from ..plan import make_plan
    from ..sweep import load_sweep

    plan = make_plan(narrowed(load_sweep(sweep), profile=profile, targets=targets))
    rows: list[tuple[Case, str | None]] = [
        *((planned.case, None) for planned in plan.cases),
        *((skip.case, skip.reason) for skip in plan.skipped),
    ]
    if as_json:
        import json

        click.echo(json.dumps([_plain(*row) for row in rows], indent=2))
        return
    from ..tables import print_table

    print_table(COLUMNS, [_cells(*row) for row in rows])
    click.echo(f"{len(plan.cases)} to measure, {len(plan.skipped)} skipped")
    if plan.soak_s:
        from ..finalists import FINALISTS_MAX

        click.echo(
            f"then up to {FINALISTS_MAX} finalists of each model and workload under "
            f"sustained load, {plan.soak_s:g} s each after a rest"
        )


COLUMNS = (
    *("case", "model", "variant", "target"),
    *("scenario", "batch", "skipped because"),
)


def _plain(case: Case, reason: str | None) -> dict[str, object]:
    return {
        "case_key": case.key,
        "model": case.variant.model,
        "variant": case.variant.name,
        "format": case.variant.format,
        "target": case.target,
        "options": dict(case.options),
        "scenario": case.workload.scenario,
        "batch": case.workload.batch,
        "profile": case.workload.profile,
        "skipped": reason,
    }


def _cells(case: Case, reason: str | None) -> tuple[str, ...]:
    workload = case.workload
    return (
        *(case.key[:8], case.variant.model, case.variant.name, case.place),
        *(workload.scenario, str(workload.batch), reason or ""),
    )
