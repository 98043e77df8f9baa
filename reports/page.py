"""The report: one HTML page that stands alone, from rows of results."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from ..harness.errors import InputError
from .charts import MARKERS, PALETTE, charts, target_colours
from .metrics import Row, number, words
from .summary import asked, case_name, counts, highlights, outcome, place_name, workload
from .table import table

_TEMPLATES = Path(__file__).with_name("templates")


def render(
    rows: Sequence[Row],
    *,
    title: str,
    runs: Sequence[Mapping[str, Any]] = (),
    environments: Mapping[str, Mapping[str, Any]] | None = None,
) -> str:
    """Return the page for rows as ``tierbench results --json`` prints them.

    ``runs`` are what ``harness.results.run_row`` returns; ``environments`` maps the
    hash that a row names to the environment as a plain mapping.

    A pure function: equal input gives equal bytes. Texts in the rows are shown, never
    interpreted. Raises InputError where a row holds what JSON cannot express.
    """
    rows = list(rows)
    style, script = (_asset(name) for name in ("page.css", "page.js"))
    return _template().render(
        title=words(title),
        style=Markup(style),
        script=Markup(script),
        style_hash=_csp_hash(style),
        script_hash=_csp_hash(script),
        raw=Markup(_json(rows)),
        runs=runs,
        environments=list(_environments(rows, environments or {})),
        **_findings(rows),
    )


def _template() -> Template:
    jinja = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    jinja.filters["words"] = words
    jinja.filters["moment"] = _moment
    return jinja.get_template("page.html")


def _findings(rows: Sequence[Row]) -> dict[str, Any]:
    """Return what the page says about the rows, by the template's names."""
    drawn, not_drawn = charts(rows)
    return {
        "total": len(rows),
        "counts": counts(rows),
        "asked": asked(rows),
        "highlights": highlights(rows),
        "charts": [(chart, Markup(chart.svg)) for chart in drawn],
        "charts_not_drawn": not_drawn,
        "colours": _colour_slots(rows),
        "evidence": _evidence(rows),
        "hollow": any(row.get("status") == "not_converged" for row in rows),
        "table": table(rows),
        "setbacks": [_setback(row) for row in rows if row.get("status") != "ok"],
    }


def _json(rows: Sequence[Row]) -> str:
    """Return JSON that no HTML parser can mistake for markup."""
    try:
        text = json.dumps(rows, indent=1, allow_nan=False)
    except (TypeError, ValueError) as exc:
        raise InputError(
            f"the rows of the report are not JSON: {exc}; "
            "an unknown number must be null beside its reason"
        ) from exc
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


def _asset(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")


def _moment(time_ns: object) -> str:
    """Return Unix time in ns as date and time of UTC, to the second."""
    seconds = number(time_ns)
    if seconds is None:
        return "not known"
    moment = datetime.fromtimestamp(seconds // 1_000_000_000, UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _csp_hash(text: str) -> str:
    """Return the source expression that allows exactly this inline element."""
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"


def _colour_slots(rows: Sequence[Row]) -> list[tuple[str, str]]:
    """Return (target, CSS class of its colour)."""
    colours = target_colours(rows)
    classes = {colour: f"c{slot}" for slot, colour in enumerate(PALETTE)}
    return [(name, classes.get(colour, "other")) for name, colour in colours.items()]


def _evidence(rows: Sequence[Row]) -> list[str]:
    """Return the classes of evidence that occur, in their own order."""
    seen = {str(row.get("evidence")) for row in rows}
    return [name for name in MARKERS if name in seen]


def _setback(row: Row) -> tuple[str, str, str, str]:
    """Return (case, workload, outcome, reason) of a case that is not ok."""
    name = f"{words(row.get('model'))} / {case_name(row)}"
    reason = words(row.get("reason") or "no reason was recorded")
    return name, workload(row), outcome(row), reason


def _environments(
    rows: Sequence[Row], known: Mapping[str, Mapping[str, Any]]
) -> Iterator[tuple[str, str, list[tuple[str, str]]]]:
    """Yield (hash, targets, facts) of each environment that a row names."""
    used: dict[str, list[str]] = {}
    for row in rows:
        if row.get("environment") is not None:
            targets = used.setdefault(str(row["environment"]), [])
            if place_name(row) not in targets:
                targets.append(place_name(row))
    for sha256, targets in used.items():
        yield words(sha256), ", ".join(targets), list(_facts(known.get(sha256, {})))


def _facts(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield (path, text) of every leaf of nested mappings and lists."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _facts(part, f"{path}.{words(key)}" if path else words(key))
    elif isinstance(value, list | tuple) and any(
        isinstance(part, Mapping | list | tuple) for part in value
    ):
        for index, part in enumerate(value):
            yield from _facts(part, f"{path}[{index}]")
    elif isinstance(value, list | tuple):
        yield path, ", ".join(words(part) for part in value)
    else:
        yield path, "unknown" if value is None else words(value)
