"""What projects latency and energy for one kind of hardware, found by its name.

A projector is offered as an entry point of the group ``tierbench.projectors``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Set
from typing import ClassVar

from ...harness.figure import Figure
from ...harness.option import Option
from ...harness.values import ModelProfile, Setting

GROUP = "tierbench.projectors"


class Projector(ABC):
    """Project a model from its profile and what is set of the hardware."""

    name: ClassVar[str]
    options: ClassVar[tuple[Option, ...]]
    """What may be set; an option that is left out is not told."""

    @abstractmethod
    def problems(self, settings: Mapping[str, Setting], refused: Set[str]) -> list[str]:
        """Return why what is set does not say which hardware is meant.

        Args:
            settings: what was set, each value checked by ``options``.
            refused: options that were set to what they refuse: not to be missed again.
        """

    @abstractmethod
    def figures(
        self, profile: ModelProfile, settings: Mapping[str, Setting]
    ) -> tuple[Figure, ...]:
        """Return figures of one inference for settings without `problems`."""
