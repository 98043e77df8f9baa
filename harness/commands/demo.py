"""``tierbench demo``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

SWEEP = """\
# What the demo runs. Change it and run:  tierbench run sweep.toml
name = "demo"
profile = "smoke"

[[model]]
use = "bearing"
variants = ["fp32", "fp16", "int8", "int16x8", "int4"]

[[model]]
use = "defect"
variants = ["fp32", "fp16", "int8", "int16x8", "int4"]

[[model]]
use = "keyword"
variants = ["fp32", "fp16", "int8", "int16x8", "int4"]

[[target]]
use = "host-onnxruntime"

[[target]]
use = "host-litert"

[[target]]
use = "host-openvino"

[workload]
scenario = ["single_stream"]
batch = [1, 8]
"""


@click.command("demo")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("tierbench-demo"),
    show_default=True,
    help="A folder for the sweep, its results and the report.",
)
def command(out: Path) -> int:
    """Measure three small models on this machine and write a report."""
    from .. import registry
    from ..errors import InputError
    from ..leaving import LEFT_EARLY, Leaving
    from ..plan import make_plan
    from ..run import run_plan
    from ..store import Store
    from ..sweep import load_sweep
    from ..telling import progress_for
    from ..terminal import printable
    from .run import CASE_FAILED

    sweep, report = out / "sweep.toml", out / "report.html"
    url = f"sqlite:///{out / 'results.db'}"
    try:
        out.mkdir(parents=True, exist_ok=True)
        if not sweep.exists():  # a person may have changed it since
            sweep.write_text(SWEEP, encoding="utf-8")
    except OSError as exc:
        raise InputError(
            f"--out {str(out)!r} cannot be written: {exc.strerror}; name another folder"
        ) from exc
    progress = progress_for(sys.stderr)
    leaving = Leaving(progress)
    with Store.open(url) as store, leaving:
        try:
            plan = make_plan(load_sweep(sweep))
            outcome = run_plan(
                plan, store, progress, trigger="demo", stopping=leaving.asked
            )
        finally:
            progress.close()
    for line in outcome.closing:
        click.echo(printable(line), err=True)
    if outcome.interrupted:
        return LEFT_EARLY
    arguments = ["--store", url, "--run", outcome.run.id, "--out", str(report)]
    make_report: click.Command = registry.find(registry.COMMANDS, "report")
    make_report.main(arguments, standalone_mode=False)
    for line in (
        f"The report is {report}; it needs no network. What to try next:",
        f"  change {sweep} and run: tierbench run {sweep} --store {url}",
        "  see what else can be measured: tierbench targets; tierbench models list",
        '  measure a model of your own: path = "my.onnx" in the place of use = ...',
    ):
        click.echo(printable(line), err=True)
    return CASE_FAILED if outcome.failed else 0
