"""The shape of a network: its widths, depths and kernels, as numbers."""

from __future__ import annotations

from dataclasses import astuple, dataclass, replace
from typing import ClassVar, Self

from ..harness.errors import InputError

_STEP = 8
"""Widths are multiples of it: kernels work on eight channels at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What a network is built from; its defaults are the reference network's."""

    WIDTHS: ClassVar[tuple[str, ...]] = ()
    """The fields that hold a width."""

    @property
    def label(self) -> str:
        """Return a short name: the fields' values in their order."""
        return "-".join(map(str, astuple(self)))

    def widened(self, width: float) -> Self:
        """Return the shape with all widths scaled, each to a multiple of 8.

        A factor of 1 leaves all as it is.

        Raises:
            InputError: the factor is not above 0, or above 8.
        """
        if not 0 < width <= 8:
            raise InputError(f"width {width!r}: must be above 0 and at most 8")
        if width == 1:
            return self
        return replace(self, **{name: self._wide(name, width) for name in self.WIDTHS})

    def _wide(self, name: str, width: float) -> int:
        scaled: float = getattr(self, name) * width
        return max(_STEP, _STEP * int(scaled / _STEP + 0.5))
