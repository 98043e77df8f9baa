"""Read a drift study, which is a file that nobody vouches for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ..harness.errors import InputError

BYTES_MAX = 64 << 20

Text = Annotated[str, Field(max_length=4096)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Rate = Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]
Severity = Annotated[int, Field(ge=0, le=100)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True)


class ShareEstimate(_Part):
    """A share of samples or windows with its 95 % interval."""

    value: Share
    low: Share
    high: Share


class Power(ShareEstimate):
    """The share of a shift's windows that give alarm."""

    detector: Text
    rate: Rate
    windows: Count


class Point(_Part):
    """One shift at one severity; the clean samples belong to no shift."""

    shift: Text | None
    severity: Severity
    accuracy: ShareEstimate
    power: list[Power]


class FalseAlarms(_Part):
    """How many clean windows gave alarm, and how many chance allows."""

    detector: Text
    rate: Rate
    alarms: Count
    windows: Count
    expected_low: Count
    expected_high: Count


class Noticed(_Part):
    """The first severity that costs two points, or why there is none."""

    shift: Text
    severity: Severity | None
    severity_reason: Text | None
    power: list[Power]


class Ratio(_Part):
    """A ratio of times with its interval, where there were rounds enough."""

    value: Finite | None
    low: Finite | None
    high: Finite | None


class Cost(_Part):
    """What the monitor costs beside the model."""

    output_ratio: Ratio
    observe_ratio: Ratio
    exact_ratio: Ratio
    observe_peak_bytes: Count
    exact_peak_bytes: Count


class Agreement(_Part):
    """On what share of windows both detectors decide alike."""

    rate: Rate
    value: Share
    windows: Count
    correlation: Finite


class Variant(_Part):
    """What was found of one variant."""

    variant: Text
    format: Text
    layer: Text
    embedding_size: Count
    state_bytes: Count
    false_alarms: list[FalseAlarms]
    agreement: list[Agreement]
    points: list[Point] = Field(min_length=1)
    noticed: list[Noticed]
    cost: Cost


class ShiftSummary(_Part):
    """A shift by its name, and what it is."""

    name: Text
    summary: Text


class Study(_Part):
    """A study as ``tierbench drift study --out`` writes it; other keys may follow."""

    format: Literal["tierbench drift study 1"]
    model: Text
    window: Count
    windows: Count
    clean_windows: Count
    reference_samples: Count
    samples: Count
    shifts: list[ShiftSummary] = Field(min_length=1)
    variants: list[Variant] = Field(min_length=1)

    @model_validator(mode="after")
    def _is_whole(self) -> Study:
        names = [shift.name for shift in self.shifts]
        clean = [
            sum(point.shift is None for point in variant.points)
            for variant in self.variants
        ]
        strange = {
            point.shift
            for variant in self.variants
            for point in variant.points
            if point.shift is not None and point.shift not in names
        }
        if len(set(names)) < len(names):
            raise ValueError("a shift is named twice")
        if set(clean) != {1} or strange:
            raise ValueError(
                "each variant needs one clean point, and points of the shifts named"
            )
        return self


def read_study(path: Path) -> Study:
    """Return the study in a file.

    Raises:
        InputError: it cannot be read, is no study, or one of another version.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(BYTES_MAX + 1)
    except OSError as exc:
        raise InputError(
            f"study {str(path)!r} cannot be read: {exc.strerror}; name a file that "
            "`tierbench drift study --out` wrote"
        ) from exc
    if len(content) > BYTES_MAX:
        raise InputError(f"study {str(path)!r}: more than {BYTES_MAX} bytes")
    try:
        return Study.model_validate_json(content)
    except ValidationError as exc:
        first = exc.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise InputError(
            f"study {str(path)!r}: {where[:200]}: {first['msg'][:200]}; make it with "
            "`tierbench drift study --out`"
        ) from exc
