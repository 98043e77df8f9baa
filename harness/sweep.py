"""Sweep files: TOML in, a frozen ``Sweep`` out, or every mistake at once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from . import registry
from .chain import normal
from .errors import Mistake, SweepError
from .profiles import SMOKE
from .scenarios import Load, load_of
from .sweep_checks import (
    as_list,
    name_mistakes,
    settings,
    target_mistakes,
    workload_mistakes,
)
from .sweep_data import data_mistakes, is_data_path
from .sweep_meters import (
    MeterRequest,
    meter_mistakes,
    meter_requests,
    plain_meters,
)
from .sweep_models import model_mistakes, model_name
from .sweep_schema import type_mistakes
from .toml_lines import Location, line_index, line_of
from .values import Scenario, Setting
from .worker import Limits

SIZE_BYTES_MAX = 1 << 20
_FILE = "file"
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_PLACE = re.compile(r" \(at line (\d+), column \d+\)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRequest:
    """A model to measure: a reference model (``use``) or a file (``path``).

    ``variants`` are those of a reference model, or recipes to apply to a file; none to
    measure the file as it is. Data are a reference data set (``data_use``), a .npz
    file or a folder of images (``data_path``), or neither where not named, and so are
    ``calibration`` samples. ``metric`` is None for what the labels' type says.
    ``image_mean`` and ``image_std`` are empty, or one number, or one a channel.
    """

    name: str
    use: str | None
    path: Path | None
    variants: tuple[str, ...]
    data_use: str | None
    data_path: Path | None
    metric: str | None = None
    calibration: Path | None = None
    image_mean: tuple[float, ...] = ()
    image_std: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetRequest:
    """A target with every combination of the option values that were named."""

    use: str
    python: str | None
    settings: tuple[Mapping[str, Setting], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraints:
    """What a variant must fulfil to be chosen; None where nothing is asked."""

    accuracy_min: float | None = None
    error_max: float | None = None
    latency_p90_ms_max: float | None = None
    energy_mj_max: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """What to measure: each variant on each target's settings, scenario and batch.

    ``soak_s`` is None where the profile says how long finalists are soaked.
    """

    name: str
    profile: str
    models: tuple[ModelRequest, ...]
    targets: tuple[TargetRequest, ...]
    scenarios: tuple[Scenario, ...]
    batches: tuple[int, ...]
    seed: int
    load: Load
    limits: Limits
    constraints: Constraints | None
    cost: Mapping[str, Any] | None
    meters: tuple[MeterRequest, ...] = ()
    source: str
    folder: Path = field(repr=False)
    text: str = field(repr=False)
    soak_s: float | None = None

    @property
    def plain(self) -> dict[str, Any]:
        """Return the content as JSON values, paths from the sweep file's folder."""
        return {
            "name": self.name,
            "profile": self.profile,
            "models": [
                {
                    **asdict(model),
                    "path": _from(self.folder, model.path),
                    "data_path": _from(self.folder, model.data_path),
                    "calibration": _from(self.folder, model.calibration),
                    "variants": list(model.variants),
                    "image_mean": list(model.image_mean),
                    "image_std": list(model.image_std),
                }
                for model in self.models
            ],
            "targets": [
                {
                    "use": target.use,
                    "python": _from(self.folder, target.python),
                    "settings": [dict(setting) for setting in target.settings],
                }
                for target in self.targets
            ],
            "scenarios": [scenario.value for scenario in self.scenarios],
            "batches": list(self.batches),
            "seed": self.seed,
            **self.load.plain,
            "soak_s": self.soak_s,
            "limits": asdict(self.limits),
            "constraints": None if not self.constraints else asdict(self.constraints),
            "cost": None if self.cost is None else dict(self.cost),
            **plain_meters(self.meters, self.folder),
        }


