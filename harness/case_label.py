"""What people call a case: the same for equal cases of two runs."""

from __future__ import annotations

from collections.abc import Mapping


def case_label(
    model: str,
    variant: str,
    target: str,
    chosen: Mapping[str, object],
    scenario: str,
    batch: int,
) -> str:
    """Return a case's short name, from the options that its sweep set."""
    return f"{model}/{variant} {place(target, chosen)} {scenario} batch {batch}"


def place(target: str, chosen: Mapping[str, object]) -> str:
    """Return a target with the options that its sweep set."""
    options = ", ".join(f"{key}={chosen[key]}" for key in sorted(chosen))
    return f"{target}[{options}]" if options else target
