"""``tierbench doctor``."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
@json_option
def command(fix: bool, restore: bool, as_json: bool) -> int:
    """Tell whether this machine is fit to measure, and what to do if not.

    Exit status 1 where a finding is unfit. Without --fix nothing is changed.
    """
    from .. import preparing
    from ..fitness import Fit, examine

    if fix and restore:
        raise click.UsageError("give --fix or --restore, not both")
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


def _plain(finding: Finding) -> dict[str, str | None]:
    return {
        "name": finding.name,
        "verdict": str(finding.verdict),
        "seen": finding.seen,
        "remedy": finding.remedy,
    }
