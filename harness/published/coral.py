"""Coral's table of the Edge TPU: milliseconds beside and without it."""

from __future__ import annotations

import re

from .cells import Cells
from .result import Citation, PublishedResult
from .spellings import device_of, network_of

TITLE = "Coral Edge TPU benchmarks"
_DEVICES = {
    "desktop_cpu_ms": "desktop CPU",
    "desktop_cpu_plus_usb_edgetpu_ms": "desktop CPU with a Coral USB Accelerator",
    "embedded_cpu_ms": "embedded CPU",
    "dev_board_edgetpu_ms": "Coral Dev Board",
}
COLUMNS = frozenset({"model", "source", *_DEVICES})
_URL = re.compile(r"https?://[^\s,)]+")


def read(cells: Cells) -> list[PublishedResult] | str:
    """Return what a row tells, one result a device, or why it is left out."""
    model = cells.text("model").rstrip("*")
    times = {name: cells.number(name) for name in _DEVICES}
    if not any(times.values()):
        return "no time is told"
    found = _URL.search(cells.text("source"))
    if found is None:
        cells.problems.append("source: names no address; one with https:// is needed")
        return "no source"
    desktop, embedded = times["desktop_cpu_ms"], times["embedded_cpu_ms"]
    odd = desktop is not None and embedded is not None and desktop > embedded
    return [
        PublishedResult(
            key=f"{TITLE}/{found[0]}/{model}/{name}",
            model=model,
            network=network_of(model),
            device=_DEVICES[name],
            device_name=device_of(_DEVICES[name]),
            scenario="single_stream",
            batch=1,
            latency_ms=time,
            citation=Citation(title=TITLE, url=found[0], submitter="Google"),
            caveats=(
                "the maker's own number, of the model's execution alone",
                "Google's two tables differ by up to 18 %",
                *(
                    ("slower than the embedded CPU: probably a misprint",)
                    if odd and name == "desktop_cpu_ms"
                    else ()
                ),
            ),
        )
        for name, time in times.items()
        if time is not None
    ]
