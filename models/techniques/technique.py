"""What a technique is: a step that makes a network of a network, by training."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...harness.errors import ChainError
from ..learner import Learner

if TYPE_CHECKING:
    from torch import nn

    from ...harness.chain import Step

    Apply = Callable[[nn.Module, Any, Learner, Mapping[str, Any]], nn.Module]

_TOOLS = ("numpy", "torch")
_OPTIONS = {"seed": (0, 2**32 - 1), "epochs": (1, 1000)}
"""What every technique may be given, with the least and the largest value."""

SHARE = "a number above 0 and below 1, such as 0.5"
"""What ``share`` reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Technique:
    """A way to train a network further, or another one in its place.

    ``apply(net, value, learner, settings)`` changes the folded network ``net`` or makes
    a new one, and returns one that is folded; it runs in a process of its own.
    ``value`` reads what stands in the step's brackets and raises ValueError, which says
    what would be valid, and ``takes`` tells it in words; both None where nothing may
    stand there.

    ``is_anew``: trained from nothing, with the settings for that. ``is_calibrated``: it
    sees the calibration samples. ``has_recipe``: the value names the recipe that is
    applied to the result. ``has_width``: the value is the new network's width.
    ``own`` returns settings of its own for a model, beside the training's or in their
    place; ``refusal`` why it does not apply to a model, or None.
    """

    name: str
    summary: str
    apply: Apply
    value: Callable[[str], Any] | None = None
    takes: str | None = None
    tools: tuple[str, ...] = _TOOLS
    is_anew: bool = False
    is_calibrated: bool = False
    has_recipe: bool = False
    has_width: bool = False
    own: Callable[[Learner], Mapping[str, Any]] | None = None
    refusal: Callable[[Learner], str | None] | None = None

    def given(self, step: Step) -> Any:
        """Return what stands in the brackets of a step, read.

        Raises:
            ChainError: it is not valid, or an option is unknown or not valid.
        """
        if step.value is None or self.value is None:
            if step.value is None and self.value is None:
                return None
            valid = f"{self.name}(...)" if self.value else self.name
            raise ChainError(f"step {str(step)!r}; write {valid!r}: {self.summary}")
        try:
            return self.value(step.value)
        except ValueError as exc:
            raise ChainError(f"step {str(step)!r}: {step.value!r} {exc}") from exc

    def check(self, step: Step, learner: Learner) -> None:
        """Check a step before any time is spent.

        Raises:
            ChainError: it does not apply to the model, or ``given`` or ``settings``
                raises it.
        """
        self.given(step)
        self.settings(step, learner)
        if self.refusal and (why := self.refusal(learner)):
            raise ChainError(f"step {str(step)!r}: {why}")

    def settings(self, step: Step, learner: Learner) -> dict[str, Any]:
        """Return the settings of a step's training.

        Raises:
            ChainError: an option is unknown or not valid.
        """
        training = learner.settings if self.is_anew else learner.tuning
        found = {**training, **(self.own(learner) if self.own else {})}
        for key, text in step.options.items():
            least, most = _OPTIONS.get(key, (0, -1))
            if not text.isdigit() or not least <= int(text) <= most:
                valid = "; ".join(
                    f"{name} from {low} to {high}"
                    for name, (low, high) in _OPTIONS.items()
                )
                raise ChainError(
                    f"step {str(step)!r}: option {f'{key}={text}'!r}; valid: {valid}"
                )
            found[key] = int(text)
        return found


def share(text: str) -> float:
    """Read a share above 0 and below 1.

    Raises:
        ValueError: it is none.
    """
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 0.0 < found < 1.0:
        raise ValueError(f"must be {SHARE}")
    return found
