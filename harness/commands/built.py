"""What ``tierbench models build`` prints and copies of each variant."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ..building import Outcome, Wanted
    from ..model import BuiltVariant

_SECONDS_MIN = 1.0
"""Less time than that is not told of: the file lay in the cache."""


class Lines:
    """Tell how building gets on in plain lines on standard error."""

    def ended(self, outcome: Outcome, done: int, total: int) -> None:
        """Write what took long or failed; what does not apply is told in the end."""
        if outcome.status == "inapplicable":
            return
        if outcome.built and outcome.seconds < _SECONDS_MIN:
            return
        why = f": {outcome.reason}" if outcome.reason else ""
        took = f" ({outcome.seconds:.0f} s)" if outcome.built else ""
        self._line(f"[{done}/{total}] {outcome.wanted} {outcome.status}{why}{took}")

    def under_way(self, begun: Mapping[Wanted, float], done: int, total: int) -> None:
        """Write what is being built."""
        told = ", ".join(f"{item} for {s:.0f} s" for item, s in begun.items())
        self._line(f"[{done}/{total}] building {told}")

    def _line(self, text: str) -> None:
        from ..terminal import printable

        click.echo(printable(text), err=True)


def built_row(model: str, built: BuiltVariant, out: Path | None) -> dict[str, Any]:
    """Return the row of a file, copied to a folder if one is given."""
    from ..hashing import file_sha256
    from ..plain import to_plain

    row = {
        "model": model,
        "variant": built.recipe,
        "format": built.path.suffix.removeprefix("."),
        "status": "built",
        "reason": None,
        "size_bytes": built.path.stat().st_size,
        "sha256": file_sha256(built.path),
        "weight_bits": built.weight_bits,
        "activation_bits": built.activation_bits,
        "lineage": to_plain(built.lineage),
    }
    path = built.path if out is None else _copy(built.path, row, out)
    return {**row, "path": str(path)}


def outcome_row(outcome: Outcome, out: Path | None) -> dict[str, Any]:
    """Return the row of what was to be built, with the reason where it was not."""
    if outcome.built:
        return built_row(outcome.wanted.model, outcome.built, out)
    return {
        "model": outcome.wanted.model,
        "variant": outcome.wanted.variant,
        "format": outcome.wanted.format,
        "status": str(outcome.status),
        "reason": outcome.reason,
    }


def _copy(source: Path, row: Mapping[str, Any], out: Path) -> Path:
    """Copy a built file to a folder, its lineage beside it, and return the copy."""
    import json
    import shutil

    from ..outfile import replacing

    path = out / f"{row['model']}-{slug(row['variant'])}.{row['format']}"
    draft = path.with_name(f".{path.name}.part")
    with _writing(out):
        shutil.copyfile(source, draft)
        draft.replace(path)
    with replacing(path.with_name(f"{path.name}.json")) as file:
        file.write(json.dumps(row, indent=2) + "\n")
    return path


def make_folder(out: Path) -> None:
    """Make the folder that files are to be copied to, before any time is spent.

    Raises:
        InputError: it cannot be made.
    """
    with _writing(out):
        out.mkdir(parents=True, exist_ok=True)


@contextmanager
def _writing(out: Path) -> Iterator[None]:
    from ..errors import InputError

    try:
        yield
    except OSError as exc:
        raise InputError(
            f"--out {str(out)!r} cannot be written: {exc.strerror}; name another folder"
        ) from exc


def slug(variant: str) -> str:
    """Return a variant's name as part of a file's: prune-0.5-int8."""
    return re.sub(r"[^A-Za-z0-9._=]+", "-", variant).strip("-")
