"""Refit: ``python -m tierbench.targets.projection.accelerators.fit FOLDER [FILE]``.

FOLDER holds the published tables. Coefficients go beside this module, or where asked.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ....harness.errors import TierbenchError
from ....harness.hashing import file_sha256
from . import analogues, edge_tpu, gpu, laplace
from .coefficients import (
    SCHEMA,
    SHIPPED,
    Coefficients,
    FormFit,
    HailoFit,
    Span,
    to_text,
)
from .left_out import calibrated_scale
from .rows import (
    CORAL,
    HAILO,
    HAILO_BATCHES,
    JETSON,
    NVIDIA,
    OFFLINE,
    SINGLE_STREAM,
    TABLES,
    Row,
    read_rows,
)

MODULE = "python -m tierbench.targets.projection.accelerators.fit"


def make(folder: Path) -> Coefficients:
    """Return the coefficients fitted to the published tables of a folder.

    Raises:
        InputError: a table cannot be read.
    """
    rows = read_rows(folder)
    hailo, coral, servers = split(rows)
    provenance = {
        "tables": {name: file_sha256(folder / name) for name in TABLES.values()},
        "sources": sorted({row.source for row in rows}),
        "rows": dict(sorted(Counter(row.family for row in rows).items())),
        "script": MODULE,
        "forms": {"gpu": gpu.__doc__, "coral": edge_tpu.__doc__},
    }
    return Coefficients(
        schema=SCHEMA,
        provenance=provenance,
        hailo=hailo_fit(neighbours(hailo)),
        coral=form_fit(coral, edge_tpu_fit(coral)),
        gpu=form_fit(servers, gpu_fit(servers)),
    )


def split(rows: Sequence[Row]) -> tuple[list[Row], list[Row], list[Row]]:
    """Return the rows that are fitted together: Hailo, Coral, GPUs."""
    return (
        [row for row in rows if row.family == HAILO],
        [row for row in rows if row.family == CORAL],
        [row for row in rows if row.family in (NVIDIA, JETSON)],
    )


def neighbours(rows: Sequence[Row]) -> list[analogues.Neighbour]:
    """Return Hailo's rows by network."""
    seconds = {(row.network, row.scenario): row.seconds for row in rows}
    return [
        analogues.Neighbour(
            network=row.network,
            parameters=row.work.parameters,
            macs=row.work.macs,
            elements=row.work.elements or 1,
            kind=str(row.work.kind),
            fps_batch1=_digits(1 / seconds[row.network, SINGLE_STREAM]),
            fps_batch8=_digits(1 / seconds[row.network, OFFLINE]),
        )
        for row in rows
        if row.scenario == SINGLE_STREAM
    ]


def hailo_fit(found: Sequence[analogues.Neighbour]) -> HailoFit:
    """Return slopes, and by how much bands must be stretched."""
    return HailoFit(
        neighbours=tuple(found),
        slopes={
            str(batch): _listed(analogues.analogues(found, batch).slopes)
            for batch in HAILO_BATCHES.values()
        },
        scale=_digits(calibrated_scale(found)),
    )


def edge_tpu_fit(rows: Sequence[Row]) -> laplace.Fitted:
    """Return the Edge TPU's form fitted to rows."""
    return laplace.fit(
        edge_tpu.log_seconds,
        [edge_tpu.asked_of_row(row) for row in rows],
        [float(np.log(row.seconds)) for row in rows],
        edge_tpu.PRIORS,
        edge_tpu.DEVIATIONS,
    )


def gpu_fit(rows: Sequence[Row]) -> laplace.Fitted:
    """Return the GPUs' form fitted to the median of each device, network, scenario."""
    found = cells(rows)
    medians = [float(np.log(np.median([r.seconds for r in own]))) for own in found]
    return laplace.fit(
        gpu.log_seconds,
        [gpu.asked_of_row(own[0]) for own in found],
        medians,
        gpu.PRIORS,
        gpu.DEVIATIONS,
    )


def cells(rows: Sequence[Row]) -> list[list[Row]]:
    """Return rows by device, network and scenario."""
    found: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        found.setdefault((row.device, row.network, row.scenario), []).append(row)
    return list(found.values())


def form_fit(rows: Sequence[Row], fitted: laplace.Fitted) -> FormFit:
    """Return a fit as it is shipped, with the rows it rests on."""
    sizes = [row.work.macs for row in rows]
    return FormFit(
        names=fitted.names,
        values=tuple(_digits(value) for value in fitted.values.tolist()),
        covariance=_listed(fitted.covariance),
        deviations={k: _digits(v) for k, v in fitted.deviations.items()},
        noise=_digits(fitted.noise),
        macs=Span(low=float(min(sizes)), high=float(max(sizes))),
        rows=tuple(_told(own) for own in cells(rows)),
    )


def _told(own: Sequence[Row]) -> Mapping[str, Any]:
    row = own[0]
    return {
        "device": row.device,
        "network": row.network,
        "scenario": row.scenario,
        "rows": len(own),
    }


def _listed(matrix: Any) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(_digits(value) for value in row) for row in matrix.tolist())


def _digits(value: float) -> float:
    return float(f"{value:.6g}")


def main(arguments: Sequence[str]) -> int:
    """Write the coefficients for the folder that the command line names."""
    if len(arguments) not in (1, 2):
        print(f"usage: {MODULE} FOLDER [FILE.json]")
        return 2
    out = Path(__file__).parent / SHIPPED
    if len(arguments) == 2:
        out = Path(arguments[1])
    try:
        text = to_text(make(Path(arguments[0])))
    except TierbenchError as exc:
        print("\n".join(exc.lines), file=sys.stderr)
        return exc.exit_status
    out.write_text(text, encoding="utf-8")
    print(out)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
