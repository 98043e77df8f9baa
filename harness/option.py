"""What a sweep file may set of a target or a meter."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from .values import Setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option of a target that a sweep may set or sweep over, or of a meter."""

    name: str
    kind: type[int] | type[float] | type[str] | type[bool]
    default: Setting
    help: str
    choices: tuple[Setting, ...] = ()
    minimum: float | None = None
    maximum: float | None = None

    def problem(self, value: object) -> str | None:
        """Return what is wrong with a value and what would be valid, or None."""
        allowed: tuple[type, ...] = (int, float) if self.kind is float else (self.kind,)
        is_bool = isinstance(value, bool)
        if isinstance(value, float) and not isfinite(value):
            return f"must be a finite {self.kind.__name__}, not {value!r}"
        if not isinstance(value, allowed) or (is_bool and self.kind is not bool):
            return f"must be {self.kind.__name__}, not {value!r}"
        if self.choices and value not in self.choices:
            listed = ", ".join(repr(choice) for choice in self.choices)
            return f"must be one of {listed}, not {value!r}"
        if isinstance(value, (int, float)) and not is_bool:
            if self.minimum is not None and value < self.minimum:
                return f"must be at least {self.minimum:g}, not {value!r}"
            if self.maximum is not None and value > self.maximum:
                return f"must be at most {self.maximum:g}, not {value!r}"
        return None
