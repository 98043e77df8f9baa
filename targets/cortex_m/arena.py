"""The arena of a model as figures: on a 32-bit core projected, on this machine run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...harness.figure import Figure
from ...harness.values import Evidence
from .bisection import smallest_arena
from .board import Board
from .memory_plan import Arena
from .sizing import BUILDS, Sizing

ERROR_BYTES = 96
ERROR_SHARE = 0.0045
UNKNOWN_STATE_BYTES = 96
"""What an operator may keep whose kernel's state is not known."""
COVERAGE = 0.8

SOURCE = {
    "sizes": "tflite-micro 90b983c2, CMSIS-NN 99f736a6",
    "error": (
        "against arena_used_bytes of firmware of four MLPerf Tiny models, each with "
        "three sets of kernels: 0 to 96 bytes or 0.42 % too low"
    ),
    "coverage": "the largest error of four models, which a fifth exceeds 1 time in 5",
}

_KERNELS = {
    "TFLM": "reference",
    "TFLM reference": "reference",
    "TFLM+CMSIS": "cmsis-nn",
    "TFLM+CMSIS-NN": "cmsis-nn",
}
KERNELS_DEFAULT = "cmsis-nn"
_WITH_DSP = ("cortex-m4", "cortex-m7", "cortex-m33", "cortex-m55", "cortex-m85")
_WITH_MVE = ("cortex-m55", "cortex-m85")


def build_name(board: Board | None, core: str, stack: str) -> tuple[str | None, str]:
    """Return which of ``BUILDS`` a core and a stack stand for, and why where none does.

    Args:
        board: it says which extensions its core has; None where only a core is known.
        core: its name, which counts where there is no board; may be empty.
        stack: of the projection's names; empty for TensorFlow Lite Micro with
            CMSIS-NN.
    """
    core = board.core if board else core
    if not core:
        return None, "name a board or a core to know the arena on it"
    kernels = _KERNELS.get(stack, "" if stack else KERNELS_DEFAULT)
    if not kernels:
        return None, (
            f"the memory that {stack!r} takes is not TensorFlow Lite Micro's; known: "
            f"{', '.join(_KERNELS)}"
        )
    if kernels == "reference":
        return "reference", ""
    if not core.startswith("cortex-m"):
        return None, f"the scratch memory of optimised kernels on {core} is not known"
    dsp = board.dsp if board else core in _WITH_DSP
    mve = board.mve if board else core in _WITH_MVE
    return "cmsis-nn" + (" mve" if mve else " dsp" if dsp else ""), ""


def arena_figures(
    sizing: Sizing, board: Board | None, core: str, stack: str
) -> tuple[Figure, Figure]:
    """Return ``arena`` and ``arena_needed`` on a 32-bit core, in bytes.

    The first is what the interpreter reports to use, the second what it takes to get
    there. Both are PROJECTED, as bands.
    """
    name, why = build_name(board, core, stack)
    if name is None or name not in sizing.arenas:
        why = why or "its shapes are known only when it runs"
        return _unknown("arena", why), _unknown("arena_needed", why)
    arena, basis = sizing.arenas[name], _basis(sizing, name, board)
    return (
        _band("arena", arena.used, sizing, basis),
        _band("arena_needed", arena.needed, sizing, basis),
    )


def _basis(sizing: Sizing, name: str, board: Board | None) -> dict[str, Any]:
    arena: Arena = sizing.arenas[name]
    more: dict[str, Any] = {}
    if BUILDS[name].mve and sizing.kernel_sums_bytes:
        more["more_if_built_for_speed_bytes"] = sizing.kernel_sums_bytes
    if sizing.unknown:
        more["operators_of_unknown_state"] = sizing.unknown
    if board is not None and board.ram_bytes is not None:
        more["board_ram_bytes"] = board.ram_bytes
    return {
        "kernels": name,
        "activations_and_scratch_bytes": arena.head,
        "persistent_bytes": arena.tail,
        **more,
        **SOURCE,
    }


def _band(quantity: str, size: int, sizing: Sizing, basis: Mapping[str, Any]) -> Figure:
    error = max(ERROR_BYTES, ERROR_SHARE * size)
    error += UNKNOWN_STATE_BYTES * sizing.unknown
    return Figure(
        quantity=quantity,
        unit="B",
        evidence=Evidence.PROJECTED,
        low=max(0.0, size - error),
        mid=float(size),
        high=size + error,
        coverage=COVERAGE,
        basis=basis,
    )


def _unknown(quantity: str, why: str) -> Figure:
    return Figure(quantity=quantity, unit="B", evidence=Evidence.PROJECTED, reason=why)


def machine_figures(
    model: Path, python: str | None, version: str | None
) -> tuple[Figure, ...]:
    """Return the arena in the Python package's own build, run on this machine.

    ``arena_64bit`` is the smallest that works, by bisection to 16 bytes;
    ``arena_64bit_reported`` what the interpreter says that it used. Both are EMULATED:
    pointers take 8 bytes, and the kernels are the reference ones.

    Raises:
        CaseError: no arena works.
    """
    found = smallest_arena(model, python)
    basis = {
        "runtime": f"tflite-micro {version or 'of unknown version'}",
        "kernels": "reference, 64-bit pointers",
    }
    figures = [_counted("arena_64bit", found.smallest, basis)]
    if found.total is not None:
        parts = {"head_bytes": found.head, "tail_bytes": found.tail}
        figures.append(
            _counted("arena_64bit_reported", found.total, {**basis, **parts})
        )
    return tuple(figures)


def _counted(quantity: str, size: int, basis: Mapping[str, Any]) -> Figure:
    return Figure(
        quantity=quantity,
        unit="B",
        evidence=Evidence.EMULATED,
        value=float(size),
        basis=basis,
    )


def fit_problems(sizing: Sizing, board: Board, core: str, stack: str) -> list[str]:
    """Return why a model does not fit a board's memory, nothing where it may."""
    found = []
    if board.flash_bytes is not None and sizing.size_bytes > board.flash_bytes:
        found.append(
            f"the model takes {sizing.size_bytes} bytes; {board.name} has "
            f"{board.flash_bytes} of flash, for the program as well"
        )
    _, needed = arena_figures(sizing, board, core, stack)
    ram = board.ram_bytes
    if ram is not None and needed.low is not None and needed.low > ram:
        found.append(
            f"it needs an arena of {needed.low:.0f} to {needed.high:.0f} bytes; "
            f"{board.name} has {ram} of RAM"
        )
    return found
