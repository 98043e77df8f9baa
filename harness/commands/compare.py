"""``tierbench compare``."""

from __future__ import annotations

import click

from . import json_option, store_option

REGRESSION = 1


@click.command("compare")
@click.argument("baseline")
@click.argument("candidate")
@store_option
@json_option
def command(baseline: str, candidate: str, store_url: str, as_json: bool) -> int:
    """Compare two runs, or two cases, and fail where the candidate is slower.

    BASELINE and CANDIDATE are a run's id or its beginning, or RUN:CASE for one case.
    Cases of one run that were measured in the same rounds are compared in pairs; of
    two runs, with what is known of how runs differ.
    """
    from ..compare import compare
    from ..pairing import Verdict
    from ..store import Store

    with Store.open(store_url, create=False) as store:
        found = compare(store, baseline, candidate)
    if as_json:
        import json

        click.echo(json.dumps([line.plain for line in found], indent=2))
    else:
        from ..compare import COLUMNS
        from ..tables import print_table

        print_table(COLUMNS, [line.cells for line in found])
    slower = any(line.comparison.verdict is Verdict.SLOWER for line in found)
    return REGRESSION if slower else 0
