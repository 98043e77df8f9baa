"""What others measured, beside one's own rows of the same network or device."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ..harness.published.spellings import device_of, network_of
from .digits import plain, with_interval
from .metrics import Row, number, read, words
from .summary import case_name, workload

ALIKE_MAX = 2
"""Lines of one device under one scenario: the newest rounds."""
LINES_MAX = 40
"""Published lines of one table; how many more there are is said beneath it."""

_SCENARIO = ("scenario", "batch")
_RATE = ("throughput_per_s", "value", "/s")
_Environments = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One result, own or published; ``values`` are texts, each with its interval.

    ``url`` is "" where there is none to link to.
    """

    evidence: str
    name: str
    device: str
    detail: str
    software: str
    scenario: str
    values: tuple[tuple[str, str], ...]
    source: str
    url: str
    caveats: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Others:
    """One table: own lines first, then the published ones, and how many are left."""

    title: str
    lines: tuple[Line, ...]
    more: int


def published_tables(
    rows: Sequence[Row], published: Sequence[Row], environments: _Environments
) -> tuple[list[Others], list[Row]]:
    """Return the tables, and the published rows that match an own row.

    A published row matches by its network or by its device, as the tables of
    spellings tell; what they do not list matches nothing.
    """
    own_networks: dict[str, list[Row]] = {}
    own_devices: dict[str, list[Row]] = {}
    for row in rows:
        if network := network_of(str(row.get("model"))):
            own_networks.setdefault(network, []).append(row)
        for device in _devices(row, environments):
            own_devices.setdefault(device, []).append(row)
    tables, used = [], []
    for network, own in own_networks.items():
        found = [row for row in published if row.get("network") == network]
        if found:
            used += found
            title = f"{network}, on any device"
            tables.append(_table(title, own, found, own_devices, environments))
    for device, own in own_devices.items():
        found = [
            row
            for row in published
            if row.get("device_name") == device
            and row.get("network") not in own_networks
        ]
        if found:
            used += found
            title = f"{device}, other networks"
            tables.append(_table(title, own, found, own_devices, environments))
    return tables, used


def _devices(row: Row, environments: _Environments) -> Iterator[str]:
    """Yield the catalogue's name of what a row ran on, where it has one."""
    environment = environments.get(str(row.get("environment")), {})
    options = row.get("options")
    told = options if isinstance(options, Mapping) else {}
    texts = (environment.get("device"), told.get("device"), told.get("board"))
    found = {device_of(text) for text in texts if isinstance(text, str)}
    yield from sorted(name for name in found if name)


def _table(
    title: str,
    own: Sequence[Row],
    found: Sequence[Row],
    own_devices: Mapping[str, object],
    environments: _Environments,
) -> Others:
    newest = sorted(found, key=lambda row: str(_cited(row, "round")), reverse=True)
    alike: Counter[tuple[str, ...]] = Counter()
    kept = []
    for row in newest:
        place = (_place(row), *(str(row.get(key)) for key in ("model", *_SCENARIO)))
        alike[place] += 1
        if alike[place] <= ALIKE_MAX:
            kept.append(row)
    kept.sort(
        key=lambda row: (
            row.get("device_name") not in own_devices,
            row.get("device_name") is None,
            _place(row),
            str(row.get("model")),
            *(str(row.get(key)) for key in _SCENARIO),
        )
    )
    shown = kept[:LINES_MAX]
    mine = [line for row in own if (line := _own_line(row, environments))]
    return Others(
        title=words(title),
        lines=(*mine, *map(_line, shown)),
        more=len(found) - len(shown),
    )


def _place(row: Row) -> str:
    """Return the device, however it is spelt."""
    return str(row.get("device_name") or row.get("device"))


def _own_line(row: Row, environments: _Environments) -> Line | None:
    """Return an own row's line; None where neither time nor rate is known."""
    values = []
    for group, key, unit in (("latency_ms", "median", "ms"), _RATE):
        metric = read(row, group, key)
        if metric.value is None:
            continue
        text, spread = plain(metric.value), ""
        if metric.interval is not None:
            text, spread = with_interval(metric.value, *metric.interval)
        values.append((f"{text} {unit}", spread))
    if not values:
        return None
    environment = environments.get(str(row.get("environment")), {})
    version = row.get("runtime_version")
    return Line(
        evidence=words(row.get("evidence")),
        name=f"{words(row.get('model'))} / {case_name(row)}",
        device=words(environment.get("device") or row.get("target")),
        detail="",
        software=words(f"{row.get('runtime') or ''} {version or ''}") or "n/a",
        scenario=workload(row),
        values=tuple(values),
        source="this report",
        url="",
        caveats=(),
    )


def _line(row: Row) -> Line:
    """Return a published row's line."""
    batch = row.get("batch")
    accelerators = number(row.get("accelerators")) or 1
    times = (
        f"{accelerators:.0f}\N{NO-BREAK SPACE}\N{MULTIPLICATION SIGN} "
        if accelerators > 1
        else ""
    )
    caveats = row.get("caveats")
    return Line(
        evidence="PUBLISHED",
        name=words(row.get("model")),
        device=times + words(row.get("device")),
        detail=words(row.get("system") or ""),
        software=words(row.get("software") or "n/a"),
        scenario=words(row.get("scenario")).replace("_", " ")
        + ("" if batch is None else f", batch\N{NO-BREAK SPACE}{words(batch)}"),
        values=tuple(_values(row)),
        source=words(f"{_cited(row, 'title')}: {_cited(row, 'submitter')}"),
        url=_link(_cited(row, "url")),
        caveats=tuple(map(words, caveats)) if isinstance(caveats, list) else (),
    )


def _values(row: Row) -> Iterator[tuple[str, str]]:
    """Yield what a published row tells, each with its unit; none has an interval."""
    for key, unit in (
        *(("latency_ms", "ms"), ("throughput_per_s", "/s")),
        *(("power_w", "W"), ("energy_mj", "mJ")),
    ):
        found = row.get(key)
        value = number(found.get("value")) if isinstance(found, Mapping) else None
        if value is None or not isinstance(found, Mapping):
            continue
        before = after = ""
        if percentile := number(found.get("percentile")):
            before = "median " if percentile == 50 else f"p{percentile:g} "
        if found.get("counted"):
            after = words(found["counted"])
        yield f"{before}{plain(value)} {after}{unit}", ""


def _cited(row: Row, key: str) -> str:
    citation = row.get("citation")
    return str(citation.get(key) or "") if isinstance(citation, Mapping) else ""


def _link(url: str) -> str:
    """Return an address of the web as it is, "" for everything else."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme in ("http", "https") and parts.hostname else ""
