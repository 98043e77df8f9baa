"""Results of MLPerf Inference, as a table of mlcommons/cm4mlperf-results.

What a scenario's result is stands in the rules of MLPerf Inference
(https://github.com/mlcommons/inference_policies): single stream the 90th percentile of
latency, multi-stream the 99th of queries of 8 samples, server and offline a rate.
"""

from __future__ import annotations

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
    model, version = cells.text("model"), cells.text("version")
    result = cells.number("result")
    latency = result if units == "Latency (ms)" else None
    rate = result if units in ("Samples/s", "Queries/s") else None
    power, energy = _power(cells)
    if latency is rate is power is energy is None:
        return "neither latency nor rate nor power is told"
    counted = _counted(model, version, units, scenario)
    device = cells.text("accelerator" if _has(cells) else "host")
    metric, factor = _metric(model)
    accuracy = cells.number("accuracy")
    return [
        PublishedResult(
            key=f"{TITLE}/{version}/{cells.text('location')}/{model}/{scenario}/{units}",
            model=model,
            network=network_of(model),
            device=device,
            device_name=_device_name(cells, device),
            system=cells.text("system"),
            accelerators=accelerators,
            software=cells.text("framework", "") or None,
            precision=cells.text("weight_data_types", "") or None,
            scenario=scenario,
            latency_ms=latency,
            latency_percentile=None if latency is None else _PERCENTILES.get(scenario),
            throughput_per_s=None if rate is None else rate / accelerators,
            counted=counted,
            power_w=power,
            energy_mj=energy,
            power_scope=None if power is energy is None else "wall/system",
            accuracy=None if accuracy is None else accuracy / factor,
            accuracy_metric=None if accuracy is None else metric,
            citation=citation,
            caveats=tuple(_caveats(cells, scenario, accelerators, counted)),
        )
    ]


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


def _metric(model: str) -> tuple[str, float]:
    for name, found in _METRICS.items():
        if model.startswith(name):
            return found
    return "as filed", 1.0


def _power(cells: Cells) -> tuple[float | None, float | None]:
    """Return watts, or millijoules of a query."""
    power, units = cells.number("power"), cells.text("power_units", "")
    if units == "Watts":
        return power, None
    if units == "millijoules":
        return None, power
    return None, None


def _counted(model: str, version: str, units: str, scenario: str) -> str:
    """Return what a rate counts: tokens for these, whatever the table's label says."""
    if scenario in ("server", "offline") and (
        model.startswith(("llama2", "mixtral"))
        or (model.startswith("gptj") and version == "v4.1")
    ):
        return "tokens"
    return "queries" if units == "Queries/s" else "samples"


def _caveats(cells: Cells, scenario: str, accelerators: int, counted: str) -> list[str]:
    found = [_SAYS[scenario]]
    units = cells.text("units")
    if counted == "tokens":
        told = (
            "by consistency" if cells.text("model").startswith("gptj") else "confirmed"
        )
        found.append(f"tokens/s ({told}), though the table is labelled {units}")
    if accelerators > 1:
        rate = units.endswith("/s")
        what = "the rate is divided by their number" if rate else "not divided"
        found.append(f"a system of {accelerators} accelerators: {what}")
    if cells.text("power_units", ""):
        each = "" if cells.text("power_units") == "Watts" else " per query"
        found.append(f"power is the whole system's{each}, host included")
    if cells.text("division") != "closed":
        found.append("open division: the model may differ from the reference")
    if cells.text("availability", "available") != "available":
        found.append(f"availability: {cells.text('availability')}")
    return found
