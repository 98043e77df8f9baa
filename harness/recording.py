"""What survives of a case that is being measured: written down, and read again."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from .journal import BLOCK, Journal, block_record, read_journal, record_block
from .plain import from_plain, to_plain
from .progress import Progress, UnderWay
from .values import Accuracy, Block, WorkerRecord

if TYPE_CHECKING:
    from .plan import Planned


class Recorder(Protocol):
    """Where measurements go before anything else is measured."""

    def block(self, bench: UnderWay, block: Block) -> None:
        """Keep a block so that it survives the death of this process."""

    def worker(self, bench: UnderWay, record: WorkerRecord) -> None:
        """Keep what a worker told apart from its blocks."""

    def accuracy(
        self, bench: UnderWay, found: Accuracy | None, why: str | None
    ) -> None:
        """Keep the accuracy, or why there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """What an interrupted run had already measured of a case."""

    blocks: tuple[Block, ...] = ()
    workers: tuple[WorkerRecord, ...] = ()
    accuracy: Accuracy | None = None
    accuracy_reason: str | None = None
    started_at_ns: int | None = None


class JournalRecorder:
    """Put measurements into the journal; all machines of a run share it."""

    def __init__(self, journal: Journal, progress: Progress) -> None:
        """Write to an open journal and tell of progress."""
        self._journal = journal
        self._progress = progress
        self._lock = threading.Lock()
        self._headings: dict[str, str] = {}

    def block(self, bench: UnderWay, block: Block) -> None:
        """Keep a block."""
        record = block_record(self._heading(bench), block)
        with self._lock:
            self._journal.append(record.kind, record.header, record.arrays)
        self._progress.block(bench, block)

    def worker(self, bench: UnderWay, record: WorkerRecord) -> None:
        """Keep what a worker told apart from its blocks."""
        self._append("worker", bench, {"worker": to_plain(record)})

    def accuracy(
        self, bench: UnderWay, found: Accuracy | None, why: str | None
    ) -> None:
        """Keep the accuracy, or why there is none."""
        self._append("accuracy", bench, {"found": to_plain(found), "why": why})

    def _append(self, kind: str, bench: UnderWay, header: dict[str, Any]) -> None:
        with self._lock:
            self._journal.append(kind, {"case": self._heading(bench), **header})

    def _heading(self, bench: UnderWay) -> str:
        """Return the case's heading, looked up once: a block is no time to ask."""
        key = bench.planned.case.key
        if key not in self._headings:
            self._headings[key] = heading(bench.planned)
        return self._headings[key]


def heading(planned: Planned) -> str:
    """Return what a case's records are filed under: its key and its environment.

    What was measured before a driver or a power mode changed is thus never taken up
    after it.
    """
    identity = planned.target.describe().identity_sha256
    return f"{planned.case.key}/{identity}"


def recover(path: Path) -> dict[str, Recovered]:
    """Return what a journal holds, by ``heading``; nothing without a journal."""
    found: dict[str, Recovered] = {}
    if not path.exists():
        return found
    blocks: dict[str, list[Block]] = {}
    for record in read_journal(path):
        if record.kind == BLOCK:
            key, block = record_block(record)
            blocks.setdefault(key, []).append(block)
            continue
        key = str(record.header["case"])
        so_far = found.get(key, Recovered())
        if record.kind == "worker":
            worker = from_plain(WorkerRecord, record.header["worker"])
            found[key] = replace(so_far, workers=(*so_far.workers, worker))
        elif record.kind == "accuracy":
            plain = record.header["found"]
            found[key] = replace(
                so_far,
                accuracy=None if plain is None else from_plain(Accuracy, plain),
                accuracy_reason=record.header["why"],
            )
    for key, kept in blocks.items():
        so_far = found.get(key, Recovered())
        found[key] = replace(
            so_far, blocks=tuple(kept), started_at_ns=kept[0].started_at_ns
        )
    return found
