"""Ethos-U neural processing units, as Arm's compiler Vela projects them.

Nothing is run: the model is compiled, and what the compiler tells of it is PROJECTED.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from ...harness.errors import CaseError, DataError, ModelError
from ...harness.figure import Figure
from ...harness.target import Option, Target, Tier
from ...harness.values import Case, Environment, Evidence, Memory, Variant, Workload
from ...harness.worker import Bound, Limits, Measured, Opened, Stretch, Worker
from ..catalogue.board import ACCELERATORS, Board, board_of
from ..cortex_m.operators import DYNAMIC, FLOAT
from ..cortex_m.sizing import size_model
from .vela import (
    MEMORY_MODES,
    SYSTEM_CONFIGS,
    Estimate,
    Settings,
    compile_model,
    read_estimate,
)

NOT_RUN = (
    "Vela compiles the model and runs nothing; the target cortex-m tells its accuracy "
    "on reference kernels"
)


def _name(name: str, help: str, choices: tuple[str, ...] = ()) -> Option:
    found = ("", *choices) if choices else ()
    return Option(name=name, kind=str, default="", help=help, choices=found)


class EthosU(Target):
    """A model compiled by Vela, with the compiler's own estimate."""

    name = "ethos-u"
    tier = Tier.MICROCONTROLLER
    formats = ("tflite",)
    evidence = Evidence.PROJECTED
    clock = None
    runtime = "ethos-u-vela"
    remedy = "pip install 'tierbench[ethos-u]'"
    device_modules = ()
    options = (
        _name("board", "a board with an Ethos-U, or a TOML file that describes one"),
        _name("accelerator", "the Ethos-U, where no board is named", ACCELERATORS),
        _name(
            "system_config",
            "Vela's system configuration: clock and memories",
            tuple(name for names in SYSTEM_CONFIGS.values() for name in names),
        ),
        _name(
            "memory_mode",
            "where weights and activations lie",
            MEMORY_MODES["ethos-u65"],
        ),
        Option(
            name="optimise",
            kind=str,
            default="Performance",
            help="what Vela optimises for",
            choices=("Performance", "Size"),
        ),
    )

    @cached_property
    def board(self) -> Board | None:
        """Return the board that was named, see ``board_of``."""
        return board_of(self.settings)

    @property
    def accelerator(self) -> str:
        """Return the accelerator, empty where none is known."""
        board = self.board
        named = str(self.settings["accelerator"])
        return named or (board.accelerator or "" if board else "")

    @property
    def version(self) -> str | None:
        """Return Vela's version in the target's Python."""
        return self.probe().version(self.runtime)

    def describe(self) -> Environment:
        """Return the board or accelerator, and the compiler that stands for it."""
        board = self.board
        return Environment(
            device=board.name if board else self.accelerator or "no accelerator",
            tier=self.tier,
            runtime=self.runtime,
            runtime_version=self.version,
            identity={"accelerator": self.accelerator or None},
        )

    def check(self, variant: Variant, workload: Workload) -> str | None:
        """Return all that keeps a model from being compiled, or None.

        Raises:
            InputError: there is no such board, or its file is wrong.
        """
        found = list(self._setting_problems())
        if workload.batch != 1:
            found.append(f"an Ethos-U runs a batch of 1, not {workload.batch}")
        try:
            sizing = size_model(variant.path)
        except ModelError as exc:
            return "; ".join([*found, str(exc)])
        # Operators that TensorFlow Lite Micro lacks may still run on the Ethos-U.
        told = (FLOAT, DYNAMIC)
        found += [problem for problem in sizing.problems if problem.startswith(told)]
        return "; ".join(found) or None

    def _setting_problems(self) -> list[str]:
        board, accelerator = self.board, self.accelerator
        if not accelerator:
            if board is None:
                return ["name an accelerator, or a board that has one"]
            return [
                f"{board.name} has no Ethos-U; name an accelerator or another board"
            ]
        found = []
        own = board.accelerator if board else None
        if own and own != accelerator:
            found.append(f"accelerator {accelerator} is not that of {own} on the board")
        family = accelerator.rpartition("-")[0]
        for name, valid in (
            ("system_config", SYSTEM_CONFIGS[family]),
            ("memory_mode", MEMORY_MODES[family]),
        ):
            if self.settings[name] not in valid:
                found.append(
                    f"{name} {self.settings[name]!r} is not one of {accelerator}; "
                    f"valid: {', '.join(valid)}"
                )
        return found

    def prepare(self, variant: Variant) -> Path:
        """Return the compiled model.

        Raises:
            CaseError: Vela refuses it, or it does not fit the board.
        """
        compiled = compile_model(variant.path, self._compiled_for(), self.python)
        used, board = read_estimate(compiled).sram_bytes, self.board
        if board is not None and board.ram_bytes and used > board.ram_bytes:
            raise CaseError(
                f"compiled it takes {used:.0f} bytes of SRAM; {board.name} has "
                f"{board.ram_bytes} of RAM"
            )
        return compiled

    def _compiled_for(self) -> Settings:
        return Settings(
            accelerator=self.accelerator,
            system_config=str(self.settings["system_config"]),
            memory_mode=str(self.settings["memory_mode"]),
            optimise=str(self.settings["optimise"]),
            version=self.version or "unknown",
        )

    def launch(self, case: Case, artifact: Path, limits: Limits) -> Worker:
        """Return a worker that runs nothing."""
        return _Unrun(case)

    def figures(
        self, case: Case, artifact: Path, ran: Mapping[str, Any]
    ) -> tuple[Figure, ...]:
        """Return Vela's estimate: cycles, time, memory, operators left to the CPU.

        It is exact as the compiler's answer and says nothing of its error; there is no
        published one to make a band of, so the latency itself stays unknown.
        """
        made, settings = read_estimate(artifact), self._compiled_for()
        basis = {
            "by": f"Vela {settings.version}",
            "what": "the compiler's own estimate, its error unknown",
            "accelerator": settings.accelerator,
            "system_config": settings.system_config,
            "memory_mode": settings.memory_mode,
            "optimise": settings.optimise,
            "core_clock_hz": made.core_clock_hz,
            "cpu_operators": made.cpu_operators,
        }
        return (_latency(made, basis), *_counted(made, basis))


