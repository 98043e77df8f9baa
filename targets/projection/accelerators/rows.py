"""Published rows that the projection of accelerators is fitted on."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from ....harness.errors import InputError
from .work import Work

HAILO, CORAL, NVIDIA, JETSON = "hailo", "coral", "nvidia", "jetson"
SINGLE_STREAM, OFFLINE = "single_stream", "offline"
SCENARIOS = (SINGLE_STREAM, OFFLINE)
TABLES: Mapping[str, str] = {
    HAILO: "hailo_model_zoo_fit.csv",
    CORAL: "coral_edgetpu_fit.json",
    "mlperf": "mlperf_inference_edge_fit.csv",
}
REPRODUCERS = ("ctuning", "krai")
HAILO_BATCHES = {SINGLE_STREAM: 1, OFFLINE: 8}

_CORAL_COLUMNS = {
    "desktop_cpu_plus_usb_edgetpu_ms": "coral-usb",
    "dev_board_edgetpu_ms": "coral-dev-board",
}
_ACCELERATORS = {
    "NVIDIA L4": "l4",
    "NVIDIA L4-PCIe-24GB": "l4",
    "NVIDIA L40": "l40",
    "NVIDIA L40-PCIE-48GB": "l40",
    "NVIDIA L40S": "l40s",
    "NVIDIA Orin": "jetson-agx-orin",
    "NVIDIA Jetson AGX Orin": "jetson-agx-orin",
    "NVIDIA Jetson AGX Orin 32G": "jetson-agx-orin",
    "NVIDIA Jetson AGX Orin 64G": "jetson-agx-orin",
    "NVIDIA Orin NX": "jetson-orin-nx",
    "NVIDIA Orin NX 16G": "jetson-orin-nx",
}
_MLPERF_SCENARIOS = {"SingleStream": SINGLE_STREAM, "Offline": OFFLINE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One published speed: seconds for one sample, by its latency or its throughput.

    ``recurrent`` networks go step by step through a sample.
    """

    family: str
    device: str
    network: str
    work: Work
    scenario: str
    seconds: float
    source: str
    submitter: str = ""
    recurrent: bool = False


@cache
def networks() -> Mapping[str, Any]:
    """Return what the published networks are made of: facts, no results."""
    text = files(__package__).joinpath("networks.json").read_text("utf-8")
    found: Mapping[str, Any] = json.loads(text)
    return found


def read_rows(folder: Path) -> list[Row]:
    """Return the rows of the published tables in a folder that the fit may use.

    Raises:
        InputError: a table cannot be read or lacks a column.
    """
    readers = {HAILO: _hailo, CORAL: _coral, "mlperf": _mlperf}
    found: list[Row] = []
    for name, read in readers.items():
        path = folder / TABLES[name]
        try:
            found += read(path)
        except (OSError, KeyError, ValueError, csv.Error) as exc:
            raise InputError(
                f"table {str(path)!r} cannot be read ({type(exc).__name__}: {exc}); "
                f"name the folder that holds {', '.join(TABLES.values())}"
            ) from exc
    return found


def _hailo(path: Path) -> Iterator[Row]:
    """Yield Hailo-8's rows but those without numbers or of a misread line."""
    kinds = networks()["hailo_kinds"]
    for row in _table(path):
        if not (row["params_M"] and row["ops_G"] and row["fps_batch1"]):
            continue
        elements = 1
        for size in row["input"].split("x"):
            elements *= int(size)
        work = Work(
            parameters=round(float(row["params_M"]) * 1e6),
            macs=round(float(row["ops_G"]) * 1e9 / 2),
            kind=kinds[row["network"]],
            elements=elements,
            bits=8,
        )
        for scenario, batch in HAILO_BATCHES.items():
            yield Row(
                family=HAILO,
                device="hailo8",
                network=row["network"],
                work=work,
                scenario=scenario,
                seconds=1 / float(row[f"fps_batch{batch}"]),
                source=f"{row['repo']}@{row['commit'][:12]}",
            )


def _coral(path: Path) -> Iterator[Row]:
    told = json.loads(path.read_text("utf-8"))
    for row in told["rows"]:
        for column, device in _CORAL_COLUMNS.items():
            yield Row(
                family=CORAL,
                device=device,
                network=row["model"],
                work=_work(networks()["coral"][row["model"]]),
                scenario=SINGLE_STREAM,
                seconds=row[column] / 1e3,
                source=told["source"],
            )


def _mlperf(path: Path) -> list[Row]:
    """Return MLPerf's rows of networks whose work in a sample is known.

    Left out: language models (tokens go one by one), recommenders (tables, not
    products), 3D-UNet (a sample's size varies by what no source states), recurrent
    networks' latencies (step by step, of the longest tenth of samples), other
    scenarios, power-saving modes, reference implementations, and reproductions.
    """
    found = [
        row
        for one in _table(path)
        if _is_usable(one)
        for row in [_mlperf_row(one)]
        if not (row.recurrent and row.scenario == SINGLE_STREAM)
    ]
    original = {_cell(row) for row in found if row.submitter not in REPRODUCERS}
    return [
        row
        for row in found
        if row.submitter not in REPRODUCERS or _cell(row) not in original
    ]


def _is_usable(row: Mapping[str, str]) -> bool:
    return (
        row["accelerator"] in _ACCELERATORS
        and row["scenario"] in _MLPERF_SCENARIOS
        and row["model"] in networks()["mlperf"]
        and row["units"] in ("Samples/s", "Latency (ms)")
        and not row["units_note"]
        and row["inferred"] == "0"
        and "TensorRT" in row["framework"]
        and "MaxQ" not in row["system"] + row["platform"]
    )


def _mlperf_row(row: Mapping[str, str]) -> Row:
    device = _ACCELERATORS[row["accelerator"]]
    fact = networks()["mlperf"][row["model"]]
    result = float(row["result"])
    if row["units"] == "Latency (ms)":
        seconds = result / 1e3
    else:
        seconds = max(int(float(row["accelerators_per_node"])), 1) / result
    return Row(
        family=JETSON if device.startswith("jetson") else NVIDIA,
        device=device,
        network=row["model"],
        work=_work(fact),
        scenario=_MLPERF_SCENARIOS[row["scenario"]],
        seconds=seconds,
        source=f"{row['repo']}@{row['commit'][:12]}",
        submitter=row["submitter"].casefold(),
        recurrent=fact["recurrent"],
    )


def _cell(row: Row) -> tuple[str, str, str]:
    return row.device, row.network, row.scenario


def _work(fact: Mapping[str, Any]) -> Work:
    return Work(
        parameters=fact["parameters"],
        macs=fact["macs"],
        kind=fact["kind"],
        bits=fact.get("bits", 8),
    )


def _table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))
