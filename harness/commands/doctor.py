"""``tierbench doctor``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from . import json_option

if TYPE_CHECKING:
    from ..fitness import Finding

UNFIT = 1


@click.command("doctor")
@click.option(
    "--fix", is_flag=True, help="Set governor, turbo and autogroup; needs root."
)
@click.option("--restore", is_flag=True, help="Put back what --fix has changed.")
@click.option("--target", help="Tell instead what this target needs, and what is here.")
@click.option("--python", help="The Python to look in, with --target.")
@json_option
def command(
    fix: bool, restore: bool, target: str | None, python: str | None, as_json: bool
) -> int:
    """Tell whether this machine is fit to measure, and what to do if not.

    Exit status 1 where a finding is unfit, or the target lacks something. Without --fix
    nothing is changed.
    """
    from .. import preparing
    from ..fitness import Fit, examine

    if fix and restore:
        raise click.UsageError("give --fix or --restore, not both")
    if target is not None:
        if fix or restore:
            raise click.UsageError("--target looks only: leave out --fix and --restore")
        return _look_for(target, python, as_json)
    if python is not None:
        raise click.UsageError("--python is for --target")
    told = preparing.restore() if restore else preparing.take_back()
    if fix:
        told += preparing.prepare(stay=True)
    for line in told:
        click.echo(line, err=True)
    findings = examine()
    if as_json:
        import json

        click.echo(json.dumps([_plain(finding) for finding in findings], indent=2))
    else:
        from ..tables import print_table

        print_table(
            ("finding", "verdict", "seen", "what to do"),
            [(f.name, str(f.verdict), f.seen, f.remedy or "") for f in findings],
        )
    return UNFIT if any(f.verdict is Fit.UNFIT for f in findings) else 0


def _look_for(name: str, python: str | None, as_json: bool) -> int:
    """Print what a target needs and what of it is there."""
    from .. import registry
    from ..tables import print_table

    target = registry.find(registry.TARGETS, name)(python=python)
    rows: list[dict[str, Any]] = [
        {"need": need, "found": found, "remedy": None if found else remedy}
        for need, found, remedy in target.examine()
    ]
    if as_json:
        import json

        click.echo(json.dumps(rows, indent=2))
    else:
        print_table(
            ("need", "found", "what to do"),
            [
                (row["need"], row["found"] or "missing", row["remedy"] or "")
                for row in rows
            ],
        )
    return 0 if all(row["found"] for row in rows) else UNFIT


def _plain(finding: Finding) -> dict[str, str | None]:
    return {
        "name": finding.name,
        "verdict": str(finding.verdict),
        "seen": finding.seen,
        "remedy": finding.remedy,
    }
