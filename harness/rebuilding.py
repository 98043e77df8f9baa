"""Build a variant again from its lineage alone, and tell whether it is the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import registry
from .building import Telling, Wanted, build_all
from .errors import InputError, NotFound
from .hashing import file_sha256
from .lineage import Recorded, name_of, parent
from .model import BuiltVariant, Data, ReferenceModel

_CAUSES = ("tools", "code_sha256", "settings", "parameters", "data_sha256")
_HASHES = ("calibration_sha256", "weights_sha256")


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A variant that was built again beside the one that its lineage tells of.

    ``first_difference`` names the first step whose result is another one; ``changed``
    tells what was otherwise this time: versions, code, settings, data. ``outputs`` is
    how much the files' outputs differ, None where they are the same or the file that
    the lineage tells of is not at hand.
    """

    built: BuiltVariant
    sha256: str
    first_difference: str | None
    changed: tuple[str, ...]
    outputs: Mapping[str, float] | None

    @property
    def is_identical(self) -> bool:
        """Return whether both files are equal byte for byte."""
        return self.first_difference is None


class _Again:
    """A model that builds one variant, with the settings that were recorded."""

    name: str
    task: str
    formats: tuple[str, ...]
    variants: tuple[str, ...]
    chains: tuple[str, ...] = ()
    evaluation_sha256: str

    def __init__(self, model: ReferenceModel, recorded: Recorded) -> None:
        self.model, self.recorded = model, recorded
        self.name, self.task = model.name, model.task
        self.formats, self.variants = (recorded.format,), (recorded.variant,)
        self.evaluation_sha256 = model.evaluation_sha256

    def check(self, variant: str) -> None:
        self.model.check(variant)

    def build(self, variant: str, format: str, cache: Path) -> BuiltVariant:
        if self.recorded.settings:
            again: Any = self.model
            built: BuiltVariant = again.rebuild(
                self.recorded.settings, variant, format, cache
            )
            return built
        return self.model.build(variant, format, cache)

    def evaluation(self) -> Data:
        return self.model.evaluation()


def find_model(recorded: Recorded) -> ReferenceModel:
    """Return the model that a lineage begins with.

    Raises:
        InputError: the lineage begins with a file, which it does not hold.
        NotFound: no such model is installed.
    """
    first = recorded.lineage[0]
    if first["step"] == "file":
        raise InputError(
            f"the lineage of {recorded.variant!r} begins with the file "
            f"{first.get('name')!r} of somebody's own, which it does not hold; build "
            "it from that file with `tierbench models build FILE --variant "
            f"{recorded.variant!r}`, with the same calibration samples"
        )
    known = registry.names(registry.MODELS)
    if recorded.model not in known:
        raise NotFound("model among those installed", recorded.model, known)
    model: ReferenceModel = registry.find(registry.MODELS, recorded.model)
    if recorded.settings and not hasattr(model, "rebuild"):
        raise InputError(
            f"model {recorded.model!r} cannot be trained with recorded settings; its "
            "package must offer 'rebuild'"
        )
    return model


def rebuild(
    recorded: Recorded, beside: Path, cache: Path, telling: Telling
) -> Comparison:
    """Build a variant again and compare it.

    Args:
        recorded: what its lineage tells.
        beside: where the file lies that the lineage tells of, if it is there at all.
        cache: an empty folder.
        telling: who is told how it gets on.

    Raises:
        InputError: it cannot be built, or the file beside is another one.
    """
    model = find_model(recorded)
    if beside.is_file() and file_sha256(beside) != recorded.sha256:
        raise InputError(
            f"file {str(beside)!r} is not the one that the lineage tells of: its "
            f"sha256 is not {recorded.sha256!r}; move it away, or give its own lineage"
        )
    item = Wanted(
        model=recorded.model, variant=recorded.variant, format=recorded.format
    )
    again = _Again(model, recorded)
    again.check(recorded.variant)
    (outcome,) = build_all({recorded.model: again}, [item], cache, telling)
    built = outcome.built
    assert built is not None
    sha256 = file_sha256(built.path)
    first = first_difference(recorded, built.lineage, sha256)
    outputs = None
    if first and beside.is_file() and hasattr(model, "difference"):
        outputs = model.difference(built.path, beside)
    return Comparison(
        built=built,
        sha256=sha256,
        first_difference=first,
        changed=tuple(changes(recorded.lineage, built.lineage)),
        outputs=outputs,
    )


def first_difference(
    recorded: Recorded, lineage: Sequence[Mapping[str, Any]], sha256: str
) -> str | None:
    """Return the first step whose result is another one, None where all are equal."""
    before = [*map(parent, recorded.lineage[1:]), recorded.sha256]
    after = [*map(parent, lineage[1:]), sha256]
    for number, (step, old, new) in enumerate(
        zip(recorded.lineage, before, after, strict=False)
    ):
        if old != new:
            return f"step {number + 1} of {len(recorded.lineage)}, {name_of(step)}"
    return None if len(before) == len(after) else "the number of steps"


def changes(
    before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]
) -> Iterator[str]:
    """Yield what was otherwise, step by step: versions, code, settings and data."""
    for old, new in zip(before, after, strict=False):
        for key in _CAUSES + _HASHES:
            if old.get(key) != new.get(key):
                yield from _told(name_of(new), key, old.get(key), new.get(key))


def _told(step: str, key: str, old: Any, new: Any) -> Iterator[str]:
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        yield f"{step}: {key} was {_short(old)}, is {_short(new)}"
        return
    for name in sorted({*old, *new}):
        if old.get(name) != new.get(name):
            yield (
                f"{step}: {key} {name} was {_short(old.get(name))}, "
                f"is {_short(new.get(name))}"
            )


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 40 else f"{text[:12]}..."
