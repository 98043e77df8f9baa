"""Serial streams, mutated: an error or the right numbers, in bounded time, always."""

import itertools
import random
import re
import time
from pathlib import Path

import pytest
from support.boards import sample, virtual
from support.fuzzing import COUNT, STATE, explore
from support.serial_device import Board, Events, Firmware, Loopback, averages

from tierbench.harness.errors import TierbenchError
from tierbench.harness.values import BlockKind, Clock
from tierbench.harness.worker import Measured, Stretch
from tierbench.targets.cortex_m_serial.worker import BoardWorker

WINDOW = Stretch(
    kind=BlockKind.WINDOW, calls_min=1, calls_max=1 << 40, duration_ns=10**10
)
CALL_S = 0.003
VIRTUAL_MAX_S = 3_600.0
REAL_MAX_S = 30.0
WRONG_MAX = 0.12
"""A window may be off by what the comparison with the host's clock lets pass."""

INTRUDERS = (
    b"m-ready\r\n",
    b"m-lap-us-12345\r\n",
    b"m-lap-us-4294967295\r\n",
    b"m-infer-done\r\n",
    b"m-load-done\r\n",
    b"m-results-[0.100,0.200,0.300,0.400]\r\n",
    b"m-results-[]\r\n",
    b"m-buffer-00-01-02-03-04-05-06-07\r\n",
    b"e-[Unknown command: x]\r\n",
    b"m-timestamp-mode-performance\r\n",
    b"m-init-done\r\n",
    b"\r\n",
    b"\xff\xfe\x00",
    b"m-results-[" + b"9" * 5000,
    b"[dut]: m-ready\r\n",
)


