"""The names of variants: steps that are taken one after the other.

``distil(0.5) > prune(0.5) > qat(int8)`` names three steps. A step is a name, and in
brackets at most one value and any options: ``qat(int4, seed=2)``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from .errors import ChainError

_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
_STEP = re.compile(r"([^()]*)(?:\(([^()]*)\))?")
_WORD = re.compile(r"[A-Za-z0-9_.-]+")
_LONGEST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step: a recipe's or a technique's name and what it is given."""

    name: str
    value: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return the step as it is written in a chain."""
        given = [] if self.value is None else [self.value]
        given += [f"{key}={value}" for key, value in sorted(self.options.items())]
        return f"{self.name}({', '.join(given)})" if given else self.name

    def without(self, *options: str) -> Step:
        """Return the step without some of its options."""
        kept = {k: v for k, v in self.options.items() if k not in options}
        return replace(self, options=kept)


def parse_chain(text: str) -> tuple[Step, ...]:
    """Return the steps that a variant's name consists of.

    Raises:
        ChainError: it is no chain.
    """
    if len(text) > _LONGEST:
        raise ChainError(
            f"a name of {len(text)} characters, {text[:40]!r}...; "
            f"at most {_LONGEST} are valid"
        )
    return tuple(_step(part.strip(), text) for part in text.split(">"))


def chain_text(steps: tuple[Step, ...]) -> str:
    """Return the name that consists of these steps: its one normal form."""
    return " > ".join(map(str, steps))


def normal(name: str) -> str:
    """Return a variant's name in its normal form, or as it is where it is no chain."""
    try:
        return chain_text(parse_chain(name))
    except ChainError:
        return name


def _step(text: str, chain: str) -> Step:
    found = _STEP.fullmatch(text)
    name = found[1].strip() if found else ""
    if not found or not _NAME.fullmatch(name):
        raise _wrong(text, chain)
    value, options = None, dict[str, str]()
    for argument in [] if found[2] is None else found[2].split(","):
        key, equals, word = (part.strip() for part in argument.rpartition("="))
        is_new = key not in options if equals else value is None and not options
        if not is_new or not _WORD.fullmatch(word) or (equals and not _is_name(key)):
            raise _wrong(text, chain)
        if equals:
            options[key] = word
        else:
            value = word
    return Step(name=name, value=value, options=options)


def _is_name(text: str) -> bool:
    return _NAME.fullmatch(text) is not None


def _wrong(step: str, chain: str) -> ChainError:
    return ChainError(
        f"step {step!r} of {chain!r}; valid is a name such as 'int8', or with a value "
        "and options 'prune(0.5, seed=1)', and ' > ' between steps"
    )