def _latency(made: Estimate, basis: Mapping[str, Any]) -> Figure:
    left = (
        f", and leaves out the {made.cpu_operators} operators on the CPU"
        if made.cpu_operators
        else ""
    )
    return Figure(
        quantity="latency",
        unit="ns",
        evidence=Evidence.PROJECTED,
        reason=(
            f"Vela estimates {1e3 * made.inference_s:.4g} ms{left}; how far it is off "
            "is not known, so there is no band"
        ),
        basis=basis,
    )


def _counted(made: Estimate, basis: Mapping[str, Any]) -> list[Figure]:
    told = (
        ("vela_latency", "ns", 1e9 * made.inference_s),
        ("vela_cycles_npu", "1", made.cycles_npu),
        ("vela_cycles_total", "1", made.cycles_total),
        ("vela_sram", "B", made.sram_bytes),
        ("vela_dram", "B", made.dram_bytes),
        ("vela_flash", "B", made.flash_bytes),
        ("cpu_operators", "1", float(made.cpu_operators)),
        ("npu_operators", "1", float(made.npu_operators)),
    )
    return [
        Figure(
            quantity=quantity,
            unit=unit,
            evidence=Evidence.PROJECTED,
            value=value,
            basis=basis,
        )
        for quantity, unit, value in told
    ]


class _Unrun(Worker):
    """Stands where a worker would run the model."""

    def __init__(self, case: Case) -> None:
        self._inputs = case.variant.profile.inputs

    def open(self) -> Opened:
        return Opened(inputs=self._inputs, open_ns=0)

    def bind(self, inputs: Mapping[str, Any]) -> Bound:
        return Bound(first_call_ns=0, ran={"provider": "none: compiled by Vela"})

    def block(self, stretch: Stretch) -> Measured:
        raise CaseError(NOT_RUN)

    def evaluate(self, inputs: Mapping[str, Any]) -> tuple[Any, ...]:
        raise DataError(NOT_RUN)

    def memory(self) -> Memory:
        raise CaseError(NOT_RUN)

    def close(self) -> None:
        """There is nothing to end."""
