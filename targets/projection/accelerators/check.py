"""Show how far off: ``python -m tierbench.targets.projection.accelerators.check``.

Each network is left out in turn, and its rows are projected from the others' alone; all
that is fitted, and how far bands are stretched, is found anew without it. Its
argument is the folder of the published tables.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ....harness.errors import TierbenchError
from ....harness.tables import print_table
from . import analogues, edge_tpu, gpu, laplace
from .band import Band
from .fit import edge_tpu_fit, gpu_fit, neighbours, split
from .left_out import calibrated_scale, work_of
from .rows import CORAL, HAILO, HAILO_BATCHES, JETSON, NVIDIA, Row, read_rows
from .work import Work

COLUMNS = (
    "family",
    "networks",
    "rows",
    "with a point %",
    "median error %",
    "in the band %",
    "median high/low",
)
MODULE = "python -m tierbench.targets.projection.accelerators.check"
NUMBERS_ALONE = f"{HAILO}, numbers alone"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A row's measured logarithm, and the band without its network; None for none."""

    family: str
    network: str
    measured: float
    band: Band | None

    @property
    def relative_error(self) -> float:
        """Return |projected / measured - 1|; infinite without a band."""
        if self.band is None:
            return float("inf")
        return abs(float(np.exp(self.band.mid - self.measured)) - 1)


def leave_networks_out(rows: Sequence[Row]) -> Iterator[LeftOut]:
    """Yield each row as it is projected from the other networks' rows."""
    hailo, coral, servers = split(rows)
    yield from _hailo(neighbours(hailo))
    for network in _networks(coral):
        fitted = edge_tpu_fit([row for row in coral if row.network != network])
        for row in (row for row in coral if row.network == network):
            asked = edge_tpu.asked_of_row(row)
            band = laplace.predict(edge_tpu.log_seconds, fitted, asked)
            yield _left_out(row, band)
    for network in _networks(servers):
        fitted = gpu_fit([row for row in servers if row.network != network])
        for row in (row for row in servers if row.network == network):
            band = laplace.predict(gpu.log_seconds, fitted, gpu.asked_of_row(row))
            yield _left_out(row, band)


def _hailo(found: Sequence[analogues.Neighbour]) -> Iterator[LeftOut]:
    for own in found:
        others = [one for one in found if one is not own]
        scale = calibrated_scale(others)
        for batch in HAILO_BATCHES.values():
            rest = analogues.analogues(others, batch)
            for tells_kind in (True, False):
                work = work_of(own, tells_kind=tells_kind)
                yield LeftOut(
                    family=HAILO if tells_kind else NUMBERS_ALONE,
                    network=own.network,
                    measured=own.log_fps(batch),
                    band=_hailo_band(rest, work, scale),
                )


def _hailo_band(rest: analogues.Analogues, work: Work, scale: float) -> Band | None:
    if analogues.outside(rest, work, 1.0) or analogues.unclear(rest, work, 1.0):
        return None
    return analogues.log_fps(rest, work, scale=scale)


def _left_out(row: Row, band: Band) -> LeftOut:
    return LeftOut(
        family=row.family,
        network=row.network,
        measured=float(np.log(row.seconds)),
        band=band,
    )


def _networks(rows: Sequence[Row]) -> list[str]:
    return sorted({row.network for row in rows})


def numbers(found: Sequence[LeftOut]) -> dict[str, float]:
    """Return counts, shares in per cent, and the median of high / low."""
    told = [(one, one.band) for one in found if one.band is not None]
    held = [band.holds(one.measured) for one, band in told]
    widths = [float(np.exp(band.high - band.low)) for _, band in told]
    return {
        "networks": len({one.network for one in found}),
        "rows": len(found),
        "with a point %": 100 * len(told) / len(found),
        "median error %": 100 * float(np.median([o.relative_error for o, _ in told])),
        "in the band %": 100 * float(np.mean(held)),
        "median high/low": float(np.median(widths)),
    }


def main(arguments: Sequence[str]) -> int:
    """Print the table for the folder that the command line names."""
    if len(arguments) != 1:
        print(f"usage: {MODULE} FOLDER")
        return 2
    try:
        rows = read_rows(Path(arguments[0]))
    except TierbenchError as exc:
        print("\n".join(exc.lines), file=sys.stderr)
        return exc.exit_status
    found = list(leave_networks_out(rows))
    print_table(COLUMNS, list(_lines(found)))
    return 0


def _lines(found: Sequence[LeftOut]) -> Iterator[list[str]]:
    for family in (HAILO, NUMBERS_ALONE, CORAL, JETSON, NVIDIA):
        own = numbers([one for one in found if one.family == family])
        yield [
            family,
            *(f"{value:.0f}" for value in list(own.values())[:-1]),
            f"{own['median high/low']:.2f}",
        ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
