"""What is known of a core beforehand, by which one without rows leans on others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """A core: general work per cycle, and how many 8-bit products it can begin in one.

    ``coremark_per_mhz`` are figures that Arm is quoted with: found on pages for M0, M0+
    and M7, second hand for M85; for M3 and M4 a textbook has 3.32 and 3.40, and for M33
    and M55 no page was found. They place a core among others; what they leave of it is
    an effect of its own. ``lanes`` is 1 without SIMD, 2 with the DSP extension (SMLAD
    takes two 16-bit products), 8 with Helium.
    """

    name: str
    coremark_per_mhz: float
    lanes: int


CORES: Mapping[str, Core] = MappingProxyType(
    {
        core.name: core
        for core in (
            Core(name="cortex-m0", coremark_per_mhz=2.33, lanes=1),
            Core(name="cortex-m0+", coremark_per_mhz=2.46, lanes=1),
            Core(name="cortex-m3", coremark_per_mhz=3.34, lanes=1),
            Core(name="cortex-m4", coremark_per_mhz=3.42, lanes=2),
            Core(name="cortex-m33", coremark_per_mhz=4.02, lanes=2),
            Core(name="cortex-m7", coremark_per_mhz=5.01, lanes=2),
            Core(name="cortex-m55", coremark_per_mhz=4.20, lanes=8),
            Core(name="cortex-m85", coremark_per_mhz=6.28, lanes=8),
        )
    }
)
"""Every core that the projection knows, by name."""


def core_name(text: str) -> str:
    """Return a core's name as the table has it: of ``Cortex-M4`` or ``cortex-m4f``."""
    name = text.strip().lower().replace(" ", "-")
    plain = name.removesuffix("f")  # with a floating-point unit: the same integer core
    return plain if plain in CORES else name


def leaning_refusal(name: str, with_rows: frozenset[str]) -> str | None:
    """Return why a core without rows has no neighbours to lean on; None if it has."""
    core = CORES[name]
    if core.lanes > 2:
        return (
            f"no published row for a plain {name}, and what a vector unit gives "
            "differs too much from core to core; measure it on a board"
        )
    known = [CORES[one] for one in with_rows]
    speeds = [one.coremark_per_mhz for one in known]
    if not min(speeds) <= core.coremark_per_mhz <= max(speeds):
        return (
            f"no published row for {name}, and it lies outside of those that have any"
        )
    return None
