"""Memory that a target takes, and the meters that it offers."""

from __future__ import annotations

import pytest

from ..errors import MeterError
from ..meter import PowerMeter
from ..metering import Metering
from ..power import power_of
from ..values import Block, BlockKind, Phase
from ..worker import Measured, Stretch, Worker
from .subject import Note, Subject

CALLS = Stretch(
    kind=BlockKind.SLICE, calls_min=50, calls_max=5000, duration_ns=200_000_000
)

LEAK_BYTES = 16 << 20
"""What a worker may hold more after some hundred calls than before."""

ENERGY_NS = 3_000_000_000
"""How long the device works, and how long it idles, while a meter watches."""

ABOVE_IDLE = 0.95
"""Power at work over power at rest, at least: noise may hide the difference."""

POWER_TIME_APART = 0.1
"""How far energy and mean power times time may be apart."""


class ResourceChecks(Subject):
    """What a target takes besides time."""

    def test_memory_is_ordered(self, worker: Worker, note: Note) -> None:
        """The peak is not below what is held, and every number is of bytes."""
        self._bind(worker)
        memory = worker.memory()
        told = {
            name: getattr(memory, name)
            for name in (
                *("baseline_bytes", "steady_bytes", "peak_bytes"),
                *("device_bytes", "arena_bytes"),
            )
        }
        note(scope=memory.scope, **told)
        if memory.peak_bytes is not None and memory.steady_bytes is not None:
            assert memory.peak_bytes >= memory.steady_bytes > 0
        for name, count in told.items():
            assert count is None or count >= 0, f"{name} is {count}"

    def test_calls_leak_nothing(self, worker: Worker, note: Note) -> None:
        """After many calls a worker holds what it held after a few."""
        self._timed()
        self._bind(worker)
        worker.block(CALLS)
        before = worker.memory().steady_bytes
        for _ in range(3):
            worker.block(CALLS)
        after = worker.memory().steady_bytes
        note(before_bytes=before, after_bytes=after)
        if before is None or after is None:
            pytest.skip("the target does not tell what its worker holds")
        assert after - before <= LEAK_BYTES, (
            f"a worker held {before} bytes, and {after} after more of the same calls"
        )

    def test_meters_see_the_load(self, worker: Worker, note: Note) -> None:
        """Power at work is not below power at rest, and its energy is power x time."""
        self._timed()
        meters = self._readable_meters()
        self._bind(worker)
        kept: list[Block] = []

        def keep(measured: Measured, place: int) -> int:
            kept.append(_busy(len(kept), measured))
            return len(kept) - 1

        metering = Metering(meters=meters, energy_ns=ENERGY_NS)
        metering.run([worker], CALLS, keep)
        found = power_of([*kept, metering.block(len(kept), 0, lambda ns: ns)], 1)
        note(missing=dict(metering.missing), reasons=list(found.reasons))
        assert found.found, "; ".join(found.reasons) or "the meters told nothing"
        samples = sum(block.calls for block in kept)
        busy_s = sum(block.elapsed_ns for block in kept) / 1e9
        for power in found.found:
            name = f"{power.meter} {power.channel}"
            energy_j = power.gross.value * samples if power.gross.value else 0.0
            note(**{name: {"mean_w": power.mean_w, "idle_w": power.idle_w}})
            assert power.mean_w > 0, f"{name}: {power.mean_w} W at work"
            assert power.idle_w is None or power.mean_w >= ABOVE_IDLE * power.idle_w, (
                f"{name}: {power.mean_w:.3g} W at work, {power.idle_w:.3g} W at rest"
            )
            due_j = power.mean_w * busy_s
            assert abs(energy_j - due_j) <= POWER_TIME_APART * due_j, (
                f"{name}: {energy_j:.3g} J; {power.mean_w:.3g} W for {busy_s:.3g} s "
                f"make {due_j:.3g} J"
            )

    def _readable_meters(self) -> list[PowerMeter]:
        """Return the target's meters that can be read, or skip with their reasons."""
        found, reasons = [], []
        for meter in self._available().meters():
            try:
                if meter.specifications():
                    found.append(meter)
                    continue
                reasons.append(f"{meter.name}: {meter.missing()}")
            except MeterError as exc:
                reasons.append(f"{meter.name}: {exc}")
        if not found:
            pytest.skip("; ".join(reasons) or "the target offers no meter")
        return found


def _busy(index: int, measured: Measured) -> Block:
    """Return a busy stretch as the block that an energy is read from."""
    return Block(
        index=index,
        worker=0,
        round=-1,
        kind=BlockKind.WINDOW,
        phase=Phase.ENERGY,
        started_at_ns=measured.started_at_ns,
        offset_ns=measured.started_ns,
        elapsed_ns=measured.elapsed_ns,
        calls=measured.made,
        series=(),
        context={},
    )
