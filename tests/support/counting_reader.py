"""A reader for tests of the monitor: counts, and fails as it is told."""

import time
from typing import Any

from tierbench.harness.device.reader import Channel, Reader, ReaderError


class CountingReader(Reader):
    def __init__(self, options: dict[str, Any]) -> None:
        self._options = options
        self._count = 0

    def channels(self) -> list[Channel]:
        return [
            {"name": "count", "quantity": "count", "unit": ""},
            {"name": "half", "quantity": "share", "unit": "%"},
        ]

    def read(self) -> list[float | None]:
        self._count += 1
        fault = self._options.get("fault")
        if fault == "raise" and self._count == 2:
            raise RuntimeError("lost")
        if fault == "short":
            return [1.0]
        if fault == "words" and self._count == 2:
            return [2.0, "N/A"]  # type: ignore[list-item]
        if fault == "hang":
            time.sleep(1e6)
        time.sleep(self._options.get("takes_s", 0.0))
        return [float(self._count), None if fault == "half" else 50.0]


def open_reader(options: dict[str, Any]) -> CountingReader:
    if options.get("fault") == "nothing":
        raise ReaderError("there is nothing\nto read here")
    if options.get("fault") == "vendor":
        raise OSError("libvendor.so.1: cannot open")
    return CountingReader(options)
