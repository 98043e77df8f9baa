"""``tierbench drift study`` and ``export``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click


@click.group()
def drift() -> None:
    """Study what distribution shift costs, and export a monitor that notices it."""


@drift.command()
@click.argument("model")
@click.option(
    "--variant", "variants", multiple=True, help="Only this one; repeat. Else fp32."
)
@click.option(
    "--format", "formats", multiple=True, help="Only this one; repeat. Else the first."
)
@click.option(
    "--window", default=200, show_default=True, help="Samples that one verdict needs."
)
@click.option(
    "--windows",
    default=20,
    show_default=True,
    help="Windows at each severity; all of their samples tell the accuracy.",
)
@click.option(
    "--clean-windows",
    default=200,
    show_default=True,
    help="Windows in which false alarms are counted.",
)
@click.option(
    "--reference-samples",
    default=4_000,
    show_default=True,
    help="Samples that a window is compared with.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="A JSON file to write the study to, for `tierbench report --drift`.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def study(
    model: str,
    variants: tuple[str, ...],
    formats: tuple[str, ...],
    window: int,
    windows: int,
    clean_windows: int,
    reference_samples: int,
    out: Path | None,
    as_json: bool,
) -> None:
    """Measure accuracy and the power to notice under each shift of MODEL's data."""
    import json
    import tempfile

    from ...harness import registry
    from ...harness.outfile import replacing
    from .study import Plan
    from .study import study as run

    known = registry.find(registry.MODELS, model)
    pairs = [
        (variant, format)
        for variant in variants or ("fp32",)
        for format in formats or known.formats[:1]
    ]
    plan = Plan(
        window=window,
        windows=windows,
        clean_windows=clean_windows,
        reference_samples=reference_samples,
    )
    with tempfile.TemporaryDirectory(prefix="tierbench-drift-") as folder:
        found = run(model, pairs, plan, Path(folder), _tell)
    text = json.dumps(found, indent=2, allow_nan=False) + "\n"
    if out is not None:
        with replacing(out) as file:
            file.write(text)
    if as_json:
        click.echo(text, nl=False)
    else:
        _print(found)


@drift.command()
@click.argument("model")
@click.option("--variant", help="Of a reference model; else fp32.")
@click.option("--format", help="Of a reference model; else its first.")
@click.option(
    "--reference",
    type=click.Path(path_type=Path),
    metavar="FILE.npz",
    help="Samples that a file's windows are compared with.",
)
@click.option(
    "--reference-samples",
    type=int,
    help="Of a reference model, drawn; else 20 windows, or 4000 if that is more.",
)
@click.option(
    "--window", default=200, show_default=True, help="Samples that one verdict needs."
)
@click.option(
    "--false-alarms",
    default=0.01,
    show_default=True,
    help="Share of clean windows that may give alarm.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    metavar="FOLDER",
    help="A folder for the model, the state and the module.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def export(
    model: str,
    variant: str | None,
    format: str | None,
    reference: Path | None,
    reference_samples: int | None,
    window: int,
    false_alarms: float,
    out: Path,
    as_json: bool,
) -> None:
    """Write a monitor that a device runs beside MODEL: its state and one module.

    MODEL is a reference model's name, or the path of an .onnx or .tflite file, which
    needs --reference.
    """
    from ...harness import registry
    from ...harness.formats import GRAPHS, SUFFIXES
    from .export import export_file, export_reference

    if model not in registry.names(registry.MODELS) and (
        SUFFIXES.get(Path(model).suffix.lower()) in GRAPHS
    ):
        path = _only_reference(model, reference, variant, format, reference_samples)
        done = export_file(Path(model), path, window, false_alarms, out)
    else:
        _no_reference(model, reference)
        samples = reference_samples or max(4_000, 20 * window)
        done = export_reference(
            model, variant or "fp32", format, samples, window, false_alarms, out
        )
    _print_exported(_exported_row(done), as_json)


def _only_reference(model: str, reference: Path | None, *others: object) -> Path:
    """Return the samples of a model file, for which nothing else may be given."""
    from ...harness.errors import InputError

    if reference is None:
        raise InputError(
            f"model file {model!r} without --reference; give a .npz file of samples "
            "that are as they should be"
        )
    if any(other is not None for other in others):
        raise InputError(
            "--variant, --format or --reference-samples with the model file "
            f"{model!r}, which is what it is; leave them out"
        )
    return reference


def _no_reference(model: str, reference: Path | None) -> None:
    from ...harness.errors import InputError

    if reference is not None:
        raise InputError(
            f"--reference {str(reference)!r} for the reference model {model!r}, which "
            "draws its own samples; leave it out"
        )


def _exported_row(done: Any) -> dict[str, Any]:
    state = done.monitored
    return {
        "model": str(done.model),
        "state": str(done.state),
        "module": str(done.module),
        "layer": done.watched.layer.reason,
        "tensor": done.watched.layer.tensor,
        "embedding_size": state.embedding_size,
        "reference_samples": state.reference_samples,
        "window": state.window,
        "false_alarm_rate": state.false_alarm_rate,
        "threshold": state.threshold,
        "state_bytes": done.state_bytes,
    }


def _print_exported(row: dict[str, Any], as_json: bool) -> None:
    import json

    from ...harness.tables import print_table

    if as_json:
        click.echo(json.dumps(row, indent=2))
    else:
        print_table(("", ""), [(name, str(value)) for name, value in row.items()])


def _print(found: dict[str, Any]) -> None:
    from ...harness.tables import print_table
    from .rows import false_alarm_rows, noticed_rows, severity_rows

    for columns, rows in (
        severity_rows(found),
        noticed_rows(found),
        false_alarm_rows(found),
    ):
        print_table(columns, rows)
        click.echo()


def _tell(line: str) -> None:
    click.echo(line, err=True)
