"""Export what a device needs to watch one variant."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...harness import registry
from ...harness.cache import cache_folder
from ...harness.data import fitted, load_npz, match
from ...harness.errors import InputError, ModelError
from ...harness.formats import inspect_model
from . import monitor
from .detector import Streaming, check_rates
from .streams import stream
from .watched import Watched, watch, watch_file

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..shift import Shifts

_SEED = 7
_PORTION = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """The files in the folder, and what the monitor will do."""

    model: Path
    state: Path
    module: Path
    watched: Watched
    monitored: monitor.State

    @property
    def state_bytes(self) -> int:
        """Return what the monitor keeps in memory."""
        return monitor.Monitor(self.monitored).state_bytes


def export_reference(
    model: str,
    variant: str,
    format: str | None,
    samples: int,
    window: int,
    false_alarm_rate: float,
    out: Path,
) -> Exported:
    """Write the monitor of a reference model's variant into a folder.

    Its reference is drawn from a stream of its own.

    Raises:
        NotFound: no such model, variant or format, or the model has no shifts.
        InputError: a window, a rate or a folder that does not do.
    """
    check_rates([false_alarm_rate])
    shifts: Shifts = registry.find(registry.SHIFTS, model)
    known = registry.find(registry.MODELS, model)
    drawn = shifts.inputs(stream(shifts, "reference", samples))

    def make(folder: Path) -> Watched:
        return watch(model, variant, format or known.formats[0], folder)

    return _export(make, drawn, model, window, false_alarm_rate, out)


def export_file(
    path: Path, reference: Path, window: int, false_alarm_rate: float, out: Path
) -> Exported:
    """Write the monitor of a model file, with samples in a .npz file as reference.

    Raises:
        InputError: a file, samples, a window, a rate or a folder that does not do.
    """
    check_rates([false_alarm_rate])
    specs = inspect_model(path, cache_folder("profiles")).inputs
    if len(specs) != 1:
        raise ModelError(
            f"model {str(path)!r} has {len(specs)} inputs; one is valid here"
        )
    data = fitted(load_npz(reference), specs)
    match(data, specs)
    (inputs,) = data.inputs.values()
    portions = (
        inputs[start : start + _PORTION].astype(np.float32)
        for start in range(0, len(inputs), _PORTION)
    )

    def make(folder: Path) -> Watched:
        return watch_file(path, folder / f"model{path.suffix.lower()}", path.stem)

    return _export(make, portions, path.stem, window, false_alarm_rate, out)


def _export(
    make: Callable[[Path], Watched],
    portions: Iterable[NDArray[np.float32]],
    model: str,
    window: int,
    false_alarm_rate: float,
    out: Path,
) -> Exported:
    with tempfile.TemporaryDirectory(prefix="tierbench-drift-") as name:
        folder = Path(name)
        watched = make(folder)
        _, reference = watched.observe(portions)
        streaming = Streaming(reference, window, np.random.default_rng(_SEED))
        state = streaming.state(false_alarm_rate, {"model": model, **watched.about})
        monitor.save(state, folder / "drift.state")
        shutil.copyfile(str(monitor.__file__), folder / "drift_monitor.py")
        _move(folder, out)
    return Exported(
        model=out / watched.path.name,
        state=out / "drift.state",
        module=out / "drift_monitor.py",
        watched=watched,
        monitored=state,
    )


def _move(folder: Path, out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        for path in sorted(folder.iterdir()):
            shutil.copyfile(path, out / path.name)
    except OSError as exc:
        raise InputError(
            f"--out {str(out)!r} cannot be written: {exc.strerror}; name another folder"
        ) from exc
