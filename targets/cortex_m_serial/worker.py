"""A worker that is a board: it holds the one model that was flashed onto it."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ...harness.errors import CaseError, WorkerDied, WorkerError
from ...harness.values import BlockKind, Clock, Memory, ModelProfile, Setting
from ...harness.worker import Bound, Limits, Measured, Opened, Stretch, Worker
from .firmware import Firmware, firmware_of
from .port import BAUDS, Port
from .protocol import CALLS_MAX, SLOWNESS, TRIES, Device, Told
from .replies import Inference

if TYPE_CHECKING:
    from ...harness.worker import Array

EMULATED = "tierbench-emulated"
"""What our own firmware calls its device: it is built for emulators."""

WARM_UPS = 1
"""Inferences before a window: whatever caches there are hold the model then."""

WINDOW_TRIES = 5
"""A short window tells the time of a call only roughly; a longer one does better."""

SPARE = 1.05
"""A window is planned so much longer than asked for: none may be shorter."""

WINDOW_MAX_S = 1800.0
"""Well below the 71.6 minutes after which the device's microseconds wrap."""


def connect(path: str, baud: int) -> tuple[Port, Device, Told, int]:
    """Open a port and find the device behind it; ``baud`` 0 tries the usual rates.

    Raises:
        NotInstalled: pyserial is missing.
        WorkerError: there is no port, or no device that speaks the protocol.
        CaseError: the device refuses to say what it is.
    """
    rates = (baud,) if baud else BAUDS
    port = Port(path, rates[0])
    problems = []
    for rate in rates:
        try:
            port.set_baud(rate)
            device = Device(port, bytes_per_s=port.bytes_per_s)
            return port, device, device.greet(TRIES if baud else TRIES - 1), rate
        except WorkerDied:
            port.close()
            raise
        except WorkerError as exc:
            problems.append(f"at {rate} baud: {exc}")
        except BaseException:
            port.close()
            raise
    port.close()
    raise WorkerError(
        f"no device on port {path!r} speaks the MLPerf Tiny protocol; "
        f"{'; '.join(problems)}"
    )


