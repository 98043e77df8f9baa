"""``tierbench targets``."""

from __future__ import annotations

import click

from . import json_option


@click.command("targets")
@json_option
def command(as_json: bool) -> None:
    """List every target: its tier, whether it can run here, and what to do if not."""
    from concurrent.futures import ThreadPoolExecutor

    from .. import registry

    names = registry.names(registry.TARGETS)
    with ThreadPoolExecutor(max(1, len(names))) as pool:
        rows = list(pool.map(_row, names))
    if as_json:
        import json

        click.echo(json.dumps(rows, indent=2))
        return
    from ..tables import print_table

    print_table(
        ("target", "tier", "available", "reason", "remedy"),
        [
            (
                str(row["name"]),
                str(row["tier"] or ""),
                "yes" if row["available"] else "no",
                str(row["reason"] or ""),
                str(row["remedy"] or ""),
            )
            for row in rows
        ],
    )


def _row(name: str) -> dict[str, str | bool | None]:
    """Return what is known of a target; a broken plug-in is one that cannot run."""
    from .. import registry
    from ..errors import TierbenchError

    row: dict[str, str | bool | None] = {"name": name, "tier": None}
    try:
        kind = registry.find(registry.TARGETS, name)
        row["tier"] = str(kind.tier)
        missing = kind().unavailable()
    except TierbenchError as exc:
        reason, _, remedy = str(exc).rpartition("; ")
        return {**row, "available": False, "reason": reason, "remedy": remedy}
    except Exception as exc:
        reason = f"{type(exc).__name__}: {exc}"
        remedy = "reinstall the package that offers it"
        return {**row, "available": False, "reason": reason, "remedy": remedy}
    return {
        **row,
        "available": missing is None,
        "reason": None if missing is None else missing.reason,
        "remedy": None if missing is None else missing.remedy,
    }
