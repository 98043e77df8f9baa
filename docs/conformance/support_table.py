"""Write the README's support table from the conformance reports in this folder.

Every target that tierbench offers has a report here, or says in ``targets.toml`` what
stands behind it instead; a claim without either ends the script. Run it as ``python
docs/conformance/support_table.py``; with ``--check`` it writes nothing and ends with
status 1 where the table is not what the reports say.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable, Mapping
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from tierbench.harness.conformance.report import (
    Outcome,
    Proof,
    Report,
    read_report,
)

FOLDER = Path(__file__).parent
README = FOLDER.parents[1] / "README.md"
BEGIN = "<!-- support table: written by docs/conformance/support_table.py -->\n"
END = "<!-- end of the support table -->\n"
HEAD = "| target | runtime | what was done with it |\n|---|---|---|\n"
GROUP = "tierbench.targets"
KEYS = {"runtime", "proof", "note"}


def targets() -> list[str]:
    """Return the names of the targets that tierbench itself offers."""
    points = distribution("tierbench").entry_points
    return sorted(point.name for point in points if point.group == GROUP)


def table(names: Iterable[str], folder: Path = FOLDER) -> str:
    """Return the table as Markdown, a row a target.

    Args:
        names: of the targets.
        folder: holds ``targets.toml`` and reports, each named like its target.

    Raises:
        SystemExit: a target has neither report nor declared proof, or both, or there
            is a report or a declaration of no target; all is told at once.
        DataError: a report is none.
    """
    names = list(names)
    told = tomllib.loads((folder / "targets.toml").read_text(encoding="utf-8"))
    reports = {path.stem: read_report(path) for path in sorted(folder.glob("*.json"))}
    problems = [
        f"{name}: no such target" for name in sorted({*told, *reports} - set(names))
    ]
    rows = []
    for name in names:
        row, report = told.get(name), reports.get(name)
        problem = _problem(name, row, report)
        if problem is not None or row is None:
            problems.append(f"{name}: {problem}")
            continue
        done = _done(name, row, report)
        cells = (f"`{name}`", _cell(row["runtime"]), done)
        rows.append(f"| {' | '.join(cells)} |\n")
    if problems:
        raise SystemExit("\n".join(problems))
    return HEAD + "".join(rows)


def _problem(
    name: str, row: Mapping[str, Any] | None, report: Report | None
) -> str | None:
    """Return what keeps a target from a row, or None."""
    if row is None:
        return "targets.toml says nothing of it; add a table with its runtime"
    if not isinstance(row.get("runtime"), str) or set(row) - KEYS:
        return f"targets.toml: valid are {', '.join(sorted(KEYS))}, and runtime is due"
    declared = row.get("proof")
    if report is not None:
        if report.target != name:
            return f"{name}.json is a report of {report.target!r}"
        return "it has a report; leave out its proof" if declared else None
    weaker = [str(one) for one in Proof if one is not Proof.DEVICE]
    if declared not in weaker:
        return (
            f"no report, and proof {declared!r}; run `pytest --tier-target {name} "
            f"--tier-conformance` on the device and keep the report as {name}.json "
            f"in docs/conformance, or say one of: {'; '.join(weaker)}"
        )
    return None


def _done(name: str, row: Mapping[str, Any], report: Report | None) -> str:
    """Return what was done with a target, as the cell of its row."""
    note = f"; {_cell(row['note'])}" if row.get("note") else ""
    if report is None:
        return f"{row['proof']}{note}"
    passed, failed = report.count(Outcome.PASSED), report.count(Outcome.FAILED)
    counts = f"{passed} checks passed"
    if failed:
        counts += f", **{failed} failed**"
    if skipped := report.count(Outcome.SKIPPED):
        counts += f", {skipped} not done"
    where = f"{_cell(report.device)}, {report.date[:10]}"
    link = f"[{counts}](docs/conformance/{name}.json)"
    return f"{report.proof} ({where}): {link}{note}"


def _cell(text: str) -> str:
    """Return a text as a table's cell; what a report says is nobody's Markdown."""
    return re.sub(r"([\\|<>\[\]*_`&])", r"\\\1", " ".join(text.split()))


def renewed(readme: str, written: str) -> str:
    """Return the README's text with the table between its marks.

    Raises:
        SystemExit: the marks are gone.
    """
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{README.name} lacks the lines {BEGIN.strip()} {END.strip()}")
    return f"{before}{begin}\n{written}\n{end}{after}"


def main(arguments: list[str]) -> int:
    """Write the table, or only look whether it is as it should be."""
    readme = README.read_text(encoding="utf-8")
    due = renewed(readme, table(targets()))
    if "--check" in arguments:
        return int(readme != due)
    README.write_text(due, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
