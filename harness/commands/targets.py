"""``tierbench targets``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from . import json_option

if TYPE_CHECKING:
    from ..known_device import KnownDevice


@click.command("targets")
@click.option("--devices", is_flag=True, help="List the devices of the catalogue.")
@click.option(
    "--device", "name", metavar="NAME", help="What is known of one device, and whence."
)
@json_option
def command(devices: bool, name: str | None, as_json: bool) -> None:
    """List every target: its tier, whether it can run here, and what to do if not."""
    if name is not None:
        _show_device(name, as_json)
    elif devices:
        _show_devices(as_json)
    else:
        _show_targets(as_json)


def _show_targets(as_json: bool) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from .. import registry

    names = registry.names(registry.TARGETS)
    with ThreadPoolExecutor(len(names) + 1) as pool:
        catalogues = pool.submit(_known)
        rows = list(pool.map(_row, names))
        known = catalogues.result()
    for row in rows:
        row["devices"] = [d.name for d in known if row["name"] in d.targets]
    if as_json:
        _print_json(rows)
        return
    from ..tables import print_table

    print_table(
        ("target", "tier", "available", "devices", "reason", "remedy"),
        [
            (
                str(row["name"]),
                str(row["tier"] or ""),
                "yes" if row["available"] else "no",
                str(len(row["devices"]) or "-"),
                str(row["reason"] or ""),
                str(row["remedy"] or ""),
            )
            for row in rows
        ],
    )


def _row(name: str) -> dict[str, Any]:
    """Return what is known of a target; a broken plug-in is one that cannot run."""
    from .. import registry
    from ..errors import TierbenchError

    row: dict[str, Any] = {"name": name, "tier": None}
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


def _known() -> list[KnownDevice]:
    """Return the devices of all catalogues; a broken one is told, and has none."""
    from ..errors import InfrastructureError
    from ..known_device import known_devices
    from ..terminal import printable

    try:
        return list(known_devices())
    except InfrastructureError as exc:
        click.echo(printable(f"warning: {exc}"), err=True)
        return []


def _show_devices(as_json: bool) -> None:
    from ..known_device import known_devices
    from ..plain import to_plain

    found = list(known_devices())
    if as_json:
        _print_json([to_plain(device) for device in found])
        return
    from ..tables import print_table

    print_table(
        ("device", "title", "targets"),
        [(d.name, d.title, ", ".join(d.targets)) for d in found],
    )


def _show_device(name: str, as_json: bool) -> None:
    from ..errors import NotFound
    from ..known_device import known_devices
    from ..plain import to_plain

    known = {device.name: device for device in known_devices()}
    if name not in known:
        raise NotFound("device", name, known)
    device = known[name]
    if as_json:
        _print_json(to_plain(device))
        return
    from ..tables import print_table

    print_table(("fact", "value", "source, or why it is not known"), _lines(device))


def _lines(device: KnownDevice) -> Sequence[tuple[str, str, str]]:
    """Return each fact with its source, then what is not known with its reason."""
    told = dict(_leaves({"title": device.title, **device.facts}))
    whence = device.sources
    lines = [
        (name, value, whence.get(name) or whence.get(name.partition(".")[0], ""))
        for name, value in {**told, "targets": ", ".join(device.targets)}.items()
    ]
    return [*lines, *((name, "-", why) for name, why in device.unknown.items())]


def _leaves(facts: Mapping[str, Any], above: str = "") -> Sequence[tuple[str, str]]:
    """Return (dotted name, text) of every value that is told."""
    found: list[tuple[str, str]] = []
    for name, value in facts.items():
        if isinstance(value, Mapping):
            found += _leaves(value, f"{above}{name}.")
        elif isinstance(value, float):
            found.append((above + name, f"{value:.6g}"))
        elif value is not None:
            found.append((above + name, str(value)))
    return found


def _print_json(value: Any) -> None:
    import json

    click.echo(json.dumps(value, indent=2))
