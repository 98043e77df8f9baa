"""The arena of a model as figures: on a 32-bit core projected, on this machine run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...harness.figure import Figure
from ...harness.values import Evidence
from ..catalogue.board import WITH_MVE, WITHOUT_DSP, Board
from .bisection import smallest_arena
from .kernels import OPTIMISED_UNKNOWN
from .memory_plan import Arena
from .sizing import BUILDS, Sizing

ERROR_BYTES = 96
ERROR_SHARE = 0.0045
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
PLANNED = "the file says itself where its tensors lie, and that is not laid out here"


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
    dsp = board.dsp if board else core not in WITHOUT_DSP
    mve = board.mve if board else core in WITH_MVE
    return "cmsis-nn" + (" mve" if mve else " dsp" if dsp else ""), ""


def arena_figures(
    sizing: Sizing, board: Board | None, core: str, stack: str, reported: int | None
) -> tuple[Figure, Figure]:
    """Return ``arena`` and ``arena_needed`` on a 32-bit core, in bytes.

    The first is what the interpreter reports to use, the second what it takes to get
    there. Both are PROJECTED, as bands.

    Args:
        sizing: of the model.
        board: where one is named.
        core: its name, where there is no board.
        stack: see ``build_name``.
        reported: what the Python package's interpreter reports on this machine, which
            tells what operators of unknown memory take; None where it was not asked.
    """
    name, why = build_name(board, core, stack)
    if name is not None and name not in sizing.arenas:
        why = PLANNED if sizing.is_planned else "its shapes are known only when it runs"
    elif name is not None and name != "reference":
        why = _unknown_scratch(sizing)
    if name is None or why:
        return _unknown("arena", why), _unknown("arena_needed", why)
    arena = sizing.arenas[name]
    if sizing.unknown and reported is None:
        why = f"the memory of {', '.join(sizing.unknown)} is not known"
        return _unknown("arena", why), _unknown("arena_needed", why)
    more = 0
    if sizing.unknown and reported is not None:
        more = max(0, reported - sizing.arenas["package"].used)
    basis = _basis(sizing, name, board, more)
    return (
        _band("arena", arena.used, more, basis),
        _band("arena_needed", arena.needed, more, basis),
    )


def _unknown_scratch(sizing: Sizing) -> str:
    found = sorted(OPTIMISED_UNKNOWN.intersection(sizing.unknown))
    if not found:
        return ""
    return (
        f"the scratch memory of CMSIS-NN's {', '.join(found)} is not known; "
        'stack = "TFLM" tells the arena of reference kernels'
    )


def _basis(
    sizing: Sizing, name: str, board: Board | None, unknown_bytes: int
) -> dict[str, Any]:
    arena: Arena = sizing.arenas[name]
    more: dict[str, Any] = {}
    if BUILDS[name].mve and sizing.kernel_sums_bytes:
        more["more_if_built_for_speed_bytes"] = sizing.kernel_sums_bytes
    if sizing.unknown:
        more["operators_of_unknown_memory"] = list(sizing.unknown)
        more["their_memory_with_64_bit_pointers_bytes"] = unknown_bytes
        more["their_memory"] = (
            "taken as half to all of that, for nothing but pointers shrinks: bounds "
            "that were compared with no firmware"
        )
    if board is not None and board.ram_bytes is not None:
        more["board_ram_bytes"] = board.ram_bytes
    return {
        "kernels": name,
        "activations_and_scratch_bytes": arena.head,
        "persistent_bytes": arena.tail,
        **more,
        **SOURCE,
    }


def _error(size: int) -> float:
    return max(ERROR_BYTES, ERROR_SHARE * size)


def _band(quantity: str, size: int, more: int, basis: Mapping[str, Any]) -> Figure:
    """Return a size with its error; of what is unknown, pointers are half as wide."""
    error = _error(size + more)
    return Figure(
        quantity=quantity,
        unit="B",
        evidence=Evidence.PROJECTED,
        low=max(0.0, size + more / 2 - error),
        mid=size + 0.75 * more,
        high=size + more + error,
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


def fit_problems(sizing: Sizing, board: Board, stack: str) -> list[str]:
    """Return why a model does not fit a board's memory, nothing where it may."""
    found = []
    if board.flash_bytes is not None and sizing.size_bytes > board.flash_bytes:
        found.append(
            f"the model takes {sizing.size_bytes} bytes; {board.name} has "
            f"{board.flash_bytes} of flash, for the program as well"
        )
    name, _ = build_name(board, board.core, stack)
    ram = board.ram_bytes
    if ram is None or name is None or name not in sizing.arenas:
        return found
    needed = sizing.arenas[name].needed
    least = needed - _error(needed)
    if least > ram:
        found.append(
            f"it needs an arena of {least:.0f} bytes or more; {board.name} has {ram} "
            "of RAM"
        )
    return found
