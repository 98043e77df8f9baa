"""Make a machine fit to measure, and put back what was changed, whatever happens.

What was before is written to a record, and synced, before anything is changed. Who
changed it is in the record too: where that process is gone, the next one puts the
settings back. The record lies in ``/run``, which a restart empties as it resets the
settings.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .device.sysfs import entries, read_text
from .errors import InfrastructureError

RECORD = "run/tierbench/restore.json"
CPU = "sys/devices/system/cpu"
SETTINGS = re.compile(
    rf"{CPU}/cpufreq/policy\d+/scaling_governor|{CPU}/cpufreq/boost|"
    rf"{CPU}/intel_pstate/no_turbo|proc/sys/kernel/sched_autogroup_enabled"
)
WORD = re.compile(r"[a-z0-9_]{1,32}")
"""What a setting may hold: a record is a file, and no file is trusted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One setting's file below the root, with its text before and after."""

    path: str
    before: str
    after: str

    def __post_init__(self) -> None:
        """Refuse what is no setting of ours."""
        words = (self.before, self.after)
        if not SETTINGS.fullmatch(self.path) or not all(map(WORD.fullmatch, words)):
            raise ValueError(f"{self.path!r} is no setting that tierbench changes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What was changed, and the process that answers for it; None once it is to stay.

    ``started`` tells the owner from a later process of its number.
    """

    changes: tuple[Change, ...]
    owner: int | None
    started: str | None = None


def wanted(root: Path = Path("/")) -> list[Change]:
    """Return what would have to change for this machine to be fit."""
    policies = entries(str(root / CPU / "cpufreq"), "policy")
    values = {
        **{f"{CPU}/cpufreq/{p}/scaling_governor": "performance" for p in policies},
        f"{CPU}/intel_pstate/no_turbo": "1",
        f"{CPU}/cpufreq/boost": "0",
        "proc/sys/kernel/sched_autogroup_enabled": "0",
    }
    found = []
    for path, after in values.items():
        before = read_text(str(root / path))
        if before and before != after:
            with suppress(ValueError):  # a name that we could not put back stays
                found.append(Change(path=path, before=before, after=after))
    return found


def prepare(root: Path = Path("/"), *, stay: bool = False) -> list[str]:
    """Change what is wanted and return a line for each change or refusal.

    Args:
        root: the folder that stands for ``/``.
        stay: keep the changes when this process ends, until ``restore``.

    Raises:
        InfrastructureError: the record cannot be written, or another process has
            changed settings and not put them back.
    """
    changes = wanted(root)
    if not changes:
        return ["nothing to change: the settings are fit"]
    record = Record(
        changes=tuple(changes), owner=os.getpid(), started=_started(os.getpid())
    )
    _write(root, record, new=True)
    told = [_put(root, each, each.after) for each in changes]
    if stay:
        made = [c for c in changes if read_text(str(root / c.path)) == c.after]
        _write(root, Record(changes=tuple(made), owner=None), new=False)
        if not made:
            _remove(root)
    return told


def restore(root: Path = Path("/")) -> list[str]:
    """Put back what a record says and return a line for each setting.

    A setting that somebody else has changed since is left as it is. The record stays
    where a setting could not be put back.

    Raises:
        InfrastructureError: the record cannot be read.
    """
    record = _read(root)
    if record is None:
        return ["nothing to restore"]
    told, failed = [], False
    for change in record.changes:
        now = read_text(str(root / change.path))
        if now == change.after:
            line = _put(root, change, change.before)
            failed |= line.endswith(REFUSED)
            told.append(line)
        elif now != change.before:
            told.append(f"{change.path} is now {now!r}, by somebody else: left so")
    if not failed:
        _remove(root)
    return told


def take_back(root: Path = Path("/")) -> list[str]:
    """Put back what a process that is gone has left, and say what holds on purpose.

    Returns a line for each; none where no record is. It is asked at the start of each
    command that measures, so that a record that cannot be used is only told of.
    """
    try:
        record = _read(root)
    except InfrastructureError as exc:
        return [str(exc)]
    if record is None:
        return []
    if record.owner is None:
        paths = len(record.changes)
        return [f"{paths} settings stay changed until: tierbench doctor --restore"]
    if record.started == _started(record.owner):
        return [f"process {record.owner} has prepared this machine and still measures"]
    left = f"process {record.owner} left this machine prepared"
    try:
        return [left, *restore(root)]
    except InfrastructureError as exc:
        return [left, str(exc)]


@contextmanager
def prepared(root: Path = Path("/")) -> Iterator[list[str]]:
    """Prepare the machine for as long as the context lasts; yields ``prepare``'s lines.

    Raises:
        InfrastructureError: see ``prepare``.
    """
    told = prepare(root)
    try:
        yield told
    finally:
        record = _read(root)
        if record is not None and record.owner == os.getpid():
            restore(root)


REFUSED = "was refused; use sudo"


def _put(root: Path, change: Change, value: str) -> str:
    """Write a setting and return what came of it; the kernel may refuse."""
    try:
        descriptor = os.open(root / change.path, os.O_WRONLY | os.O_TRUNC)
        try:
            os.write(descriptor, f"{value}\n".encode())
        finally:
            os.close(descriptor)
    except OSError as exc:
        return f"{change.path}: {value} ({exc.strerror}) {REFUSED}"
    return f"{change.path}: {value}"


def _write(root: Path, record: Record, *, new: bool) -> None:
    """Write the record and sync it; a new one never replaces another's."""
    path = root / RECORD
    text = json.dumps({"changes": [asdict(change) for change in record.changes],
                       "owner": record.owner, "started": record.started})  # fmt: skip
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with fresh.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if new:
            os.link(fresh, path)
            fresh.unlink()
        else:
            fresh.replace(path)
        _sync(path.parent)
    except FileExistsError as exc:
        fresh.unlink(missing_ok=True)
        raise InfrastructureError(
            "this machine's settings are changed already; put them back first: "
            "tierbench doctor --restore"
        ) from exc
    except OSError as exc:
        raise InfrastructureError(
            f"the record {str(path)!r} cannot be written: {exc.strerror}; nothing was "
            "changed; use sudo"
        ) from exc


def _read(root: Path) -> Record | None:
    path = root / RECORD
    try:
        plain: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        owner, started = plain["owner"], plain["started"]
        return Record(
            changes=tuple(Change(**change) for change in plain["changes"]),
            owner=None if owner is None else int(owner),
            started=None if started is None else str(started),
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as exc:
        raise InfrastructureError(
            f"the record {str(path)!r} of changed settings cannot be used: {exc}; "
            "look at it, put the settings back by hand, and remove it"
        ) from exc


def _remove(root: Path) -> None:
    try:
        (root / RECORD).unlink()
    except OSError as exc:
        raise InfrastructureError(
            f"the record {str(root / RECORD)!r} cannot be removed: {exc.strerror}; "
            "use sudo"
        ) from exc


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _started(pid: int) -> str | None:
    """Return when a process started, in ticks, None where there is none."""
    text = read_text(f"/proc/{pid}/stat") or ""
    words = text.rpartition(")")[2].split()
    return words[19] if len(words) > 19 else None
