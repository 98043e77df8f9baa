"""The tables and types of a sweep file; pydantic checks them and stays in here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from .toml_lines import Location

BATCH_MAX = 4096
STREAMS_MAX = 1024
SOAK_MIN_S = 180
SOAK_MAX_S = 7 * 24 * 3600
SOAK_VALID = f"a number of seconds from {SOAK_MIN_S} to {SOAK_MAX_S}, or 0 for none"
NAME_LENGTH_MAX = 100
SHOWN_LENGTH_MAX = 80


def _listed(value: object) -> object:
    return value if isinstance(value, list) else [value]


Text = Annotated[str, Field(max_length=4096)]
Texts = Annotated[list[Text], BeforeValidator(_listed), Field(min_length=1)]
Batch = Annotated[int, Field(ge=1, le=BATCH_MAX)]
Batches = Annotated[list[Batch], BeforeValidator(_listed), Field(min_length=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
CHANNELS_MAX = 3
Means = Annotated[
    list[Finite],
    BeforeValidator(_listed),
    Field(min_length=1, max_length=CHANNELS_MAX),
]
Deviations = Annotated[
    list[Positive],
    BeforeValidator(_listed),
    Field(min_length=1, max_length=CHANNELS_MAX),
]


def _is(description: str) -> Any:
    """Return a key that may be left out, with what it must be."""
    return Field(default=None, description=description)


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Model(_Table):
    use: Text = _is("the name of a reference model")
    path: Text = _is("the path of a model file")
    name: Text = _is("text")
    variants: Texts = _is("a variant's name or a list of such")
    data: Text = _is(
        "the name of a reference data set, or the path of a .npz file or of a folder "
        "of images"
    )
    metric: Text = _is("the name of a metric")
    calibration: Text = _is("the path of a .npz file or of a folder of images")
    image_mean: Means = _is("a finite number or a list of 1 to 3 such")
    image_std: Deviations = _is("a finite number above 0 or a list of 1 to 3 such")


class _Target(_Table):
    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    use: Text = Field(description="the name of a target")
    python: Text = _is("the path of a Python interpreter")


class _Meter(_Table):
    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    use: Text = Field(description="the name of a meter")
    python: Text = _is("the path of a Python interpreter")
    target: Texts = _is("a target's name or a list of such")


class _Workload(_Table):
    scenario: Texts = _is("a scenario's name or a list of such")
    batch: Batches = _is(f"a whole number from 1 to {BATCH_MAX} or a list of such")
    seed: Annotated[int, Field(ge=0)] = _is("a whole number, 0 or more")
    samples_per_query: Batch = _is(f"a whole number from 1 to {BATCH_MAX}")
    server_p99_ms: Positive = _is("a finite number of milliseconds above 0")
    frame_rate_fps: Positive = _is("a finite number of frames a second above 0")
    frame_deadline_ms: Positive = _is("a finite number of milliseconds above 0")
    streams_max: Annotated[int, Field(ge=1, le=STREAMS_MAX)] = _is(
        f"a whole number from 1 to {STREAMS_MAX}"
    )
    soak_s: Annotated[float, Field(ge=0, le=SOAK_MAX_S, allow_inf_nan=False)] = _is(
        SOAK_VALID
    )


class _Limits(_Table):
    memory_mb: Annotated[int, Field(ge=1, le=1 << 30)] = _is(
        "a whole number of megabytes, 1 or more"
    )
    open_s: Positive = _is("a finite number of seconds above 0")
    build_s: Positive = _is("a finite number of seconds above 0")
    call_s: Positive = _is("a finite number of seconds above 0")


class _Constraints(_Table):
    accuracy_min: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] = _is(
        "a number above 0 and at most 1"
    )
    error_max: Positive = _is("a finite number above 0, in the labels' unit")
    latency_p90_ms_max: Positive = _is("a finite number of milliseconds above 0")
    energy_mj_max: Positive = _is("a finite number of millijoules above 0")


class _Cost(_Table):
    units: Annotated[int, Field(ge=1)] = _is("a whole number of devices, 1 or more")
    years: Positive = _is("a finite number of years above 0")
    electricity_per_kwh: Positive = _is("a finite price above 0")
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = _is(
        "three capital letters such as 'EUR'"
    )


class _Sweep(_Table):
    name: Text = Field(description="text")
    profile: Text = _is("the name of a profile")
    model: Annotated[list[_Model], Field(min_length=1)] = Field(
        description="one or more [[model]] tables"
    )
    target: Annotated[list[_Target], Field(min_length=1)] = Field(
        description="one or more [[target]] tables"
    )
    meter: list[_Meter] = _is("[[meter]] tables")
    workload: _Workload = _is("a [workload] table")
    limits: _Limits = _is("a [limits] table")
    constraints: _Constraints = _is("a [constraints] table")
    cost: _Cost = _is("a [cost] table")


TABLES: dict[str, type[BaseModel]] = {
    "model": _Model,
    "target": _Target,
    "meter": _Meter,
    "workload": _Workload,
    "limits": _Limits,
    "constraints": _Constraints,
    "cost": _Cost,
}
"""The tables that a sweep file may hold, by key."""


def type_mistakes(content: Mapping[str, Any]) -> Iterator[tuple[Location, str]]:
    """Yield place and problem of each key that is missing, unknown or of a wrong type.

    What names stand for is not looked up here.
    """
    try:
        _Sweep.model_validate(content)
    except ValidationError as exc:
        for error in exc.errors(include_url=False, include_context=False):
            location = tuple(error["loc"])
            yield _written(location, content), _problem(error, location)


def _problem(error: Any, location: Location) -> str:
    table, description = _expected(location)
    if error["type"] == "missing":
        return f"is missing; give {description}"
    if error["type"] == "extra_forbidden":
        return unknown("key", location[-1], table.model_fields)
    return f"must be {description}, not {shown(error['input'])}"


def _expected(location: Location) -> tuple[type[BaseModel], str]:
    """Return the table that a place lies in, and what must stand there."""
    keys = [part for part in location if isinstance(part, str)]
    table: type[BaseModel] = _Sweep
    if len(keys) > 1 and keys[0] in TABLES:
        table = TABLES[keys[0]]
    field = table.model_fields.get(keys[-1]) if keys else None
    return table, (field.description if field else None) or "valid"


def _written(location: Location, content: Any) -> Location:
    """Return the place without the index of a list that is none in the file."""
    for depth, part in enumerate(location):
        if isinstance(part, int) and not isinstance(content, list):
            return location[:depth]
        try:
            content = content[part]
        except (KeyError, IndexError, TypeError):
            break
    return location


def unknown(kind: str, name: object, known: Sequence[str] | Mapping[str, Any]) -> str:
    """Return that a name is unknown, which are known, and the one likely meant."""
    listed = ", ".join(known) or "none"
    near = get_close_matches(str(name)[:NAME_LENGTH_MAX], list(known), n=1)
    hint = f"; did you mean {str(near[0])!r}?" if near else ""
    return f"unknown {kind} {shown(name)}; valid: {listed}{hint}"


def shown(value: object) -> str:
    """Return a value as text of one line and bounded length."""
    text = repr(value)
    if len(text) <= SHOWN_LENGTH_MAX:
        return text
    return f"{text[:SHOWN_LENGTH_MAX]}... ({len(text)} characters)"
