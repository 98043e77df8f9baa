"""Whether a case fulfils what a sweep file demands of a variant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .accuracy import LOWER_IS_BETTER
from .findings import Findings
from .quantity import Quantity
from .sweep import Constraints


def broken(row: Mapping[str, Any], constraints: Constraints) -> list[str]:
    """Return a sentence for each constraint that a row of results does not fulfil.

    What is not known does not fulfil a limit on it.
    """
    found = Findings(row)
    limits = (
        ("latency_p90_ms_max", constraints.latency_p90_ms_max, found.latency.p90, 1),
        ("energy_mj_max", constraints.energy_mj_max, found.energy.gross, 1),
    )
    problems = [
        _problem(name, limit, quantity, sign) for name, limit, quantity, sign in limits
    ]
    problems += _of_accuracy(found.accuracy, constraints)
    return [problem for problem in problems if problem]


def _of_accuracy(found: Quantity, constraints: Constraints) -> Iterator[str | None]:
    """Yield what is wrong with the accuracy; its metric says which limit is for it."""
    least, most = constraints.accuracy_min, constraints.error_max
    if found.value is None:
        yield _problem("accuracy_min", least, found, -1)
        yield _problem("error_max", most, found, 1)
    elif found.name in LOWER_IS_BETTER:
        yield _problem("error_max", most, found, 1)
        if most is None and least is not None:
            yield (
                f"accuracy_min = {least:g} is not shown to hold: {found.name} is an "
                "error, which error_max limits"
            )
    else:
        yield _problem("accuracy_min", least, found, -1)
        if least is None and most is not None:
            yield (
                f"error_max = {most:g} is not shown to hold: {found.name} is no error; "
                "accuracy_min limits it"
            )


def _problem(name: str, limit: float | None, found: Quantity, sign: int) -> str | None:
    if limit is None:
        return None
    if found.value is None:
        return f"{name} = {limit:g} is not shown to hold: {found!r}"
    if sign * found.value > sign * limit:
        return f"{name} = {limit:g} does not hold: {found.name} is {found!r}"
    return None
