"""How a number was obtained."""

from __future__ import annotations

from enum import StrEnum


class Evidence(StrEnum):
    """How a number was obtained."""

    MEASURED = "MEASURED"
    EMULATED = "EMULATED"
    PROJECTED = "PROJECTED"
    PUBLISHED = "PUBLISHED"
    SIMULATED = "SIMULATED"
    """Drawn from a random process for tests and examples: of no device at all."""