class Mutator:
    """What happens to bytes on the way, a little or a lot of it, either way."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._rate = chance.choice((0.001, 0.01, 0.05, 0.3))
        kinds = (self._flip, self._digit, self._drop, self._double, self._swap,
                 self._intrude, self._cut, self._delay, self._stale)  # fmt: skip
        self._kinds = chance.sample(kinds, chance.randint(1, len(kinds)))
        self._before: Events = []

    def reply(self, command: str, events: Events) -> Events:
        changed = list(events)
        for _ in range(len(events)):
            if changed and self._chance.random() < self._rate:
                self._chance.choice(self._kinds)(changed)
        self._before = events
        return sorted(changed, key=lambda event: event[0])

    def command(self, data: bytes) -> bytes:
        if self._chance.random() >= self._rate / 10:
            return data
        place = self._chance.randrange(len(data))
        other = bytes([self._chance.randrange(256)])
        return data[:place] + self._chance.choice((b"", other)) + data[place + 1 :]

    def _pick(self, events: Events) -> int:
        return self._chance.randrange(len(events))

    def _flip(self, events: Events) -> None:
        place = self._pick(events)
        at_s, text = events[place]
        if text:
            changed = bytearray(text)
            changed[self._chance.randrange(len(text))] ^= 1 << self._chance.randrange(8)
            events[place] = at_s, bytes(changed)

    def _digit(self, events: Events) -> None:
        place = self._pick(events)
        at_s, text = events[place]
        digits = [i for i, byte in enumerate(text) if 0x30 <= byte <= 0x39]
        if digits:
            changed = bytearray(text)
            changed[self._chance.choice(digits)] = self._chance.randrange(0x30, 0x3A)
            events[place] = at_s, bytes(changed)

    def _drop(self, events: Events) -> None:
        del events[self._pick(events)]

    def _double(self, events: Events) -> None:
        place = self._pick(events)
        events.insert(place, events[place])

    def _swap(self, events: Events) -> None:
        one, other = self._pick(events), self._pick(events)
        (at_s, text), (other_s, other_text) = events[one], events[other]
        events[one], events[other] = (at_s, other_text), (other_s, text)

    def _intrude(self, events: Events) -> None:
        at_s, _ = events[self._pick(events)]
        events.insert(self._pick(events), (at_s, self._chance.choice(INTRUDERS)))

    def _cut(self, events: Events) -> None:
        place = self._pick(events)
        at_s, text = events[place]
        begin = self._chance.randint(0, len(text))
        end = self._chance.randint(begin, len(text))
        events[place] = at_s, text[:begin] + text[end:]

    def _delay(self, events: Events) -> None:
        place = self._pick(events)
        at_s, text = events[place]
        events[place] = at_s + self._chance.choice((0.001, 0.1, 0.2)), text

    def _stale(self, events: Events) -> None:
        at_s, _ = events[0]
        events[:0] = [(at_s, text) for _, text in self._before]


class NoisyLoopback(Loopback):
    """A loopback whose commands suffer too."""

    mutator: Mutator

    def write(self, data: bytes) -> None:
        super().write(self.mutator.command(data))


def check(monkeypatch: pytest.MonkeyPatch, chance: random.Random) -> bool:
    """Measure a board over a bad line; return whether it could be measured."""
    mutator = Mutator(chance)
    firmware = Firmware(
        call_s=CALL_S,
        energy=chance.random() < 0.2,
        offset_us=chance.choice((0, (1 << 32) - 1_015_000_000)),
    )
    device = Board(firmware) if chance.random() < 0.2 else firmware
    board, port = virtual(monkeypatch, device, mutator.reply)
    port.__class__ = NoisyLoopback
    port.mutator = mutator  # type: ignore[attr-defined]
    began_s, began_virtual_s = time.monotonic(), port.clock.now_s
    error: TierbenchError | None = None
    try:
        _measure(board, port)
    except TierbenchError as exc:
        error = exc
    assert error is None or (str(error) and "\n" not in str(error))
    assert port.closed
    assert time.monotonic() - began_s < REAL_MAX_S, "the host hung"
    waited_s = port.clock.now_s - began_virtual_s
    assert waited_s < VIRTUAL_MAX_S, "the host waited too long"
    return error is None


def _measure(board: BoardWorker, port: Loopback) -> None:
    with board:
        board.open()
        board.bind(sample(0))
        for seed in (1, 2):
            _judge_window(board.block(WINDOW), port)
            (output,) = board.evaluate(sample(seed))
            truth = averages(sample(seed)["x"].tobytes())
            assert output[0].tolist() == pytest.approx(truth, abs=0.00051)


def _judge_window(window: Measured, port: Loopback) -> None:
    (latency_ns,) = window.latency_ns.tolist()
    assert latency_ns == pytest.approx(1e9 * CALL_S, rel=WRONG_MAX)
    if window.clock is Clock.HOST:
        return
    laps = [int(lap) for lap in re.findall(rb"m-lap-us-(\d+)\r?\n", port.received)]
    pairs = itertools.pairwise(laps)
    heard = {round(1e3 * ((b - a) % (1 << 32)) / window.made) for a, b in pairs}
    assert latency_ns in heard, "a number that the device never sent"


def test_mutated_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes = []

    def one(chance: random.Random) -> None:
        with monkeypatch.context() as context:
            outcomes.append(check(context, chance))

    if explore("serial", 250, one) >= 250:
        share = sum(outcomes) / len(outcomes)
        assert 0.2 < share < 0.8, "both endings must be seen"


def test_a_campaign_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(COUNT, "10")
    monkeypatch.setenv(STATE, str(tmp_path / "state.json"))
    seen: list[float] = []

    def third_fails(chance: random.Random) -> None:
        seen.append(chance.random())
        assert len(seen) != 3

    with pytest.raises(AssertionError) as caught:
        explore("test", 5, third_fails)
    assert caught.value.__notes__ == ["fuzz campaign 'test', seed 2"]
    assert explore("test", 5, third_fails) == 8
    assert seen[2] == seen[3]
    assert len(set(seen)) == 10
    assert explore("test", 5, third_fails) == 0
    assert explore("other", 5, lambda chance: None) == 10
