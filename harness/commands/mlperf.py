"""``tierbench mlperf``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import json_option, store_option

if TYPE_CHECKING:
    from ..mlperf import Compliance

NOT_VALID = 1
SECONDS = 600.0
COLUMNS = ("case", "LoadGen", "queries", "quantity", "LoadGen's", "tierbench's", "logs")


@click.command("mlperf")
@click.argument("sweep", type=click.Path(path_type=Path))
@store_option
@click.option("--profile", help="The profile that the cases were measured with.")
@click.option("--target", "targets", multiple=True, help="Only this target; repeat.")
@click.option(
    "--seconds",
    type=click.FloatRange(min=0.1, max=86_400),
    default=SECONDS,
    show_default=True,
    help="How long LoadGen asks each case at least; MLPerf's own is 600.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("mlperf"),
    show_default=True,
    help="A folder for LoadGen's logs, one within it for each case.",
)
@json_option
def command(
    sweep: Path,
    store_url: str,
    profile: str | None,
    targets: tuple[str, ...],
    seconds: float,
    out: Path,
    as_json: bool,
) -> int:
    """Let MLCommons' LoadGen run the cases of a sweep that were measured."""
    from dataclasses import asdict

    from ..errors import CaseError, TierbenchError
    from ..mlperf import compliance
    from ..narrow import narrowed
    from ..plan import make_plan
    from ..store import Store
    from ..sweep import load_sweep

    plan = make_plan(narrowed(load_sweep(sweep), profile=profile, targets=targets))
    with Store.open(store_url, create=False) as store:
        results = {found.case.key: found for found in store.results(latest=True)}
    done: list[Compliance] = []
    skipped = [(skip.case.label, skip.reason) for skip in plan.skipped]
    failed: list[tuple[str, str]] = []
    for planned in plan.cases:
        key, label = planned.case.key, planned.case.label
        try:
            if key not in results:
                raise CaseError(f"not measured yet: run `tierbench run {sweep}` first")
            done.append(compliance(planned, results[key], seconds, out / key[:12]))
        except TierbenchError as exc:
            failed.append((label, str(exc)))
    if as_json:
        import json

        told = [{"case": label, "reason": why} for label, why in [*failed, *skipped]]
        found = {"runs": [asdict(one) for one in done], "not_run": told}
        click.echo(json.dumps(found, indent=2))
    else:
        _print(done, [*failed, *skipped])
    return NOT_VALID if failed or not all(one.valid for one in done) else 0


def _print(done: list[Compliance], failed: list[tuple[str, str]]) -> None:
    from ..tables import print_table
    from ..terminal import printable

    print_table(COLUMNS, [_cells(one) for one in done])
    for one in done:
        if one.reason:
            click.echo(printable(f"INVALID {one.case}: {one.reason}"))
    for label, reason in failed:
        click.echo(printable(f"not run {label}: {reason}"))


def _cells(one: Compliance) -> tuple[str, ...]:
    def text(value: Any) -> str:
        return "-" if value is None else f"{value:.4g}"

    verdict = "VALID" if one.valid else "INVALID"
    values = text(one.loadgen), text(one.tierbench)
    return one.case, verdict, str(one.queries), one.quantity, *values, one.folder
