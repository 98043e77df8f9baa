"""The projector ``cortex-m``: a board by its name, or a core and its clock."""

from __future__ import annotations

from collections.abc import Mapping, Set

from ...harness.errors import InputError, Mistakes
from ...harness.figure import Figure
from ...harness.option import Option
from ...harness.values import ModelProfile, Setting
from ..catalogue.board import CORES, Board, find_board
from .cores import core_name
from .figures import project
from .prediction import Asked
from .projector import Projector


class CortexM(Projector):
    """Cortex-M boards, from published MLPerf Tiny rows."""

    name = "cortex-m"
    options = (
        Option(
            name="board",
            kind=str,
            default="",
            help="a board of the catalogue, or the path of a TOML file",
        ),
        Option(name="core", kind=str, default="", help="such as cortex-m7"),
        Option(
            name="clock_mhz",
            kind=float,
            default=0.0,
            help="the core's clock; a board's own where left out",
            minimum=1,
            maximum=2000,
        ),
        Option(
            name="stack",
            kind=str,
            default="",
            help="the software, such as X-CUBE-AI; any where left out",
        ),
        Option(
            name="supply_v",
            kind=float,
            default=0.0,
            help="for energy; a board's own where left out",
            minimum=0.5,
            maximum=6,
        ),
    )

    def problems(self, settings: Mapping[str, Setting], refused: Set[str]) -> list[str]:
        """Return what is wrong with the board, the core and the clock."""
        return _resolved(settings, refused)[1]

    def figures(
        self, profile: ModelProfile, settings: Mapping[str, Setting]
    ) -> tuple[Figure, ...]:
        """Return latency and energy."""
        return project(profile, asked_of(settings))


def asked_of(settings: Mapping[str, Setting]) -> Asked:
    """Return what is asked for; a setting goes before what the board's file tells.

    Raises:
        InputError: it cannot be told; every mistake is named.
    """
    asked, problems = _resolved(settings, frozenset())
    if asked is None:
        raise Mistakes(problems)
    return asked


def _resolved(
    settings: Mapping[str, Setting], refused: Set[str]
) -> tuple[Asked | None, list[str]]:
    problems: list[str] = []
    board = _board(settings, problems)
    core = board.core if board else None
    if "core" in settings:
        told = core_name(str(settings["core"]))
        if told not in CORES:
            valid = ", ".join(CORES)
            problems.append(f"core {settings['core']!r} is not known; valid: {valid}")
        elif core is not None and told != core:
            problems.append(
                f"board {settings['board']!r} has {core}, not {settings['core']!r}; "
                "leave one of them out"
            )
        core = told
    clock_mhz = _number(settings, "clock_mhz", board.clock_mhz if board else None)
    if core is None and not {"board", "core"} & {*settings, *refused}:
        problems.append("no hardware is told: set board=NAME, or core and clock_mhz")
    elif core is not None and clock_mhz is None and "clock_mhz" not in refused:
        problems.append(
            f"the clock of {settings.get('board', core)!r} is not known; set clock_mhz"
        )
    if problems or refused or core is None or clock_mhz is None:
        return None, problems
    return Asked(
        core=core,
        clock_mhz=clock_mhz,
        stack=str(settings["stack"]) if "stack" in settings else None,
        board=board.name if board else None,
        supply_v=_number(settings, "supply_v", board.supply_v if board else None),
        has_dsp=board is None or board.dsp,
    ), []


def _board(settings: Mapping[str, Setting], problems: list[str]) -> Board | None:
    """Return the board that is set; what is wrong with it joins ``problems``."""
    if "board" not in settings:
        return None
    try:
        return find_board(str(settings["board"]))
    except InputError as exc:
        problems += exc.lines
        return None


def _number(
    settings: Mapping[str, Setting], name: str, known: float | None
) -> float | None:
    return float(settings[name]) if name in settings else known


CORTEX_M = CortexM()