class BoardWorker(Worker):
    """One board on a serial port; its windows are timed by its own timer."""

    def __init__(
        self, settings: Mapping[str, Setting], profile: ModelProfile, limits: Limits
    ) -> None:
        """Keep what is needed; the port is opened with the model."""
        self._settings = settings
        self._profile = profile
        self._limits = limits
        self._port: Port | None = None
        self._call_ns = 1e6

    def open(self) -> Opened:
        """Open the port, and see that it leads to a board that holds this model.

        Raises:
            CaseError: an emulator answers, whose times are no board's, or the board
                holds another model.
            WorkerError: nothing on the port speaks the protocol.
        """
        began_ns = time.monotonic_ns()
        path, baud = str(self._settings["port"]), int(self._settings["baud"])
        self._port, self._device, self._told, self._baud = connect(path, baud)
        if self._told.name == EMULATED:
            raise CaseError(
                f"the device on {path!r} calls itself {EMULATED!r}: an emulator's "
                "times are no board's; the target cortex-m-qemu counts instructions"
            )
        self._firmware: Firmware = firmware_of(
            self._told.model,
            str(self._settings["firmware"]),
            str(self._settings["input_form"]),
            self._profile,
        )
        inputs = (self._firmware.input,)
        return Opened(inputs=inputs, open_ns=time.monotonic_ns() - began_ns)

    def bind(self, inputs: Mapping[str, Array]) -> Bound:
        """Download the inputs and infer once."""
        told = self._evaluated(inputs)
        self._call_ns = _took_ns(told)
        return Bound(first_call_ns=int(self._call_ns), ran=self._ran())

    def block(self, stretch: Stretch) -> Measured:
        """Measure one window, whose mean is its one latency.

        Raises:
            CaseError: the load is to be sustained, and the firmware tells no times.
            WorkerError: it stays shorter than asked for.
        """
        if stretch.kind is BlockKind.SOAK and self._told.energy:
            raise CaseError("the device's firmware tells no times (energy mode)")
        whole = stretch.kind is BlockKind.WINDOW
        least_ns = stretch.duration_ns if whole else 1
        for _ in range(WINDOW_TRIES):
            calls = self._calls(stretch)
            told = self._infer(calls, WARM_UPS)
            window_ns = _window_ns(told)
            self._call_ns = _took_ns(told) / calls
            if window_ns >= least_ns or (whole and calls == stretch.calls_max):
                return _measured(told, window_ns)
        raise WorkerError(
            f"{calls} inferences took {window_ns / 1e9:.6g} s; a window must last "
            f"{least_ns / 1e9:g} s: the device's timer does not tell how long it works"
        )

    def evaluate(self, inputs: Mapping[str, Array]) -> tuple[Array, ...]:
        """Return the one output for the one input, as the board tells it."""
        return (self._firmware.decoded(self._evaluated(inputs).results),)

    def memory(self) -> Memory:
        """Return nothing: the protocol has no word for it."""
        return Memory(scope="none")

    def close(self) -> None:
        """Let go of the port."""
        if self._port is not None:
            self._port.close()

    def _evaluated(self, inputs: Mapping[str, Array]) -> Inference:
        self._device.download(self._firmware.encoded(inputs[self._firmware.input.name]))
        told = self._infer(1, 0)
        self._firmware.decoded(told.results)
        return told

    def _infer(self, calls: int, warm_ups: int) -> Inference:
        working_s = (calls + warm_ups) * self._call_ns / 1e9
        limit_s = self._limits.call_s + SLOWNESS * working_s
        return self._device.infer(calls, warm_ups, limit_s)

    def _calls(self, stretch: Stretch) -> int:
        """Return how many inferences fill the stretch, within its bounds.

        Raises:
            WorkerError: they would take so long that the device's timer wraps.
        """
        wanted = math.ceil(SPARE * stretch.duration_ns / self._call_ns)
        most = min(stretch.calls_max, CALLS_MAX)
        calls = min(max(wanted, stretch.calls_min, 1), most)
        if calls * self._call_ns > WINDOW_MAX_S * 1e9:
            raise WorkerError(
                f"{calls} inferences of {self._call_ns / 1e9:.6g} s would take longer "
                f"than {WINDOW_MAX_S:g} s: the device's timer might wrap unseen"
            )
        return calls

    def _ran(self) -> dict[str, Any]:
        told = self._told
        return {
            "provider": "firmware",
            "precision": None,
            "precision_reason": "the protocol does not tell",
            "board": told.name,
            "firmware": told.profile,
            "model": told.model,
            "mode": "energy" if told.energy else "performance",
            "through_board": told.through_board,
            "baud": self._baud,
            "input_form": self._firmware.form,
        }


def _window_ns(told: Inference) -> float:
    """Return how long a window lasted, by the device's timer if it tells."""
    return 1e3 * (told.host_us if told.device_us is None else told.device_us)


def _took_ns(told: Inference) -> float:
    """Return how long a window took at most, for planning: a timer may stand still."""
    return max(1e3, 1e3 * told.host_us, _window_ns(told))


def _measured(told: Inference, window_ns: float) -> Measured:
    started_at_ns = time.time_ns() - (time.monotonic_ns() - told.began_ns)
    context = {"host_us": told.host_us, "device_us": told.device_us}
    return Measured(
        started_at_ns=started_at_ns,
        started_ns=told.began_ns,
        elapsed_ns=max(1, told.ended_ns - told.began_ns),
        latency_ns=np.array([round(window_ns / told.calls)], np.int64),
        gap_ns=np.empty(0, np.int64),
        off_cpu_ns=None,
        context=context,
        calls=told.calls,
        clock=Clock.HOST if told.device_us is None else Clock.DEVICE,
        marked=told.device_us is None,
    )
