"""Boards that misbehave: a clear error or a recovery, and never a wrong number."""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from support.boards import sample, virtual
from support.serial_device import Events, Firmware, Twist, averages, honest

from tierbench.harness.errors import (
    CaseError,
    TierbenchError,
    WorkerDied,
    WorkerError,
    WorkerTimeout,
)
from tierbench.harness.values import BlockKind
from tierbench.harness.worker import Measured, Stretch
from tierbench.targets.cortex_m_serial.worker import BoardWorker

WINDOW = Stretch(
    kind=BlockKind.WINDOW, calls_min=1, calls_max=1 << 40, duration_ns=10**10
)
CALL_NS = 2_000_000


def on(pattern: str, change: Callable[[Events], Events], times: int = 10**6) -> Twist:
    """Change the replies to the commands that match, the first few times."""
    left = [times]

    def twist(command: str, events: Events) -> Events:
        if not re.match(pattern, command) or left[0] == 0:
            return events
        left[0] -= 1
        return change(events)

    return twist


def lines(change: Callable[[list[bytes]], list[bytes]]) -> Callable[[Events], Events]:
    """Change a reply's lines, each sent when the one at its place was."""

    def changed(events: Events) -> Events:
        moments = [at for at, _ in events]
        texts = change([text for _, text in events])
        last = moments[-1]
        return [
            (moments[i] if i < len(moments) else last, t) for i, t in enumerate(texts)
        ]

    return changed


def sub(old: bytes, new: bytes) -> Callable[[Events], Events]:
    """Replace what matches in a reply."""
    return lambda events: [(at, re.sub(old, new, text)) for at, text in events]


def _silence(events: Events) -> Events:
    return []