def load_sweep(path: Path) -> Sweep:
    """Return the sweep that a file describes.

    Raises:
        SweepError: the file cannot be read, or all that is wrong in it.
        InfrastructureError: a plug-in that it names fails when imported.
    """
    source = str(path)
    try:
        if not path.is_file():
            kind = "is not a regular file" if path.exists() else "does not exist"
            raise _whole(source, f"{kind}; name a .toml file")
        with path.open("rb") as stream:
            content = stream.read(SIZE_BYTES_MAX + 1)
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        byte = content[exc.start]
        raise _whole(
            source, f"is not UTF-8: byte {exc.start} is {byte:#04x}; save it as UTF-8"
        ) from exc
    except (OSError, ValueError) as exc:
        reason = getattr(exc, "strerror", None) or exc
        raise _whole(source, f"cannot be read: {reason}; check the path") from exc
    return parse_sweep(text, source, path.parent.absolute())


def parse_sweep(
    text: str,
    source: str,
    folder: Path,
    *,
    targets: Mapping[str, Any] | None = None,
    models: Mapping[str, Any] | None = None,
    recipes: Mapping[str, Any] | None = None,
) -> Sweep:
    """Return the sweep that a text describes.

    Args:
        text: TOML, at most 1 MiB.
        source: the text's name in messages.
        folder: where the paths in it begin.
        targets: subclasses of ``Target`` by name; None for all that are installed.
        models: reference models by name; None for all that are installed.
        recipes: recipes by name; None for all that are installed.

    Raises:
        SweepError: all that is wrong in the text.
        InfrastructureError: a plug-in that it names fails when imported.
    """
    content = _toml(text, source)
    return sweep_of(
        content, source, folder, text, targets=targets, models=models, recipes=recipes
    )


def sweep_of(
    content: Mapping[str, Any],
    source: str,
    folder: Path,
    text: str = "",
    *,
    targets: Mapping[str, Any] | None = None,
    models: Mapping[str, Any] | None = None,
    recipes: Mapping[str, Any] | None = None,
) -> Sweep:
    """Return the sweep that a table describes, as TOML would give it.

    The arguments are those of ``parse_sweep``; with the ``text`` that the table was
    read from, mistakes get their lines.

    Raises:
        SweepError: all that is wrong in the table.
        InfrastructureError: a plug-in that it names fails when imported.
    """
    targets = _Installed(registry.TARGETS) if targets is None else targets
    models = _Installed(registry.MODELS) if models is None else models
    recipes = _Installed(registry.RECIPES) if recipes is None else recipes
    found = [
        *type_mistakes(content),
        *name_mistakes(content),
        *model_mistakes(content, folder, models, recipes),
        *data_mistakes(content, folder, models),
        *target_mistakes(content, folder, targets),
        *meter_mistakes(content, _Installed(registry.METERS)),
        *workload_mistakes(content),
    ]
    if found:
        raise SweepError(source, _placed(found, text))
    workload = content.get("workload", {})
    constraints = content.get("constraints")
    return Sweep(
        name=content["name"],
        profile=content.get("profile", SMOKE.name),
        models=tuple(_model(table, folder, models) for table in content["model"]),
        targets=tuple(_target(table, folder, targets) for table in content["target"]),
        scenarios=tuple(
            Scenario(name)
            for name in as_list(workload.get("scenario", Scenario.SINGLE_STREAM.value))
        ),
        batches=tuple(as_list(workload.get("batch", 1))),
        seed=workload.get("seed", 0),
        load=load_of(workload),
        limits=_limits(content.get("limits", {})),
        constraints=None if constraints is None else Constraints(**constraints),
        cost=content.get("cost"),
        meters=meter_requests(content, folder, _Installed(registry.METERS)),
        source=source,
        folder=folder,
        text=text,
        soak_s=workload.get("soak_s"),
    )


class _Installed(Mapping[str, Any]):
    """The objects of an entry point group, imported when asked for."""

    def __init__(self, group: str) -> None:
        self._group = group

    def __getitem__(self, name: str) -> Any:
        if name not in registry.names(self._group):
            raise KeyError(name)
        return registry.find(self._group, name)

    def __contains__(self, name: object) -> bool:
        return name in registry.names(self._group)

    def __iter__(self) -> Iterator[str]:
        return iter(registry.names(self._group))

    def __len__(self) -> int:
        return len(registry.names(self._group))


