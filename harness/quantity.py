"""Quantities that a test holds against limits, and that say why they failed."""

from __future__ import annotations

from dataclasses import dataclass

from .errors import NotComparable


class QuantityUnknown(AssertionError):
    """A quantity that is not known was held against a limit."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Quantity:
    """A value with its unit and 95 % interval, or the reason why there is none.

    It compares with quantities of the same unit; one without a unit, as an accuracy,
    with plain numbers. Only its value is compared: the interval is for the reader.
    Two quantities of different ``scope``, such as energies of a rail and at the wall,
    raise NotComparable.
    """

    name: str
    value: float | None
    unit: str = ""
    interval: tuple[float, float] | None = None
    reason: str | None = None
    scope: str | None = None

    def __lt__(self, limit: object) -> bool:
        """Return whether it is below the limit."""
        __tracebackhide__ = True
        value, bound = self._beside(limit)
        return value < bound

    def __le__(self, limit: object) -> bool:
        """Return whether it is at most the limit."""
        __tracebackhide__ = True
        value, bound = self._beside(limit)
        return value <= bound

    def __gt__(self, limit: object) -> bool:
        """Return whether it is above the limit."""
        __tracebackhide__ = True
        value, bound = self._beside(limit)
        return value > bound

    def __ge__(self, limit: object) -> bool:
        """Return whether it is at least the limit."""
        __tracebackhide__ = True
        value, bound = self._beside(limit)
        return value >= bound

    def __float__(self) -> float:
        """Return the value.

        Raises:
            QuantityUnknown: there is none.
        """
        __tracebackhide__ = True
        if self.value is None:
            raise QuantityUnknown(f"{self.name} is not known: {self.reason}")
        return float(self.value)

    def __repr__(self) -> str:
        """Return the value with unit and interval, as a failing assert shows it."""
        if self.value is None:
            return f"{self.name} (not known: {self.reason})"
        unit = f" {self.unit}" if self.unit else ""
        text = f"{self.value:.4g}{unit}"
        if self.interval is not None:
            text += f" [{self.interval[0]:.4g}, {self.interval[1]:.4g}]"
        return text

    def _beside(self, limit: object) -> tuple[float, float]:
        __tracebackhide__ = True
        if isinstance(limit, Quantity):
            if limit.unit != self.unit:
                raise TypeError(
                    f"{self.name} is in {self.unit or 'plain numbers'} and cannot be "
                    f"compared with {limit!r}"
                )
            if self.scope and limit.scope and self.scope != limit.scope:
                raise NotComparable(f"scope of {self.name}", self.scope, limit.scope)
            return float(self), float(limit)
        if self.unit or isinstance(limit, bool) or not isinstance(limit, int | float):
            helper = _HELPERS.get(self.unit, "a plain number")
            raise TypeError(
                f"{self.name} cannot be compared with {limit!r}; compare it with "
                f"{helper}"
            )
        return float(self), float(limit)


_HELPERS = {
    "ms": "ms(...) or us(...)",
    "bytes": "kb(...) or mb(...)",
    "mJ": "mj(...)",
}


def ms(milliseconds: float) -> Quantity:
    """Return a limit for a latency, in milliseconds."""
    return Quantity(name="limit", value=float(milliseconds), unit="ms")


def us(microseconds: float) -> Quantity:
    """Return a limit for a latency, in microseconds."""
    return ms(microseconds / 1e3)


def kb(kilobytes: float) -> Quantity:
    """Return a limit for memory or size, in kilobytes of 1,000 bytes."""
    return Quantity(name="limit", value=float(kilobytes) * 1e3, unit="bytes")


def mb(megabytes: float) -> Quantity:
    """Return a limit for memory or size, in megabytes of 1,000,000 bytes."""
    return kb(megabytes * 1e3)


def mj(millijoules: float) -> Quantity:
    """Return a limit for the energy of one inference, in millijoules."""
    return Quantity(name="limit", value=float(millijoules), unit="mJ")
