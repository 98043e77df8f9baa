"""What a variant is to be compared with, so that one step's own effect shows."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .chain import Step, chain_text, parse_chain
from .errors import ChainError

SOURCE = "fp32"
"""The variant that all chains begin with, and that no chain names."""

TRAINED = frozenset({"qat", "prune", "distil", "student", "finetune"})
"""Steps that train, so that another seed gives another file."""

SEED = "seed"
EPOCHS = "epochs"


class Kind(StrEnum):
    """What a control leaves out."""

    PARENT = "parent"
    """The step: the same chain without its last."""
    POST_TRAINING = "post-training"
    """The training: the same width without it."""
    EQUAL_EPOCHS = "equal epochs"
    """The technique: as many epochs of training without it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """A variant by its name less seeds; ``kind`` says what it leaves out.

    ``is_alike`` is set where it costs the same to run, so that accuracy alone decides.
    """

    name: str
    kind: Kind
    is_alike: bool


def read_steps(name: str) -> tuple[Step, ...] | None:
    """Return a variant's steps after its source; None for a name that is no chain."""
    try:
        steps = parse_chain(name)
    except ChainError:
        return None
    return steps[1:] if steps[0] == Step(name=SOURCE) else steps


def family(steps: tuple[Step, ...]) -> str:
    """Return the name that variants have in common which differ by seeds only."""
    return chain_text(tuple(step.without(SEED) for step in steps)) or SOURCE


def seed_of(steps: tuple[Step, ...]) -> str:
    """Return the seed of the last step that names one, else an empty text."""
    seeds = [step.options[SEED] for step in steps if SEED in step.options]
    return seeds[-1] if seeds else ""


def is_trained(steps: tuple[Step, ...]) -> bool:
    """Return whether any of the steps trains."""
    return any(step.name in TRAINED for step in steps)


def controls(steps: tuple[Step, ...]) -> tuple[Control, ...]:
    """Return what a variant's last step is to be compared with; nothing for fp32."""
    if not steps:
        return ()
    *before, last = (step.without(SEED) for step in steps)
    epochs = {k: v for k, v in last.options.items() if k == EPOCHS}
    finetune = Step(name="finetune", options=epochs)

    def control(kind: Kind, *instead: Step, alike: bool = False) -> Control:
        name = family((*before, *instead))
        return Control(name=name, kind=kind, is_alike=alike)

    if last.name == "qat" and last.value is not None:
        width = Step(name=last.value)
        return (
            control(Kind.POST_TRAINING, width, alike=True),
            control(Kind.EQUAL_EPOCHS, finetune, width, alike=True),
        )
    if last.name == "distil":
        student = Step(name="student", value=last.value, options=epochs)
        return (
            control(Kind.PARENT),
            control(Kind.EQUAL_EPOCHS, student, alike=True),
        )
    if last.name == "prune":
        return control(Kind.PARENT), control(Kind.EQUAL_EPOCHS, finetune)
    return (control(Kind.PARENT),)
