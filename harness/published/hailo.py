"""The tables of Hailo's model zoo: frames per second of compiled networks."""

from __future__ import annotations

from dataclasses import replace

from .cells import Cells
from .result import Citation, PublishedResult
from .spellings import device_of, network_of

TITLE = "Hailo Model Zoo"
COLUMNS = frozenset(
    {
        *("parse_misaligned", "arch", "network", "float_acc", "hw_header", "hw_value"),
        *("fps_batch1", "fps_batch8", "params_M", "ops_G", "hef_version", "dfc"),
        *("repo", "commit", "path"),
    }
)
_BATCHES = (1, 8)
_SPLIT = ("batch 1 and 8 differ: split over contexts",)


def read(cells: Cells) -> list[PublishedResult] | str:
    """Return what a row tells, one result a batch, or why it is left out."""
    if cells.flag("parse_misaligned"):
        return "the row's cells do not stand under their headings"
    rates = {batch: cells.number(f"fps_batch{batch}") for batch in _BATCHES}
    if not any(rates.values()):
        return "no frames per second are told"
    common = _common(cells, split=rates[1] != rates[8])
    return [
        replace(
            common,
            key=f"{common.key}/{batch}",
            batch=batch,
            throughput_per_s=rate,
        )
        for batch, rate in rates.items()
        if rate is not None
    ]


def _common(cells: Cells, *, split: bool) -> PublishedResult:
    """Return what a row's results have in common."""
    network, chip = cells.text("network"), cells.text("arch")
    accuracy, caveats = _accuracy(cells, chip)
    url = cells.git_url("path")
    version = f"{cells.text('hef_version')}, compiler {cells.text('dfc')}"
    own = "the maker's own number, of the chip alone"
    return PublishedResult(
        key=f"{TITLE}/{url}/{network}/{chip}",
        model=network,
        network=network_of(network),
        device=chip,
        device_name=device_of(chip),
        software=f"Hailo Model Zoo {version}",
        scenario="offline",
        counted="frames",
        accuracy=accuracy,
        accuracy_metric=None if accuracy is None else cells.text("metric_header"),
        macs=_scaled(cells, "ops_G", 1e9 / 2),
        parameters=_scaled(cells, "params_M", 1e6),
        citation=_citation(cells, url, chip),
        caveats=(own, *(_SPLIT if split else ()), *caveats),
    )


def _citation(cells: Cells, url: str, chip: str) -> Citation:
    commit = cells.text("commit")
    title = f"{TITLE}, {chip}"
    return Citation(title=title, url=url, commit=commit, submitter="Hailo")


def _scaled(cells: Cells, name: str, factor: float) -> int | None:
    value = cells.number(name)
    return None if value is None else round(value * factor)


def _accuracy(cells: Cells, chip: str) -> tuple[float | None, list[str]]:
    """Return the accuracy on the chip, and how sure it is.

    The column is headed as a degradation, yet all cells of the Hailo-8L, and some of
    others, hold the accuracy itself: a loss of over half of it is none.
    """
    whole = cells.number("float_acc", signed=True)
    told = cells.number("hw_value", signed=True)
    if told is None:
        return None, []
    if "degradation" not in cells.text("hw_header", "").lower():
        return told, []
    if chip.upper() == "HAILO8L":
        return told, ["printed as a degradation, and read as the accuracy itself"]
    if whole is None:
        return None, []
    if told > whole / 2:
        return None, ["accuracy left out: the printed degradation is ambiguous"]
    return whole - told, ["accuracy is the float one less the printed degradation"]
