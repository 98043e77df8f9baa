"""Cortex-M and its like through TensorFlow Lite Micro, emulated on this machine.

The interpreter's own reference kernels compute what they would on the core: outputs,
accuracy and operator support are EMULATED. Time and energy are PROJECTED.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from ...harness.errors import ModelError
from ...harness.figure import Figure
from ...harness.target import Option, Target, Tier
from ...harness.values import Case, Environment, Evidence, Variant, Workload
from ..catalogue.board import CORES, Board, board_of
from .arena import arena_figures, fit_problems, machine_figures
from .sizing import size_model


class CortexM(Target):
    """TensorFlow Lite Micro's interpreter, and what is known of a board or a core."""

    name = "cortex-m"
    tier = Tier.MICROCONTROLLER
    formats = ("tflite",)
    evidence = Evidence.EMULATED
    clock = None
    runtime = "tflite-micro"
    remedy = "pip install 'tierbench[host]'"
    device_modules = ("tierbench.targets.cortex_m.device",)
    options = (
        Option(
            name="board",
            kind=str,
            default="",
            help="a board of the catalogue, or a TOML file that describes one",
        ),
        Option(
            name="core",
            kind=str,
            default="",
            help="the core, where no board is named",
            choices=("", *CORES),
        ),
        Option(
            name="clock_mhz",
            kind=float,
            default=0.0,
            help="its clock in MHz; 0: the board's",
            minimum=0,
            maximum=2000,
        ),
        Option(
            name="stack",
            kind=str,
            default="",
            help="the software that runs the model; empty: any for time, for memory "
            "TFLM with CMSIS-NN",
        ),
        Option(
            name="supply_v",
            kind=float,
            default=0.0,
            help="its supply in volts; 0: the board's",
            minimum=0,
            maximum=6,
        ),
    )

    @cached_property
    def board(self) -> Board | None:
        """Return the board that was named, see ``board_of``."""
        return board_of(self.settings)

    @property
    def core(self) -> str:
        """Return the name of the core, empty where neither it nor a board is named."""
        board = self.board
        return board.core if board else str(self.settings["core"])

    def describe(self) -> Environment:
        """Return the board or core, and the interpreter that stands for it."""
        found, board = self.probe(), self.board
        facts = {} if board is None else _facts(board)
        return Environment(
            device=board.name if board else self.core or "any core",
            tier=self.tier,
            runtime=self.runtime,
            runtime_version=found.version(self.runtime),
            identity={"core": self.core or None, **facts},
            details={"emulated_on": found.cpu, **found.details},
        )

    def check(self, variant: Variant, workload: Workload) -> str | None:
        """Return all that keeps a model from running or fitting, or None.

        Raises:
            InputError: there is no such board, or its file is wrong.
        """
        board, core = self.board, str(self.settings["core"])
        found = []
        if board is not None and core and core != board.core:
            found.append(f"core {core} is not that of {board.name}, {board.core}")
        if workload.batch != 1:
            found.append(f"a microcontroller runs a batch of 1, not {workload.batch}")
        try:
            sizing = size_model(variant.path)
        except ModelError as exc:
            return "; ".join([*found, str(exc)])
        found += sizing.problems
        if board is not None:
            found += fit_problems(sizing, board, str(self.settings["stack"]))
        return "; ".join(found) or None

    def figures(
        self, case: Case, artifact: Path, ran: Mapping[str, Any]
    ) -> tuple[Figure, ...]:
        """Return time and energy, projected, and the arena, projected and run here."""
        version = self.probe().version(self.runtime)
        run_here = machine_figures(artifact, self.python, version)
        return (
            *self._projected(case),
            *arena_figures(
                size_model(artifact),
                self.board,
                str(self.settings["core"]),
                str(self.settings["stack"]),
                next((int(f.value or 0) for f in run_here[1:]), None),
            ),
            *run_here,
        )

    def _projected(self, case: Case) -> tuple[Figure, ...]:
        """Return latency and energy, or why what is set does not tell them."""
        from ..projection.cortex_m import CORTEX_M  # only a projection needs NumPy
        from ..projection.figures import ENERGY, LATENCY, unknown

        told = {name: value for name, value in self.settings.items() if value}
        if problems := CORTEX_M.problems(told, frozenset()):
            reason = "; ".join(problems)
            return unknown(LATENCY, "ns", reason), unknown(ENERGY, "J", reason)
        return CORTEX_M.figures(case.variant.profile, told)


def _facts(board: Board) -> dict[str, str | None]:
    names = (
        *("soc", "clock_mhz", "flash_bytes", "ram_bytes", "supply_v"),
        *("fpu", "dsp", "mve"),
    )
    told = {name: getattr(board, name) for name in names}
    return {name: None if fact is None else str(fact) for name, fact in told.items()}
