"""``tierbench plan``."""

from __future__ import annotations

from pathlib import Path

import click

from . import json_option


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
    rows = [
        *((planned.case, None) for planned in plan.cases),
        *((skip.case, skip.reason) for skip in plan.skipped),
    ]
    if as_json:
        import json

        listed = [
            {
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
            for case, reason in rows
        ]
        click.echo(json.dumps(listed, indent=2))
        return
    from ..tables import print_table

    print_table(
        ("case", "model", "variant", "target", "scenario", "batch", "skipped because"),
        [
            (
                case.key[:8],
                case.variant.model,
                case.variant.name,
                case.place,
                case.workload.scenario,
                str(case.workload.batch),
                reason or "",
            )
            for case, reason in rows
        ],
    )
    click.echo(f"{len(plan.cases)} to measure, {len(plan.skipped)} skipped")
