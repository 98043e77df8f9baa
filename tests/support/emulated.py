"""Firmware on the emulator, where it is installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.components import missing
from tierbench.targets.cortex_m.generator import generate
from tierbench.targets.cortex_m_qemu import CortexMQemu
from tierbench.targets.cortex_m_qemu.board import Board
from tierbench.targets.cortex_m_qemu.build import Elf, build
from tierbench.targets.cortex_m_qemu.elf import read_elf
from tierbench.targets.cortex_m_qemu.emulator import Emulator
from tierbench.targets.cortex_m_qemu.machines import MACHINES

LIMIT_S = 60.0


def need_qemu() -> None:
    """Skip, or fail where it is required, without QEMU and the compiler."""
    if found := CortexMQemu().unavailable():
        missing("qemu", f"{found.reason}; {found.remedy}")


def built(model: Path, machine: str) -> Elf:
    """Return our firmware around a model."""
    return build(generate(model), MACHINES[machine])


@contextmanager
def started(machine: str, path: Path) -> Iterator[tuple[Emulator, Board]]:
    """Start a firmware and wait until it is ready."""
    with Emulator(machine, path, read_elf(path)) as emulator:
        yield emulator, Board(emulator, LIMIT_S)