def _half_lines(events: Events) -> Events:
    return [(at, text[: len(text) // 2]) for at, text in events]


def _noise(events: Events) -> Events:
    chance = random.Random(5)
    return [
        (at, bytes(chance.choice((0x80, 0xFE, 0x00, 0xC3, 0x0A)) for _ in text))
        for at, text in events
    ]


def _restart(events: Events) -> Events:
    banner = Firmware(offset_us=7).boot(events[0][0] + 1.0)
    return [*events[:4], *banner]


def _slow(events: Events) -> Events:
    text = b"".join(text for _, text in events)
    return [(events[0][0] + place, bytes([byte])) for place, byte in enumerate(text)]


def _flood(text: bytes) -> Callable[[Events], Events]:
    return lambda events: [(events[0][0] + i / 1e4, text) for i in range(100_000)]


def _doubled(texts: list[bytes]) -> list[bytes]:
    return [text for text in texts for _ in range(2)]


def _double_laps(texts: list[bytes]) -> list[bytes]:
    return [t for text in texts for t in [text] * (1 + text.startswith(b"m-lap"))]


def _swapped(texts: list[bytes]) -> list[bytes]:
    laps = [i for i, text in enumerate(texts) if text.startswith(b"m-lap")]
    one, other = laps
    texts[one], texts[other] = texts[other], texts[one]
    return texts


def _laps_first(texts: list[bytes]) -> list[bytes]:
    return sorted(texts, key=lambda text: not text.startswith(b"m-lap"))


def _unready(texts: list[bytes]) -> list[bytes]:
    return [text for text in texts if text != b"m-ready\r\n"]


def _complaint(texts: list[bytes]) -> list[bytes]:
    return [b"Input db has 99 elemented, expected 100\n", *texts]


def _instead(told: bytes) -> Callable[[list[bytes]], list[bytes]]:
    return lambda texts: [told, b"m-ready\r\n"]


def _one_less(events: Events) -> Events:
    return sub(rb"Expecting 100", b"Expecting 99")(events)


@dataclass(frozen=True)
class Trouble:
    """What goes wrong, and what must come of it: an error, or the right numbers."""

    twist: Twist = honest
    firmware: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    error: type[TierbenchError] | None = None
    said: str = ""


PROTOCOL = WorkerError
TROUBLES = {
    "silence": Trouble(
        on("", _silence), error=PROTOCOL, said="no whole answer to 'name'"
    ),
    "silence_in_inference": Trouble(
        on("infer", _silence), error=WorkerTimeout, said="no whole answer to 'infer"
    ),
    "half_lines": Trouble(
        on("", _half_lines), error=PROTOCOL, said="last that came was"
    ),
    "wrong_baud_noise": Trouble(on("", _noise), error=PROTOCOL, said="no text came"),
    "noise_once": Trouble(on("infer", _noise, times=1)),
    "noise_in_every_inference": Trouble(
        on("infer", _noise), error=PROTOCOL, said="'infer' failed 3 times"
    ),
    "error_reply": Trouble(
        on("infer", lines(_instead(b"e-[no model]\r\n"))),
        error=CaseError,
        said=r"e-\[no model\]",
    ),
    "error_reply_once": Trouble(on("infer", lines(_instead(b"e-[x]\r\n")), times=1)),
    "no_inferences_error": Trouble(
        on("infer", lines(_instead(b"e-[Inference iterations must be >0]\r\n"))),
        error=CaseError,
        said="must be >0",
    ),
    "restart_in_inference": Trouble(
        on("infer", _restart), error=PROTOCOL, said="started anew during 'infer"
    ),
    "restart_in_download": Trouble(
        on("db [0-9a-f]{2}", _restart), error=PROTOCOL, said="started anew"
    ),
    "command_overflow": Trouble(
        firmware={"command_characters": 40}, error=TierbenchError, said="'db' failed"
    ),
    "wrong_byte_count": Trouble(
        on("db load", _one_less), error=PROTOCOL, said="Expecting 99 bytes"
    ),
    "buffer_too_small": Trouble(
        firmware={"buffer_max": 64}, error=CaseError, said="exceeds maximum of 64"
    ),
    "input_complaint": Trouble(
        on("infer", lines(_complaint)), error=PROTOCOL, said="Input db has 99"
    ),
    "buffer_corrupted_always": Trouble(
        on("db print", sub(rb"buffer-..", b"buffer-zz")), error=PROTOCOL, said="zz"
    ),
    "buffer_corrupted_once": Trouble(
        on("db print", sub(rb"-..\r\n", b"-00\r\n"), times=1)
    ),
    "command_garbled_on_its_way": Trouble(
        on("db print", lines(_instead(b"m-buffer-01-02\r\n"))),
        error=PROTOCOL,
        said="other bytes than it was sent: 2 of 100",
    ),
    "timer_wraps": Trouble(firmware={"offset_us": (1 << 32) - 1_005_000_000}),
    "timer_counts_milliseconds": Trouble(
        firmware={"timer_rate": 1e3}, error=PROTOCOL, said="does not count microseconds"
    ),
    "timer_stands": Trouble(
        firmware={"timer_rate": 0.0}, error=PROTOCOL, said="by this machine's clock"
    ),
    "lines_doubled": Trouble(
        on("infer", lines(_doubled)), error=PROTOCOL, said="where m-warmup-start"
    ),
    "lines_doubled_once": Trouble(on("infer", lines(_doubled), times=1)),
    "laps_doubled": Trouble(
        on("infer", lines(_double_laps)), error=PROTOCOL, said="where two laps"
    ),
    "lap_missing": Trouble(
        on("infer", sub(rb"m-lap-us-\d+\r\n", b"")), error=PROTOCOL, said="laps and"
    ),
    "lap_backwards": Trouble(
        on("infer [^1]", lines(_swapped)), error=PROTOCOL, said="a lap is wrong"
    ),
    "laps_out_of_order": Trouble(
        on("infer", lines(_laps_first)), error=PROTOCOL, said="where m-warmup-start"
    ),
    "lap_too_large": Trouble(
        on("infer", sub(rb"m-lap-us-\d+", b"m-lap-us-4294967296")),
        error=PROTOCOL,
        said="below 2",
    ),
    "carriage_returns_lost": Trouble(on("", sub(rb"\r\n", b"\n"))),
    "line_ends_lost": Trouble(
        on("infer", sub(rb"\r\n", b"")), error=WorkerTimeout, said="no whole answer"
    ),
    "ready_missing": Trouble(
        on("profile", lines(_unready)), error=PROTOCOL, said="no whole answer"
    ),
    "ready_doubled": Trouble(
        on("db load", sub(rb"m-ready\r\n", b"m-ready\r\nm-ready\r\n"))
    ),
    "results_nan": Trouble(
        on("infer", sub(rb"-\[.*\]", b"-[0.1,nan,0.2,0.3]")), error=PROTOCOL, said="nan"
    ),
    "results_infinite": Trouble(
        on("infer", sub(rb"-\[.*\]", b"-[1e999,0,0,0]")), error=PROTOCOL, said="1e999"
    ),
    "results_too_few": Trouble(
        firmware={"compute": lambda data: averages(data)[:3]},
        error=PROTOCOL,
        said="told 3 results; this model has 4",
    ),
    "results_too_many": Trouble(
        firmware={"compute": lambda data: averages(data) * 2},
        error=PROTOCOL,
        said="told 8 results",
    ),
    "results_of_another_model": Trouble(
        firmware={"compute": lambda data: [7.5, 0.0, 0.0, 0.0]},
        error=PROTOCOL,
        said="the result 7.5; this model's output holds -1 to",
    ),
    "results_garbled": Trouble(
        on("infer", sub(rb"results-\[-?0", b"results-[8")),
        error=PROTOCOL,
        said="changed",
    ),
    "results_garbled_once": Trouble(
        on("infer", sub(rb"results-\[-?0", b"results-[8"), 1)
    ),
    "flood_without_line_ends": Trouble(
        on("infer", _flood(b"x" * 4096)), error=PROTOCOL, said="a line of more than"
    ),
    "flood_of_lines": Trouble(
        on("infer", _flood(b"busy\r\n")), error=PROTOCOL, said="lines came in answer"
    ),
    "slow_trickle": Trouble(on("", _slow), error=PROTOCOL, said="no whole answer"),
    "other_firmware_by_name": Trouble(
        firmware={"model": "vww01"},
        settings={"firmware": "own01"},
        error=CaseError,
        said="holds the model 'vww01', not 'own01'",
    ),
    "other_firmware_by_size": Trouble(
        firmware={"model": "kws01"},
        error=CaseError,
        said="of 490 inputs and 12 outputs",
    ),
    "no_such_protocol": Trouble(
        on("", lines(lambda texts: [b"login:\r\n"])), error=PROTOCOL, said="login:"
    ),
}
RECOVERS = {name for name, trouble in TROUBLES.items() if trouble.error is None}


def measure(board: BoardWorker) -> tuple[list[Measured], list[float]]:
    """Go through all that a case asks of a worker."""
    with board:
        board.open()
        board.bind(sample(0))
        windows = [board.block(WINDOW) for _ in range(3)]
        (output,) = board.evaluate(sample(1))
        return windows, output[0].tolist()


def right(windows: list[Measured], outputs: list[float]) -> None:
    """Check that numbers are what an honest device measures."""
    for window in windows:
        assert window.latency_ns.tolist() == [pytest.approx(CALL_NS, rel=2e-6)]
        assert window.made * CALL_NS >= WINDOW.duration_ns
    truth = averages(sample(1)["x"].tobytes())
    assert outputs == pytest.approx(truth, abs=0.00051)


@pytest.mark.parametrize("name", TROUBLES)
def test_an_error_or_the_right_numbers(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    trouble = TROUBLES[name]
    firmware = Firmware(**trouble.firmware)
    board, port = virtual(monkeypatch, firmware, trouble.twist, **trouble.settings)
    if trouble.error is None:
        right(*measure(board))
    else:
        with pytest.raises(trouble.error, match=trouble.said) as caught:
            measure(board)
        assert "\n" not in str(caught.value)
    assert port.closed


def test_a_port_that_vanishes(monkeypatch: pytest.MonkeyPatch) -> None:
    board, port = virtual(monkeypatch, Firmware())
    with board:
        board.open()
        board.bind(sample(0))
        port.gone = True
        with pytest.raises(WorkerDied, match="is gone"):
            board.block(WINDOW)


def test_troubles_are_many_and_of_both_kinds() -> None:
    assert len(TROUBLES) - len(RECOVERS) >= 20
    assert len(RECOVERS) >= 8
