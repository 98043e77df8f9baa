"""A real board on a serial line that speaks MLPerf Tiny's device protocol.

The board holds the one model that was flashed onto it. It times itself: from inputs in
its RAM to outputs in its RAM, by its own timer. The worker lives in this process, since
nothing runs in it but the reading of text (``protocol``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from ...harness.errors import TargetUnavailable, TierbenchError
from ...harness.option import Option
from ...harness.target import Line, Target, Tier
from ...harness.values import (
    Case,
    Clock,
    Environment,
    Scenario,
    Setting,
    Variant,
    Workload,
)
from ...harness.watch import StateReader
from ...harness.worker import Limits, Worker
from .firmware import AUTO, FORMS
from .port import installed
from .protocol import Told


class CortexMSerial(Target):
    """One board, as it was flashed."""

    name = "cortex-m-serial"
    tier = Tier.MICROCONTROLLER
    formats = ("tflite",)
    runtime = "pyserial"
    remedy = "pip install 'tierbench[serial]'"
    device_modules = ()
    clock = Clock.DEVICE
    workers_min = 1
    workers_max = 1
    options = (
        Option(
            name="port",
            kind=str,
            default="",
            help="the serial port that the board is on, as /dev/ttyACM0",
        ),
        Option(
            name="baud",
            kind=int,
            default=0,
            help="its rate; 0: try 115200, 921600 and 9600",
            minimum=0,
            maximum=12_000_000,
        ),
        Option(
            name="board",
            kind=str,
            default="",
            help="the board's name in results; empty: as its firmware calls it",
        ),
        Option(
            name="firmware",
            kind=str,
            default="",
            help="what the firmware must call its model, as kws01; empty: anything",
        ),
        Option(
            name="input_form",
            kind=str,
            default=AUTO,
            help="the form in which the firmware takes inputs",
            choices=FORMS,
        ),
    )

    def __init__(
        self, settings: Mapping[str, Setting] | None = None, python: str | None = None
    ) -> None:
        """Keep the options; the board is asked when somebody wants to know."""
        super().__init__(settings, python)
        self._told: Told | None = None
        self._held: Variant | None = None

    @property
    def machine(self) -> str:
        """Name the port: boards on different ones measure side by side."""
        return f"board on {self.settings['port']}"

    def examine(self) -> Iterator[Line]:
        """Yield pyserial, then the board, or why none answers."""
        if self.python is not None:
            why = f"it runs in tierbench's own process, not in {self.python}"
            yield why, None, "leave out python"
        elif not installed():
            yield "pyserial is not installed", None, self.remedy
        elif not self.settings["port"]:
            yield (
                "no port is given",
                None,
                "set port in its [[target]] table, as port = '/dev/ttyACM0'; "
                "python -m serial.tools.list_ports lists what there is",
            )
        else:
            yield self._board()

    def _board(self) -> Line:
        remedy = (
            "check that the board is plugged in, runs MLPerf Tiny's device "
            "protocol, and that you may open the port (group dialout)"
        )
        try:
            self._ask()
        except TierbenchError as exc:
            return str(exc), None, remedy
        return "a board", f"it answers on {self.settings['port']}", remedy

    def describe(self) -> Environment:
        """Return the board and its firmware, as it told when it was first asked.

        Raises:
            TargetUnavailable: it does not answer.
        """
        try:
            told = self._ask()
        except TierbenchError as exc:
            remedy = "plug in the board"
            raise TargetUnavailable(self.name, str(exc), remedy) from exc
        return Environment(
            device=str(self.settings["board"]) or told.name,
            tier=self.tier,
            runtime="firmware",
            runtime_version=told.profile,
            identity={
                "name": told.name,
                "model": told.model,
                "mode": "energy" if told.energy else "performance",
            },
            details={"port": self.settings["port"]},
        )

    def check(self, variant: Variant, workload: Workload) -> str | None:
        """Return why the protocol cannot carry this model or workload, or None."""
        if workload.scenario is not Scenario.SINGLE_STREAM or workload.batch != 1:
            return (
                "a board infers one sample after the other: scenario single_stream "
                "and batch 1 are valid"
            )
        ends = (*variant.profile.inputs, *variant.profile.outputs)
        if len(variant.profile.inputs) != 1 or len(variant.profile.outputs) != 1:
            return "the protocol carries one input and one output"
        if any(spec.shape[:1] not in ((1,), (-1,)) for spec in ends):
            return "the protocol carries inputs and outputs with batch 1"
        if any(length < 1 for spec in ends for length in spec.shape[1:]):
            return "the protocol carries inputs and outputs of a fixed shape"
        return self._other_than_flashed(variant)

    def _other_than_flashed(self, variant: Variant) -> str | None:
        """Return why a second model cannot be on the board, None for the first."""
        held = self._held or variant
        if held.sha256 != variant.sha256:
            return (
                f"a board holds the one model that was flashed onto it, and "
                f"{held.model} {held.name} comes first: name one variant for this port"
            )
        self._held = held
        return None

    def footprint_bytes(self, variant: Variant) -> int:
        """Return next to nothing: the model is on the board."""
        return 1 << 20

    def readers(self) -> tuple[StateReader, ...]:
        """Return none: the protocol tells nothing of the board's state."""
        return ()

    def launch(self, case: Case, artifact: Path, limits: Limits) -> Worker:
        """Return a worker that has not opened the port yet."""
        from .worker import BoardWorker

        return BoardWorker(self.settings, case.variant.profile, limits)

    def _ask(self) -> Told:
        """Ask the board what it is, once.

        Raises:
            TierbenchError: it does not answer.
        """
        if self._told is None:
            from .worker import connect

            path, baud = str(self.settings["port"]), int(self.settings["baud"])
            port, _, self._told, _ = connect(path, baud)
            port.close()
        return self._told
