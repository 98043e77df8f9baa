"""Operators that an accelerator does not take: refused, unless they are asked for."""

from __future__ import annotations

from ..harness.option import Option

CPU_FALLBACK = Option(
    name="cpu_fallback",
    kind=bool,
    default=False,
    help="let operators that the accelerator does not take run on the CPU",
)
"""The option of every target on which a runtime would fall back silently."""
