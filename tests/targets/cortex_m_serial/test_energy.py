"""Energy of a board that tells no times: its windows are those that the meter saw."""

from dataclasses import replace

import numpy as np
import pytest
from support.boards import sample, virtual
from support.known_power import Seen
from support.serial_device import Board, Events, Firmware, VirtualTime, honest

from tierbench.harness import worker as harness_worker
from tierbench.harness.meter import Load, PowerMeter, Recording, Specification
from tierbench.harness.metering import Metering
from tierbench.harness.power import PowerFindings, power_of
from tierbench.harness.values import Block, BlockKind, Phase, Series
from tierbench.harness.worker import Measured, Stretch

CALL_S = 0.002
BUSY_W, IDLE_W = 3.0, 1.0
STEP_NS = 1_000_000
STRETCH = Stretch(kind=BlockKind.SLICE, calls_min=1, calls_max=10**6, duration_ns=10**9)


class PinMeter(PowerMeter):
    """A meter of a firmware's power, with or without its pin on an input."""

    name = "pin"

    def __init__(
        self, firmware: Firmware, sees: bool = True, every: int = 1, lag_ns: int = 0
    ) -> None:
        super().__init__()
        self._firmware, self._sees, self._every = firmware, sees, every
        self._lag_ns = lag_ns

    def specifications(self) -> tuple[Specification, ...]:
        return (replace(Seen(update_s=STEP_NS / 1e9).specification(), gain=0.001),)

    def start(self) -> None:
        self._firmware.edges_s.clear()

    def stop(self, load: Load) -> tuple[Recording, ...]:
        begin, end = load.span_ns
        times = np.arange(begin - 10**9, end + 2 * 10**9, STEP_NS)
        edges = np.array([round(1e9 * edge) for edge in self._firmware.edges_s])
        busy = np.zeros(len(times))
        for first, last in zip(edges[::2], edges[1::2], strict=True):
            inside = np.minimum(times, last) - np.maximum(times - STEP_NS, first)
            busy += np.clip(inside, 0, None) / STEP_NS
        power = IDLE_W + (BUSY_W - IDLE_W) * busy
        falls = tuple((edges + self._lag_ns).tolist())[:: self._every]
        return (
            Recording(
                specification=self.specifications()[0],
                series=Series(quantity="power", unit="W", values=power, times=times),
                falls_ns=falls if self._sees else None,
            ),
        )


def late(command: str, events: Events) -> Events:
    """Let the end of each window come to the host 40 ms late, as slow lines do."""
    done = next((at for at, text in events if b"m-infer-done" in text), 1e12)
    return [(at + 0.04 if at >= done else at, text) for at, text in events]


def found(
    monkeypatch: pytest.MonkeyPatch, firmware: Firmware, meter: PowerMeter
) -> PowerFindings:
    """Go through an energy phase in virtual time and read what it kept."""
    device = Board(firmware) if firmware.energy else firmware
    board, port = virtual(monkeypatch, device, late if firmware.energy else honest)
    monkeypatch.setattr(harness_worker, "time", port.clock)
    assert isinstance(port.clock, VirtualTime)
    blocks: list[Block] = []

    def keep(measured: Measured, place: int) -> int:
        blocks.append(
            Block(
                index=len(blocks),
                worker=place,
                round=-1,
                kind=BlockKind.SLICE,
                phase=Phase.ENERGY,
                started_at_ns=measured.started_at_ns,
                offset_ns=measured.started_ns,
                elapsed_ns=measured.elapsed_ns,
                calls=measured.made,
                series=(),
            )
        )
        return blocks[-1].index

    phase = Metering(meters=(meter,), energy_ns=10**10)
    with board:
        board.open()
        board.bind(sample())
        phase.run([board], STRETCH, keep)
    return power_of([*blocks, phase.block(len(blocks), 0, lambda ns: ns)], 1)


def test_marks_give_the_energy_however_late_lines_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    firmware = Firmware(call_s=CALL_S, energy=True)
    (power,) = found(monkeypatch, firmware, PinMeter(firmware)).found
    assert power.gross.value == pytest.approx(BUSY_W * CALL_S, rel=1e-3)
    assert power.net.value == pytest.approx((BUSY_W - IDLE_W) * CALL_S, rel=2e-3)
    assert power.gross.interval is not None
    assert power.gross.interval.low < BUSY_W * CALL_S < power.gross.interval.high


def test_laps_give_the_energy_without_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    firmware = Firmware(call_s=CALL_S)
    monkeypatch.setattr(Firmware, "_timestamp", lambda self, at: _noted(self, at))
    meter = PinMeter(firmware, sees=False)
    (power,) = found(monkeypatch, firmware, meter).found
    assert power.gross.value == pytest.approx(BUSY_W * CALL_S, rel=1e-3)


def _noted(firmware: Firmware, at_s: float) -> list[str]:
    firmware.edges_s.append(at_s)
    return [f"m-lap-us-{int(at_s * 1e6) % (1 << 32)}"]


@pytest.mark.parametrize(
    ("meter", "said"),
    [
        ({"sees": False}, "tells no times but marks its work on a pin"),
        ({"every": 2}, "saw the pin fall 11 times in 11 windows; 22 times were due"),
        ({"lag_ns": 800_000_000}, "the pin f"),
    ],
)
def test_a_meter_that_does_not_see_the_pin_is_refused(
    meter: dict, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    firmware = Firmware(call_s=CALL_S, energy=True)
    told = found(monkeypatch, firmware, PinMeter(firmware, **meter))
    assert told.found == ()
    assert said in told.reasons[0]
