"""The worker of a board that behaves: rates, windows, and what it is told."""

import pytest
from support.boards import sample, virtual
from support.serial_device import Board, Events, Firmware, Loopback

from tierbench.harness.errors import CaseError, WorkerError
from tierbench.harness.values import BlockKind, Clock
from tierbench.harness.worker import Stretch
from tierbench.targets.cortex_m_serial.protocol import Device

S = 10**9
WINDOW = Stretch(
    kind=BlockKind.WINDOW, calls_min=1, calls_max=1 << 40, duration_ns=10 * S
)
WARM_UP = Stretch(
    kind=BlockKind.SLICE, calls_min=10, calls_max=10**6, duration_ns=S // 20
)


@pytest.mark.parametrize("baud", [115_200, 921_600, 9_600])
def test_the_rate_is_found(baud: int, monkeypatch: pytest.MonkeyPatch) -> None:
    ports: list[Loopback] = []

    def only_at(command: str, events: Events) -> Events:
        right = ports[0].bytes_per_s == baud / 10
        return events if right else [(at, b"\xf8\x80\x00") for at, _ in events]

    board, port = virtual(monkeypatch, Firmware(), only_at)
    ports.append(port)
    with board:
        board.open()
        assert board.bind(sample()).ran["baud"] == baud


def test_a_rate_that_is_told_is_the_only_one_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    board, _ = virtual(monkeypatch, Firmware(), lambda *_: [], baud=76_800)
    with board, pytest.raises(WorkerError, match="at 76800 baud") as caught:
        board.open()
    assert "115200" not in str(caught.value)


def test_a_board_that_starts_as_the_port_is_opened_is_awaited(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    firmware = Firmware()
    started: list[bool] = []

    def starting(command: str, events: Events) -> Events:
        if started:
            return events
        started.append(True)
        at = events[0][0] + 1.5
        return firmware.boot(at)  # what was sent before is lost

    board, _ = virtual(monkeypatch, firmware, starting)
    with board:
        board.open()
        board.bind(sample())


@pytest.mark.parametrize("call_s", [5e-6, 1e-3, 0.25, 4.0])
def test_a_window_is_long_enough_whatever_a_call_takes(
    call_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    board, port = virtual(monkeypatch, Firmware(call_s=call_s))
    with board:
        board.open()
        board.bind(sample())
        board.block(WARM_UP)
        window = board.block(WINDOW)
    assert window.clock is Clock.DEVICE
    assert window.marked is False
    assert window.latency_ns.tolist() == [pytest.approx(call_s * S, rel=1e-3)]
    assert 10 <= window.made * call_s <= 10.6 + call_s
    assert port.sent[-2] == f"infer {window.made} 1"


def test_a_window_in_which_the_timer_might_wrap_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    board, _ = virtual(monkeypatch, Firmware(call_s=4.0))
    many = Stretch(kind=BlockKind.SLICE, calls_min=1000, calls_max=10**6, duration_ns=1)
    with board:
        board.open()
        board.bind(sample())
        with pytest.raises(WorkerError, match="might wrap unseen"):
            board.block(many)


def test_the_interface_board_takes_shorter_commands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    board, port = virtual(monkeypatch, Board(Firmware()))
    with board:
        board.open()
        assert board.bind(sample()).ran["through_board"] is True
    assert max(len(command) for command in port.sent) <= 80
    assert all(command.startswith(("dut ", "name")) for command in port.sent)


def test_commands_fit_into_the_devices_buffer(monkeypatch: pytest.MonkeyPatch) -> None:
    board, port = virtual(monkeypatch, Firmware())
    with board:
        board.open()
        board.bind(sample())
    assert max(len(command) for command in port.sent) == len("db ") + 2 * 31


def test_sustained_load_needs_a_device_that_tells_times(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    board, _ = virtual(monkeypatch, Firmware(energy=True))
    soak = Stretch(kind=BlockKind.SOAK, calls_min=1, calls_max=10**6, duration_ns=S)
    with board:
        board.open()
        board.bind(sample())
        with pytest.raises(CaseError, match="tells no times"):
            board.block(soak)


def test_an_emulators_time_may_be_another(monkeypatch: pytest.MonkeyPatch) -> None:
    _, port = virtual(monkeypatch, Firmware(timer_rate=1e5))
    strict = Device(port, bytes_per_s=1e4)
    with pytest.raises(WorkerError, match="by this machine's clock"):
        strict.infer(5000, 0, 60.0)
    told = Device(port, bytes_per_s=1e4, checks_clock=False).infer(5000, 0, 60.0)
    assert told.device_us == pytest.approx(5000 * 2e-3 * 1e5)
