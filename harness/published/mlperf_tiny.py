"""Results of MLPerf Tiny: microcontrollers, one inference at a time.

Latency is 1 over the median throughput of the performance run; energy is of a run of
its own (https://github.com/mlcommons/tiny/tree/master/benchmark).
"""

from __future__ import annotations

from typing import Any

from .cells import Cells
from .result import Citation, PublishedResult
from .spellings import device_of

TITLE = "MLPerf Tiny"
COLUMNS = frozenset(
    {
        *("round", "division", "submitter_dir", "board", "benchmark", "variant"),
        *("stack", "precision", "latency_ms", "energy_uJ", "power_mW"),
        *("top1_pct", "auc", "system_dir", "repo", "commit", "perf_path"),
    }
)
_BENCHMARKS = ("ad", "ic", "kws", "vww")


def read(cells: Cells) -> list[PublishedResult] | str:
    """Return what a row tells, or why it is left out."""
    benchmark = cells.text("benchmark")
    if benchmark not in _BENCHMARKS:
        return f"benchmark {benchmark!r} tells no latency of an inference"
    board = cells.text("board")
    where = ("submitter_dir", "system_dir", "benchmark", "variant")
    parts = (cells.text("round"), cells.text("division"))
    macs = cells.number("ref_model_macs")
    power = _power(cells)
    return [
        PublishedResult(
            key="/".join((TITLE, *parts, *(cells.text(name, "-") for name in where))),
            model=benchmark,
            network=f"mlperf-tiny-{benchmark}",
            device=board,
            device_name=device_of(board),
            software=cells.text("stack"),
            precision=cells.text("precision", "") or None,
            scenario="single_stream",
            batch=1,
            latency_ms=cells.number("latency_ms", needed=True),
            latency_percentile=50.0,
            **power,
            **_accuracy(cells, benchmark),
            macs=None if macs is None else int(macs),
            citation=Citation(
                title=f"{TITLE} {parts[0]}, {parts[1]} division",
                url=cells.git_url("perf_path"),
                commit=cells.text("commit"),
                round=parts[0],
                submitter=cells.text("submitter_dir"),
            ),
            caveats=tuple(_caveats(cells, powered=bool(power))),
        )
    ]


def _power(cells: Cells) -> dict[str, Any]:
    """Return power and energy where the row tells them, with what drew them."""
    told = {
        "power_w": cells.number("power_mW"),
        "energy_mj": cells.number("energy_uJ"),
    }
    found: dict[str, Any] = {k: v / 1e3 for k, v in told.items() if v is not None}
    return {**found, "power_scope": "supply as submitted"} if found else {}


def _accuracy(cells: Cells, benchmark: str) -> dict[str, Any]:
    """Return the AUC of anomaly detection, else the share of right answers."""
    top1, auc = cells.number("top1_pct"), cells.number("auc")
    if benchmark == "ad":
        return {} if auc is None else {"accuracy": auc, "accuracy_metric": "auc"}
    return {} if top1 is None else {"accuracy": top1 / 100, "accuracy_metric": "top1"}


def _caveats(cells: Cells, *, powered: bool) -> list[str]:
    found = []
    if notes := cells.text("hw_notes", ""):
        found.append(notes)
    if powered:
        found.append("energy is of a run of its own")
    if cells.text("division") != "closed":
        found.append("open division: the model may differ from the reference")
    if cells.text("status", "Available") != "Available":
        found.append(f"availability: {cells.text('status').lower()}")
    return found
