"""``tierbench published``: results of others, with where they stand."""

from __future__ import annotations

from pathlib import Path

import click

from . import json_option, store_option


@click.group("published")
def command() -> None:
    """Keep results that others published, to be shown beside one's own."""


@command.command("import")
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILES...",
)
@store_option
@json_option
def import_(files: tuple[Path, ...], store_url: str, as_json: bool) -> None:
    """Import tables of MLPerf, Hailo's model zoo or Coral: all of them, or nothing."""
    from dataclasses import asdict

    from ..published.files import read_published
    from ..store import Store

    found = read_published(files)
    with Store.open(store_url) as store:
        added = store.add_published([r for file in found for r in file.results])
    if as_json:
        import json

        told = [
            {
                "file": str(file.path),
                "title": file.title,
                "results": len(file.results),
                "left_out": dict(file.left_out),
            }
            for file in found
        ]
        click.echo(json.dumps({"files": told, **asdict(added)}, indent=2))
        return
    from ..terminal import printable

    for file in found:
        click.echo(printable(f"{file.path}: {file.title}, {len(file.results)} results"))
        for reason, rows in file.left_out.items():
            click.echo(printable(f"  left out {rows}: {reason}"))
    click.echo(f"{added.new} new, {added.changed} changed, {added.same} already there")
