"""The report of the kit: what was tried on which device, and what was seen.

It is JSON that anybody may send: nothing in it is believed before it is checked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from ..errors import DataError, StoreError
from ..outfile import replacing
from ..plain import from_plain, parse_object, to_plain
from ..values import Evidence, Setting

SCHEMA = 1

REPORT_BYTES_MAX = 1 << 20
TEXT_MAX = 1000
"""Characters that any text in a report may have."""

_TARGET = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


class Proof(StrEnum):
    """What stands behind a target, the strongest first."""

    DEVICE = "run on the device"
    SIMULATOR = "run on a simulator"
    BINDINGS = "checked against the vendor's bindings"
    UNCHECKED = "written from the published API, unchecked"


class Outcome(StrEnum):
    """How a check ended; one that could not be made is skipped, with the reason."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check: its name, what it promises, how it ended, and what was seen."""

    name: str
    promise: str
    outcome: Outcome
    reason: str | None
    figures: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A model file that the target was tried with."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One run of the kit. ``date`` is in UTC, ``options`` are the target's own."""

    schema: int
    target: str
    tierbench: str
    date: str
    proof: Proof
    evidence: Evidence
    device: str
    runtime: str
    runtime_version: str | None
    identity: Mapping[str, str | None]
    options: Mapping[str, Setting]
    models: tuple[Tried, ...]
    checks: tuple[Check, ...]

    def count(self, outcome: Outcome) -> int:
        """Return how many checks ended so."""
        return sum(check.outcome is outcome for check in self.checks)


_PROOFS = {
    Evidence.MEASURED: Proof.DEVICE,
    Evidence.EMULATED: Proof.SIMULATOR,
    Evidence.SIMULATED: Proof.SIMULATOR,
}


def proof_of(evidence: Evidence) -> Proof | None:
    """Return what a run of the kit proves of a target whose results are such.

    Nothing, where nothing of the model runs.
    """
    return _PROOFS.get(evidence)


def write_report(path: Path, report: Report) -> None:
    """Write a report.

    Raises:
        InputError: the file cannot be written.
    """
    with replacing(path) as file:
        json.dump(to_plain(report), file, indent=1, allow_nan=False)
        file.write("\n")


def read_report(path: Path) -> Report:
    """Return a report that somebody wrote.

    Raises:
        DataError: it cannot be read, or is none; the message says what is wrong.
    """
    where = f"conformance report {str(path)!r}"
    try:
        if path.stat().st_size > REPORT_BYTES_MAX:
            raise DataError(f"{where}: larger than {REPORT_BYTES_MAX} bytes")
        plain = parse_object(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise DataError(f"{where}: cannot be read: {exc.strerror}") from exc
    except (StoreError, UnicodeDecodeError) as exc:
        raise DataError(f"{where}: {exc}; run the kit again to write one") from exc
    schema = plain.get("schema")
    if schema != SCHEMA:
        raise DataError(
            f"{where}: schema {schema!r}; this tierbench reads {SCHEMA}: use the "
            "tierbench that wrote it, or run the kit again"
        )
    try:
        report = from_plain(Report, plain)
    except StoreError as exc:
        raise DataError(f"{where}: {exc}") from exc
    if problem := _problem(report, plain):
        raise DataError(f"{where}: {problem}")
    return report


def _problem(report: Report, plain: Mapping[str, Any]) -> str | None:
    """Return what no run of the kit writes, or None."""
    if not _TARGET.fullmatch(report.target):
        return f"target {report.target[:80]!r} is no name of a target"
    try:
        datetime.fromisoformat(report.date)
    except ValueError:
        return f"date {report.date[:80]!r} is no date; valid: 2026-01-31T12:00:00+00:00"
    if report.proof is not proof_of(report.evidence):
        return f"{report.evidence} results are not proof of {report.proof.value!r}"
    if not any(check.outcome is not Outcome.SKIPPED for check in report.checks):
        return "no check was made"
    names = [check.name for check in report.checks]
    if len(set(names)) < len(names):
        return "a check stands in it twice"
    for check in report.checks:
        if check.outcome is not Outcome.PASSED and not check.reason:
            return f"check {check.name[:80]!r} was {check.outcome} without a reason"
    return _text_problem(plain)


def _text_problem(plain: Any) -> str | None:
    """Return which text is too long or not for a line, or None."""
    if isinstance(plain, str):
        if len(plain) > TEXT_MAX or not plain.isprintable():
            return f"text {plain[:40]!r} is too long, or not printable on one line"
        return None
    if isinstance(plain, Mapping):
        parts = [*plain, *plain.values()]
    elif isinstance(plain, list):
        parts = plain
    else:
        return None
    return next((found for part in parts if (found := _text_problem(part))), None)
