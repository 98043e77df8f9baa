"""A serial port as a byte stream, by pyserial; nothing else here imports it."""

from __future__ import annotations

import importlib.util
import time
from contextlib import suppress

from ...harness.errors import NotInstalled, WorkerDied, WorkerTimeout

BAUDS = (115_200, 921_600, 9_600)
"""What MLPerf Tiny's firmware uses: by default, for anomaly detection, for energy."""

BITS_PER_BYTE = 10
"""One start bit, eight of data, one stop bit."""

POLL_S = 0.05
WRITE_S = 5.0


def installed() -> bool:
    """Return whether pyserial, or a fork of it, is there."""
    return importlib.util.find_spec("serial") is not None


class Port:
    """One open serial port, for us alone."""

    def __init__(self, path: str, baud: int) -> None:
        """Open it, with 8 bits, no parity and one stop bit.

        Raises:
            NotInstalled: pyserial is missing.
            WorkerDied: the port cannot be opened.
        """
        try:
            import serial
        except ImportError as exc:
            raise NotInstalled(
                "pyserial is not installed; pip install 'tierbench[serial]'"
            ) from exc
        self._path, self._late = path, serial.SerialTimeoutException
        try:
            self._serial = serial.Serial(
                path, baud, timeout=POLL_S, write_timeout=WRITE_S, exclusive=True
            )
        except Exception as exc:  # OSError, ValueError and termios's own
            raise WorkerDied(f"port {path!r} cannot be opened: {exc}") from exc

    @property
    def bytes_per_s(self) -> float:
        """Return how many bytes the line carries in a second."""
        return float(self._serial.baudrate) / BITS_PER_BYTE

    def set_baud(self, baud: int) -> None:
        """Speak at another rate from now on.

        Raises:
            WorkerDied: the port is gone or refuses the rate.
        """
        try:
            self._serial.baudrate = baud
        except Exception as exc:
            raise WorkerDied(
                f"port {self._path!r} takes no {baud} baud: {exc}"
            ) from exc

    def read(self, n: int, timeout_s: float) -> bytes:
        """Return 1 to ``n`` bytes as soon as some are there, none after the timeout.

        Raises:
            WorkerDied: the port is gone.
        """
        end_s = time.monotonic() + timeout_s
        while True:
            try:
                there = self._serial.in_waiting
                if there or timeout_s > 0:
                    data = bytes(self._serial.read(min(n, max(1, there))))
                else:
                    data = b""
            except Exception as exc:
                raise self._gone(exc) from exc
            if data or time.monotonic() >= end_s:
                return data

    def write(self, data: bytes) -> None:
        """Send all of it.

        Raises:
            WorkerDied: the port is gone.
            WorkerTimeout: it takes nothing for a while.
        """
        try:
            self._serial.write(data)
        except self._late as exc:
            told = f"port {self._path!r} took no bytes for {WRITE_S:g} s"
            raise WorkerTimeout(told) from exc
        except Exception as exc:
            raise self._gone(exc) from exc

    def close(self) -> None:
        """Let go of the port, without waiting for what was not sent yet."""
        with suppress(Exception):  # it may be gone
            self._serial.reset_output_buffer()
        with suppress(Exception):
            self._serial.close()

    def _gone(self, exc: Exception) -> WorkerDied:
        return WorkerDied(f"port {self._path!r} is gone: {exc}; was it unplugged?")
