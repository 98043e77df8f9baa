"""The catalogue's devices and boards, and which targets run on each."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ...harness.known_device import KnownDevice
from .board import Board, board_names, find_board
from .device import Device, device_names, find_device

ALSO_ON = {"nvidia": ("nvidia-onnxruntime",)}
"""Further targets that run on the devices of one."""

_APART = {"name", "title", "target", "sources", "unknown"}


def devices() -> tuple[KnownDevice, ...]:
    """Return the accelerators and server cards."""
    return tuple(_device(find_device(name)) for name in device_names())


def boards() -> tuple[KnownDevice, ...]:
    """Return the microcontroller boards."""
    return tuple(_board(find_board(name)) for name in board_names())


def _device(device: Device) -> KnownDevice:
    return KnownDevice(
        name=device.name,
        title=device.title,
        targets=(device.target, *ALSO_ON.get(device.target, ())),
        facts=_facts(asdict(device)),
        sources=device.sources,
        unknown=device.unknown,
    )


def _board(board: Board) -> KnownDevice:
    npu = ("ethos-u",) if board.accelerator else ()
    return KnownDevice(
        name=board.name,
        title=board.soc or board.name,
        targets=("cortex-m", "cortex-m-serial", *npu),
        facts=_facts(asdict(board)),
        sources=board.sources,
        unknown=board.unknown,
    )


def _facts(told: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if name not in _APART}
