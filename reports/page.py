"""The report: one HTML page that stands alone, from rows of results."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from ..harness.distribution import LatencyHistogram
from ..harness.errors import InputError
from ..harness.plain import to_plain
from .asked import outcomes, questions
from .bought import Techniques, bought_tables, claim_table, uncompared_notes
from .charts import MARKERS, charts
from .condition import throttled
from .facets import facets, target_colours
from .headline import front_sentences
from .interactive import bundle, figure
from .load import load_tables
from .metrics import Row, number, words
from .pareto import fronts, states
from .published import published_tables
from .ridges import ridges
from .soak import finalists, warnings
from .summary import (
    asked,
    case_name,
    counts,
    distinct,
    highlights,
    outcome,
    place_name,
    workload,
)
from .table import table

_TEMPLATES = Path(__file__).with_name("templates")


def render(
    rows: Sequence[Row],
    *,
    title: str,
    runs: Sequence[Mapping[str, Any]] = (),
    environments: Mapping[str, Mapping[str, Any]] | None = None,
    distributions: Mapping[str, LatencyHistogram] | None = None,
    techniques: Techniques | None = None,
    published: Sequence[Row] = (),
) -> str:
    """Return the page for rows as ``tierbench results --json`` prints them.

    ``runs`` are what ``harness.results.run_row`` returns; ``environments`` map the
    hash that a row names to the environment, ``distributions`` a row's ``case_key`` to
    the histogram of its latencies; ``techniques`` are what ``harness.gains`` and
    ``harness.claims`` find. Of ``published``, rows as ``tierbench results --published
    --json`` prints them, those of a network or a device among the rows are shown.

    A pure function: equal input gives equal bytes. Texts in the rows are shown, never
    interpreted. Raises InputError where a row holds what JSON cannot express.
    """
    rows, distributions = list(rows), distributions or {}
    techniques = techniques or Techniques()
    found = _findings(rows)
    others, cited = published_tables(rows, published, environments or {})
    return _template().render(
        title=words(title),
        **_style("page.css"),
        **_scripts(found["figure"]),
        data=_data(rows, found["figure"], distributions, techniques, cited),
        others=others,
        **_bought(techniques),
        runs=runs,
        questions=questions(runs),
        ridges=ridges(rows, distributions),
        environments=list(_environments(rows, environments or {})),
        **found,
    )


def _scripts(figure: object) -> dict[str, Any]:
    """Return the page's scripts and their hashes; what draws comes with a figure."""
    scripts = [_asset("page.js")]
    if figure is not None:
        scripts += [bundle(), _asset("figure.js")]
    return {
        "scripts": [Markup(script) for script in scripts],
        "script_hashes": [_csp_hash(script) for script in scripts],
    }


def _data(
    rows: Sequence[Row],
    figure: Mapping[str, Any] | None,
    distributions: Mapping[str, LatencyHistogram],
    techniques: Techniques,
    published: Sequence[Row],
) -> dict[str, Markup]:
    """Return what the page holds as JSON, by the id of its element."""
    histograms = {key: asdict(found) for key, found in distributions.items()}
    data = {
        "rows": Markup(_json(rows, indent=1)),
        "distributions": Markup(_json(histograms)),
    }
    if techniques.gains or techniques.uncompared:
        data["techniques"] = Markup(_json(to_plain(techniques)))
    if published:
        data["published"] = Markup(_json(published))
    return data if figure is None else {**data, "chart": Markup(_json(figure))}


def page_assets(name: str, *styles: str) -> tuple[Template, dict[str, Any]]:
    """Return another page's template, and its style with the hash that allows it."""
    return _template(name), _style("page.css", *styles)


def _style(*names: str) -> dict[str, Any]:
    style = "".join(map(_asset, names))
    return {"style": Markup(style), "style_hash": _csp_hash(style)}


def _template(name: str = "page.html") -> Template:
    jinja = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    jinja.filters["words"] = words
    jinja.filters["moment"] = _moment
    return jinja.get_template(name)


def _findings(rows: Sequence[Row]) -> dict[str, Any]:
    """Return what the page says about the rows, by the template's names."""
    judged = fronts(rows)
    shown = facets(rows, judged)
    drawn, not_drawn = charts(shown)
    return {
        "total": len(rows),
        "counts": counts(rows),
        "asked": asked(rows),
        "outcomes": outcomes(rows),
        "findings": _headlines(highlights(rows), front_sentences(rows, judged)),
        "figure": figure(shown),
        "charts": [
            (chart.title, [(cost, Markup(svg)) for cost, svg in chart.panels])
            for chart in drawn
        ],
        "charts_not_drawn": not_drawn,
        "left_out": [
            (facet.title, facet.left_out) for facet in shown if facet.left_out
        ],
        "colours": list(target_colours(rows).items()),
        "evidence": _evidence(rows),
        "hollow": any(row.get("status") == "not_converged" for row in rows),
        "table": table(rows, states(judged)),
        "loads": load_tables(rows),
        "finalists": finalists(rows),
        "warnings": warnings(rows),
        "setbacks": [found for row in rows for found in _setbacks(row)],
    }


def _bought(techniques: Techniques) -> dict[str, Any]:
    """Return what the page says about techniques, by the template's names."""
    return {
        "bought": bought_tables(techniques.gains),
        "uncompared": uncompared_notes(techniques.uncompared),
        "claims": claim_table(techniques.claims),
    }


def _headlines(
    best: Mapping[str, str], front: Mapping[str, str]
) -> list[tuple[str, str, str]]:
    """Return (model, its best cases, its front) for each model that has either."""
    models = distinct([*best, *front])
    return [(name, best.get(name, ""), front.get(name, "")) for name in models]


def _json(value: object, indent: int | None = None) -> str:
    """Return JSON that no HTML parser can mistake for markup."""
    try:
        text = json.dumps(value, indent=indent, allow_nan=False)
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


def _evidence(rows: Sequence[Row]) -> list[str]:
    """Return the classes of evidence that occur, in their own order."""
    seen = {str(row.get("evidence")) for row in rows}
    return [name for name in MARKERS if name in seen]


def _setbacks(row: Row) -> Iterator[tuple[str, str, str, str]]:
    """Yield (case, workload, outcome, reason): not ok, or on a slowed device."""
    name = f"{words(row.get('model'))} / {case_name(row)}"
    if row.get("status") != "ok":
        reason = words(row.get("reason") or "no reason was recorded")
        yield name, workload(row), outcome(row), reason
    if why := throttled(row):
        yield name, workload(row), "throttled", why


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
