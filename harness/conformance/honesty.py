"""Precision honesty: a target tells what ran, and nothing falls back silently."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..target import Tier
from ..worker import Worker
from .precision import precisions
from .subject import Note, Subject

FALLBACK = "cpu_fallback"
"""The option by which a person lets operators run on the CPU."""

ACCELERATED = (Tier.ACCELERATOR, Tier.SERVER)


class HonestyChecks(Subject):
    """What ``ran`` says, and that it does not contradict itself."""

    def test_tells_what_ran(self, worker: Worker, note: Note) -> None:
        """What really ran names its provider; the first call took its time."""
        bound = worker.bind(self._inputs(worker))
        note(**{key: bound.ran.get(key) for key in ("provider", "precision")})
        assert bound.first_call_ns > 0
        assert bound.ran.get("provider"), "ran names no provider"

    def test_tells_its_precision(self, worker: Worker, note: Note) -> None:
        """The precision that ran is one that is known, or there is a reason."""
        ran = worker.bind(self._inputs(worker)).ran
        told = ran.get("precision")
        note(precision=told, reason=ran.get("precision_reason"))
        if told is None:
            assert ran.get("precision_reason"), (
                "ran has no precision, and no precision_reason"
            )
            return
        try:
            precisions(told)
        except ValueError as exc:
            raise AssertionError(f"ran: {exc}") from exc

    def test_nothing_falls_back_silently(self, worker: Worker, note: Note) -> None:
        """An accelerator runs all of the model, unless a person let the CPU help."""
        ran = worker.bind(self._inputs(worker)).ran
        share = ran.get("accelerated_share")
        note(accelerated_share=share, provider=ran.get("provider"))
        accelerated = self.target.tier in ACCELERATED
        if share is None:
            assert not accelerated or ran.get("accelerated_share_reason"), (
                "ran has no accelerated_share, and no accelerated_share_reason: "
                "nobody knows what the accelerator did"
            )
            return
        refuse_dishonest_share(ran, accelerated, self._lets_the_cpu_help())

    def _lets_the_cpu_help(self) -> bool:
        return bool(self._target().settings.get(FALLBACK, False))


def refuse_dishonest_share(
    ran: Mapping[str, Any], accelerated: bool, cpu_helps: bool
) -> None:
    """Refuse a share that cannot be, or that nobody asked for.

    Raises:
        AssertionError: it is out of range, below 1 without the option, or claimed by
            what has no accelerator.
    """
    share, provider = ran["accelerated_share"], str(ran.get("provider"))
    number = isinstance(share, (int, float)) and not isinstance(share, bool)
    assert number, f"accelerated_share {share!r} is no number"
    assert 0 <= share <= 1, f"accelerated_share {share!r} is not between 0 and 1"
    assert accelerated or share == 0, (
        f"accelerated_share {share!r} on a tier without an accelerator"
    )
    assert share == 0 or "cpu" not in provider.lower(), (
        f"accelerated_share {share!r} by the provider {provider!r}"
    )
    assert not accelerated or share == 1 or cpu_helps, (
        f"accelerated_share {share!r}: part of the model ran elsewhere, and the "
        f"option {FALLBACK!r} did not ask for it"
    )
