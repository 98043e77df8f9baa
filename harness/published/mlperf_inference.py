"""Results of MLPerf Inference, as a table of mlcommons/cm4mlperf-results.

What a scenario's result is stands in the rules of MLPerf Inference
(https://github.com/mlcommons/inference_policies): single stream the 90th percentile of
latency, multi-stream the 99th of queries of 8 samples, server and offline a rate.
"""

from __future__ import annotations

from typing import Any

from .cells import Cells
from .result import Citation, PublishedResult
from .spellings import device_of, network_of

TITLE = "MLPerf Inference"
COLUMNS = frozenset(
    {
        *("version", "submitter", "division", "system", "accelerator", "host"),
        *("accelerators_per_node", "model", "scenario", "result", "units"),
        *("power", "power_units", "accuracy", "framework", "inferred", "errors"),
        *("location", "url"),
    }
)

_NO_ACCELERATOR = {"", "-", "n/a", "none"}
_SCENARIOS = {
    "SingleStream": "single_stream",
    "MultiStream": "multi_stream",
    "Server": "server",
    "Offline": "offline",
}
_PERCENTILES = {"single_stream": 90.0, "multi_stream": 99.0}
_SAYS = {
    "single_stream": "the 90th percentile of latency, not the median",
    "multi_stream": "the 99th percentile of a query of 8 samples",
    "server": "the rate at which a limit of latency was kept",
    "offline": "batches as the submitter chose",
}
_UNITS = {"Latency (ms)", "Samples/s", "Queries/s", "Watts", "millijoules"}
_METRICS = {
    "resnet": ("top1", 100.0),
    "3d-unet": ("mean Dice", 1.0),
    "rnnt": ("100 - WER", 1.0),
}


def read(cells: Cells) -> list[PublishedResult] | str:
    """Return what a row tells, or why it is left out."""
    citation = _citation(cells)
    if cells.flag("inferred"):
        return "inferred from another scenario"
    if cells.flag("errors"):
        return "the submission had errors"
    scenario = _SCENARIOS.get(cells.text("scenario"))
    units = cells.text("units")
    if scenario is None or units not in _UNITS:
        return f"no known scenario and unit: {cells.text('scenario')}, {units}"
    accelerators = max(1, cells.count("accelerators_per_node"))
    told = _told(cells, scenario, units, accelerators)
    if not told:
        return "neither latency nor rate nor power is told"
    model = cells.text("model")
    device = cells.text("accelerator" if _has(cells) else "host")
    place = f"{citation.round}/{cells.text('location')}"
    return [
        PublishedResult(
            key=f"{TITLE}/{place}/{model}/{scenario}/{units}",
            model=model,
            network=network_of(model),
            device=device,
            device_name=_device_name(cells, device),
            system=cells.text("system"),
            accelerators=accelerators,
            software=cells.text("framework", "") or None,
            precision=cells.text("weight_data_types", "") or None,
            scenario=scenario,
            **told,
            **_accuracy(cells, model),
            citation=citation,
            caveats=tuple(_caveats(cells, scenario, accelerators)),
        )
    ]


def _told(cells: Cells, scenario: str, units: str, accelerators: int) -> dict[str, Any]:
    """Return latency or rate, power or energy: the fields that a row tells."""
    told: dict[str, Any] = {}
    if result := cells.number("result"):
        if units == "Latency (ms)":
            told["latency_ms"] = result
            told["latency_percentile"] = _PERCENTILES.get(scenario)
        elif units.endswith("/s"):
            told["throughput_per_s"] = result / accelerators
            told["counted"] = _counted(cells, scenario)
    fields = {"Watts": "power_w", "millijoules": "energy_mj"}
    field = fields.get(cells.text("power_units", ""))
    power = cells.number("power")
    if field is not None and power is not None:
        told |= {field: power, "power_scope": "wall/system"}
    return told


def _accuracy(cells: Cells, model: str) -> dict[str, Any]:
    value = cells.number("accuracy")
    if value is None:
        return {}
    known = (found for name, found in _METRICS.items() if model.startswith(name))
    metric, factor = next(known, ("as filed", 1.0))
    return {"accuracy": value / factor, "accuracy_metric": metric}


def _citation(cells: Cells) -> Citation:
    version = cells.text("version")
    return Citation(
        title=f"{TITLE} {version}, {cells.text('division')} division",
        url=cells.url("url"),
        commit=cells.text("commit", "") or None,
        round=version,
        submitter=cells.text("submitter"),
    )


def _has(cells: Cells) -> bool:
    """Return whether an accelerator ran it, not the host's processor."""
    return cells.text("accelerator", "").lower() not in _NO_ACCELERATOR


def _device_name(cells: Cells, device: str) -> str | None:
    """Return the accelerator's name in the catalogue; a vague one's by its system."""
    if device == "NVIDIA Orin":
        return device_of(cells.text("system"))
    # a processor, GPU or DSP of a chip is not the accelerator that is listed of it
    return device_of(device) if _has(cells) else None


def _counted(cells: Cells, scenario: str) -> str:
    """Return what a rate counts: tokens for these, whatever the table's label says."""
    model, version = cells.text("model"), cells.text("version")
    if scenario in ("server", "offline") and (
        model.startswith(("llama2", "mixtral"))
        or (model.startswith("gptj") and version == "v4.1")
    ):
        return "tokens"
    return "queries" if cells.text("units") == "Queries/s" else "samples"


def _caveats(cells: Cells, scenario: str, accelerators: int) -> list[str]:
    found = [_SAYS[scenario]]
    units = cells.text("units")
    rate = units.endswith("/s")
    if rate and _counted(cells, scenario) == "tokens":
        sure = cells.text("model").startswith("llama2")
        known = "confirmed" if sure else "by consistency, not confirmed"
        found.append(f"tokens/s ({known}), though the table is labelled {units}")
    if accelerators > 1:
        what = "the rate is divided by their number" if rate else "not divided"
        found.append(f"a system of {accelerators} accelerators: {what}")
    if units_of_power := cells.text("power_units", ""):
        each = "" if units_of_power == "Watts" else " per query"
        found.append(f"power is the whole system's{each}, host included")
    if cells.text("division") != "closed":
        found.append("open division: the model may differ from the reference")
    if cells.text("availability", "available") != "available":
        found.append(f"availability: {cells.text('availability')}")
    return found
