"""Results of MLPerf Tiny: microcontrollers, one inference at a time.

Latency is 1 over the median throughput of the performance run; energy is of a run of
its own (https://github.com/mlcommons/tiny/tree/master/benchmark).
"""

from __future__ import annotations

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
    latency = cells.number("latency_ms", needed=True)
    energy_uj, power_mw = cells.number("energy_uJ"), cells.number("power_mW")
    top1, auc = cells.number("top1_pct"), cells.number("auc")
    accuracy = auc if benchmark == "ad" else top1 / 100 if top1 else None
    round_, board = cells.text("round"), cells.text("board")
    macs = cells.number("ref_model_macs")
    where = ("submitter_dir", "system_dir", "benchmark", "variant")
    parts = [cells.text("division"), *(cells.text(name, "-") for name in where)]
    unpowered = energy_uj is power_mw is None
    return [
        PublishedResult(
            key="/".join((TITLE, round_, *parts)),
            model=benchmark,
            network=f"mlperf-tiny-{benchmark}",
            device=board,
            device_name=device_of(board),
            software=cells.text("stack"),
            precision=cells.text("precision", "") or None,
            scenario="single_stream",
            batch=1,
            latency_ms=latency,
            latency_percentile=50.0,
            counted="inferences",
            power_w=None if power_mw is None else power_mw / 1e3,
            energy_mj=None if energy_uj is None else energy_uj / 1e3,
            power_scope=None if unpowered else "supply as submitted",
            accuracy=accuracy,
            accuracy_metric=None
            if accuracy is None
            else "auc"
            if benchmark == "ad"
            else "top1",
            macs=None if macs is None else int(macs),
            citation=Citation(
                title=f"{TITLE} {round_}, {cells.text('division')} division",
                url=cells.git_url("perf_path"),
                commit=cells.text("commit"),
                round=round_,
                submitter=cells.text("submitter_dir"),
            ),
            caveats=tuple(_caveats(cells, unpowered)),
        )
    ]


def _caveats(cells: Cells, unpowered: bool) -> list[str]:
    found = []
    if notes := cells.text("hw_notes", ""):
        found.append(notes)
    if not unpowered:
        found.append("energy is of a run of its own")
    if cells.text("division") != "closed":
        found.append("open division: the model may differ from the reference")
    if cells.text("status", "Available") != "Available":
        found.append(f"availability: {cells.text('status').lower()}")
    return found
