"""``tierbench search``: find networks that trade accuracy against latency."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from .trial import Trial


@click.command()
@click.argument("model")
@click.option("--target", required=True, help="Where latency is measured.")
@click.option("--trials", type=int, default=40, show_default=True, help="Networks.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of all chance.")
@click.option(
    "--sampler",
    default="tpe",
    show_default=True,
    help="What proposes networks: tpe, nsga2 or random.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Folder of the search; one that holds the same search is taken up.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def search(
    model: str,
    target: str,
    trials: int,
    seed: int,
    sampler: str,
    out: Path,
    as_json: bool,
) -> int:
    """Search the networks of a reference model's family, on a target.

    Each network is trained for a moment, and its latency measured by tierbench beside
    the reference's. The same command takes up a search that was interrupted.
    """
    from ...harness.leaving import LEFT_EARLY, Leaving
    from ...harness.progress import Silence
    from .latency import LeftEarly
    from .request import request

    asked = request(model, target, trials=trials, seed=seed, sampler=sampler)
    from .whole import run_search  # only now: it needs the extra

    with Leaving(Silence()) as leaving:
        try:
            found = run_search(asked, out, tell=_tell, stopping=leaving.asked)
        except LeftEarly:
            click.echo("left early, run the same command to go on", err=True)
            return LEFT_EARLY
    if as_json:
        import json

        click.echo(json.dumps(found, indent=2))
    else:
        _print(found)
    return 0


def _tell(trial: Trial) -> None:
    """Say on standard error what came of a trial."""
    from ...harness.terminal import printable

    accuracy = f"{100 * trial.correct / trial.n:.1f} %"
    latency = trial.latency
    came = f"latency {latency.ratio:.3f} of fp32" if latency else str(trial.refused)
    line = f"trial {trial.number + 1}: {trial.shape.label}, {accuracy}, {came}"
    click.echo(printable(line), err=True)


def _print(found: Mapping[str, Any]) -> None:
    from ...harness.tables import print_table

    columns = (
        "trial",
        *found["choices"],
        "accuracy",
        "latency ratio",
        "interval",
        "ms",
    )
    rows = [_cells(one) for one in found["front"]]
    print_table(columns, rows)
    worst = found["reference_point"]
    click.echo(
        f"hypervolume {found['hypervolume']:.4f} after {len(found['trials'])} trials; "
        f"reference point: error {worst['error']:.3f}, latency ratio "
        f"{worst['latency_ratio']:g}"
    )


def _cells(member: Mapping[str, Any]) -> list[str]:
    """Return one member of the front as text, as it was judged in the end."""
    judged, ratio = member["accuracy"], member["latency_ratio"]
    ends = member.get("latency_ratio_interval")
    median = member["latency_ms"] and member["latency_ms"]["median"]
    return [
        str(member["number"] + 1),
        *map(str, member["shape"].values()),
        "-" if judged is None else f"{100 * judged['value']:.1f} %",
        "-" if ratio is None else f"{ratio:.3f}",
        "-" if not ends else f"{ends[0]:.3f} - {ends[1]:.3f}",
        "-" if median is None else f"{median:.4f}",
    ]
