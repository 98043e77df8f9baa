"""``tierbench models rebuild``."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import json_option

if TYPE_CHECKING:
    from ..lineage import Recorded
    from ..rebuilding import Comparison


@click.command("rebuild")
@click.argument("lineage", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="A folder to copy the file to, with its lineage.",
)
@json_option
def rebuild(lineage: Path, out: Path | None, as_json: bool) -> int:
    """Build a variant again from its lineage alone: is it the same to the last byte?

    LINEAGE is the .json file beside a variant, or one item of what `tierbench models
    build --json` prints. Nothing that was built before is used.
    """
    import json

    from ..lineage import read_lineage
    from ..rebuilding import rebuild as build_again
    from ..terminal import printable
    from .built import Lines, built_row, make_folder

    recorded = read_lineage(lineage)
    if out is not None:
        make_folder(out)
    with tempfile.TemporaryDirectory(prefix="tierbench-") as folder:
        found = build_again(recorded, lineage.with_suffix(""), Path(folder), Lines())
        path = None
        if out is not None:
            path = built_row(recorded.model, found.built, out)["path"]
    if as_json:
        click.echo(json.dumps(_plain(recorded, found, path), indent=2))
    else:
        for line in _lines(recorded, found, path):
            click.echo(printable(line))
    return 0 if found.is_identical else 1


def _plain(recorded: Recorded, found: Comparison, path: str | None) -> dict[str, Any]:
    return {
        "model": recorded.model,
        "variant": recorded.variant,
        "format": recorded.format,
        "identical": found.is_identical,
        "sha256": recorded.sha256,
        "rebuilt_sha256": found.sha256,
        "first_difference": found.first_difference,
        "changed": list(found.changed),
        "outputs": None if found.outputs is None else dict(found.outputs),
        "path": path,
    }


def _lines(recorded: Recorded, found: Comparison, path: str | None) -> list[str]:
    name = f"{recorded.model} {recorded.variant} {recorded.format}"
    if found.is_identical:
        lines = [f"{name}: identical, sha256 {found.sha256}"]
    else:
        lines = [
            f"{name}: differs, sha256 {found.sha256}, not {recorded.sha256}",
            f"the first result that differs is that of {found.first_difference}",
        ]
        if found.outputs is None:
            lines.append(
                "by how much is not known: the file is not beside its lineage, or its "
                "model compares none"
            )
        else:
            lines += [f"{key}: {value:.6g}" for key, value in found.outputs.items()]
    lines += [f"changed: {one}" for one in found.changed]
    return [*lines, path] if path else lines