def _toml(text: str, source: str) -> dict[str, Any]:
    if len(text) > SIZE_BYTES_MAX:
        raise _whole(source, f"is larger than {SIZE_BYTES_MAX} bytes; split it")
    try:
        content = tomllib.loads(text)
    except RecursionError as exc:
        raise _whole(
            source, "is nested too deeply; a sweep file has two levels"
        ) from exc
    except ValueError as exc:  # also of integers with thousands of digits
        problem = " ".join(str(exc).split())
        place = _PLACE.search(problem)
        line = int(place[1]) if place else None
        problem = f"is not TOML: {problem[:300]}; correct it there"
        raise SweepError(
            source, [Mistake(where=_FILE, problem=problem, line=line)]
        ) from exc
    if not content:
        raise _whole(source, "is empty; it needs a name, a [[model]] and a [[target]]")
    wide = [place for place, value in _leaves(content) if _is_wide(value)]
    if wide:
        problem = "must be an integer of 64 bits at most"
        raise SweepError(source, _placed([(place, problem) for place in wide], text))
    return content


def _leaves(content: Any) -> Iterator[tuple[Location, Any]]:
    waiting: list[tuple[Location, Any]] = [((), content)]
    while waiting:
        place, value = waiting.pop()
        if isinstance(value, dict):
            waiting += [((*place, key), item) for key, item in value.items()]
        elif isinstance(value, list):
            waiting += [((*place, i), item) for i, item in enumerate(value)]
        else:
            yield place, value


def _is_wide(value: Any) -> bool:
    return isinstance(value, int) and value.bit_length() > 63


def _placed(found: list[tuple[Location, str]], text: str) -> list[Mistake]:
    """Return mistakes with their lines, in the file's order."""
    index = line_index(text)
    mistakes = [
        Mistake(where=_where(place), problem=problem, line=line_of(place, index))
        for place, problem in found
    ]
    return sorted(mistakes, key=lambda mistake: mistake.line or 0)


def _where(place: Location) -> str:
    parts = (
        f"[{part}]"
        if isinstance(part, int)
        else f".{part if _BARE_KEY.fullmatch(part) else repr(part[:100])}"
        for part in place
    )
    return "".join(parts).removeprefix(".") or _FILE


def _whole(source: str, problem: str) -> SweepError:
    return SweepError(source, [Mistake(where=_FILE, problem=problem)])


def _model(
    table: Mapping[str, Any], folder: Path, models: Mapping[str, Any]
) -> ModelRequest:
    use, data = table.get("use"), table.get("data")
    known = () if use is None else models[use].variants
    data_path = data if data is not None and is_data_path(data, folder) else None
    return ModelRequest(
        name=model_name(table),
        use=use,
        path=folder / table["path"] if "path" in table else None,
        variants=tuple(map(normal, as_list(table.get("variants")))) or tuple(known),
        data_use=None if data_path else data,
        data_path=folder / data_path if data_path else None,
        metric=table.get("metric"),
        calibration=folder / table["calibration"] if "calibration" in table else None,
        image_mean=_numbers(table.get("image_mean")),
        image_std=_numbers(table.get("image_std")),
    )


def _numbers(value: Any) -> tuple[float, ...]:
    return tuple(float(number) for number in as_list(value))


def _target(
    table: Mapping[str, Any], folder: Path, targets: Mapping[str, Any]
) -> TargetRequest:
    options = {option.name: option for option in targets[table["use"]].options}
    return TargetRequest(
        use=table["use"],
        # Not resolved: a virtual environment's interpreter is a link that must stay.
        python=str(folder / table["python"]) if "python" in table else None,
        settings=settings(table, options),
    )


LIMITS_S = ("open_s", "build_s", "call_s")


def _limits(table: Mapping[str, Any]) -> Limits:
    times = {key: float(table[key]) for key in LIMITS_S if key in table}
    memory_mb = table.get("memory_mb")
    memory_bytes = None if memory_mb is None else memory_mb * 1_000_000
    return Limits(memory_bytes=memory_bytes, **times)


def _from(folder: Path, path: Path | str | None) -> str | None:
    """Return a path as the sweep file wrote it."""
    if path is None:
        return None
    path = Path(path)
    return str(path.relative_to(folder) if path.is_relative_to(folder) else path)
