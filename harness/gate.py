"""Measure what tests declare in one interleaved run, and judge each case of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .baseline import REGRESSED, Baseline, Before, find_baseline, judge
from .constraints import broken
from .declaration import Declaration
from .errors import TierbenchError
from .plan import Plan, Planned, Skip, make_plan
from .progress import Progress
from .results import row
from .run import MEASURED, run_plan
from .store import Store
from .sweep import Constraints
from .values import Result

_NAME = "pytest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One case of a declaration, as it was planned."""

    source: str
    entry: Planned | Skip
    constraints: Constraints | None
    slower_max: float

    @property
    def key(self) -> str:
        """Return the case's key."""
        return self.entry.case.key


@dataclass(slots=True, kw_only=True)
class Asked:
    """All that a session asks for, and what is wrong with the rest, by source."""

    plans: list[Plan] = field(default_factory=list)
    wanted: list[Wanted] = field(default_factory=list)
    wrong: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, declarations: Iterable[Declaration]) -> Asked:
        """Plan each declaration by itself, so that one mistake spoils no other."""
        asked = cls()
        for declaration in declarations:
            try:
                sweep = declaration.sweep()
                plan = make_plan(sweep)
            except TierbenchError as exc:
                asked.wrong[declaration.source] = str(exc)
                continue
            entries: list[Planned | Skip] = [*plan.cases, *plan.skipped]
            left = [found for found in entries if declaration.wants(found.case.label)]
            if problem := asked._mixed_up(left):
                asked.wrong[declaration.source] = f"{declaration.source}: {problem}"
                continue
            only = [found.case.label for found in left] if left != entries else None
            asked.plans.append(replace(plan, asked={**plan.asked, "only": only}))
            asked.wanted += [
                Wanted(
                    source=declaration.source,
                    entry=entry,
                    constraints=sweep.constraints,
                    slower_max=declaration.slower_max,
                )
                for entry in left
            ]
        return asked

    def _mixed_up(self, entries: Iterable[Planned | Skip]) -> str | None:
        """Return why cases cannot be told from earlier ones, by whose names they go.

        Each would be judged by a baseline that may be the other's.
        """
        known = {w.entry.case.label: w for w in self.wanted}
        for entry in entries:
            case, other = entry.case, known.get(entry.case.label)
            if other and other.entry.case.variant.sha256 != case.variant.sha256:
                return (
                    f"{case.label!r} is another artifact than that of the same name in "
                    f"{other.source}; give one of the models its own name='...'"
                )
        return None

    def entries(self) -> dict[str, Planned | Skip]:
        """Return every case once, by its key: as the first test declares it."""
        found: dict[str, Planned | Skip] = {}
        for wanted in self.wanted:
            found.setdefault(wanted.key, wanted.entry)
        return found


def measure(
    declarations: Iterable[Declaration],
    *,
    store_url: str,
    baseline: str | None,
    progress: Progress,
    stopping: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Measure every case once, with its baseline beside it, and judge it.

    Args:
        declarations: what the tests want; equal cases are measured once.
        store_url: where results are kept.
        baseline: the run to compare with, by id, or ``last``; None for no gate.
        progress: told of every block and result.
        stopping: asked between rounds whether to leave early.

    Returns:
        JSON values: ``run`` (id or None), ``store`` (URL without password),
        ``baseline`` (ids of the runs compared with; None without a gate),
        ``interrupted``, ``wrong`` (message by source) and ``cases``: by source and
        case label the ``result``'s id, its ``row`` as ``tierbench results --json``
        prints it, ``failures`` (texts) and ``gate`` (verdict and message, or None).

    Raises:
        InputError: there is no such baseline.
        StoreError: the store cannot be used.
    """
    asked = Asked.of(declarations)
    told: dict[str, Any] = {
        "run": None,
        "store": None,
        "baseline": None,
        "interrupted": False,
        "wrong": asked.wrong,
        "cases": {},
    }
    if not asked.wanted:
        return told
    with Store.open(store_url) as store:
        gate = None if baseline is None else _Gate(store, baseline, asked)
        outcome = run_plan(
            _plan(asked, gate),
            store,
            progress,
            fresh=True,
            trigger=_NAME,
            stopping=stopping,
        )
        run = outcome.run
        told |= {"run": run.id, "store": store.url, "interrupted": outcome.interrupted}
        told["baseline"] = gate.runs if gate else None
        if not outcome.interrupted:
            results = {found.case.key: found for found in store.results(run.id)}
            told["cases"] = _cases(asked, results, gate)
            if gate and gate.failed and run.finished_at_ns is not None:
                store.finish_run(run.id, REGRESSED, run.finished_at_ns)
    return told


class _Gate:
    """What each case of a session is compared with."""

    def __init__(self, store: Store, name: str, asked: Asked) -> None:
        self.failed = False
        self._store = store
        baseline = Baseline(store, find_baseline(store, name))
        self._before: dict[str, Before] = {
            key: baseline.before(entry)
            for key, entry in asked.entries().items()
            if isinstance(entry, Planned)
        }

    @property
    def runs(self) -> list[str]:
        """Return the ids of the runs that baselines come from."""
        found = (before.result for before in self._before.values())
        return sorted({result.run_id for result in found if result})

    @property
    def results(self) -> list[str]:
        """Return the ids of the results that cases are compared with."""
        found = (before.result for before in self._before.values())
        return sorted({result.id for result in found if result})

    def again(self, key: str) -> Planned | None:
        """Return the case that measures a candidate's baseline again, if any does."""
        before = self._before.get(key)
        return before.again if before else None

    def judged(
        self, wanted: Wanted, results: Mapping[str, Result]
    ) -> dict[str, Any] | None:
        """Return the verdict on a case as JSON values; None for one not measured."""
        before = self._before.get(wanted.key)
        if before is None:
            return None
        found = judge(
            self._store,
            before,
            results[wanted.key],
            results.get(before.again.case.key) if before.again else None,
            wanted.slower_max,
        )
        self.failed |= found.failed
        comparison = found.comparison
        interval = comparison.interval if comparison else None
        return {
            "failed": found.failed,
            "message": found.message,
            "verdict": None if found.verdict is None else str(found.verdict),
            "role": str(before.role),
            "ratio": comparison.ratio if comparison else None,
            "interval": [interval.low, interval.high] if interval else None,
            "paired": comparison.paired if comparison else None,
        }


def _plan(asked: Asked, gate: _Gate | None) -> Plan:
    entries = asked.entries().values()
    return Plan(
        name=_NAME,
        seed=asked.plans[0].seed,
        asked={
            "name": _NAME,
            "profile": asked.plans[0].asked["profile"],
            "baseline": gate.results if gate else None,
            "sweeps": [plan.asked for plan in asked.plans],
        },
        cases=tuple(_beside(entries, gate)),
        skipped=tuple(entry for entry in entries if isinstance(entry, Skip)),
    )


def _beside(entries: Iterable[Planned | Skip], gate: _Gate | None) -> Iterator[Planned]:
    """Yield each case with its baseline after it, none of them twice."""
    seen = set()
    for entry in entries:
        if isinstance(entry, Planned):
            yield entry
            again = gate.again(entry.case.key) if gate else None
            if again and again.case.key not in seen:
                seen.add(again.case.key)
                yield again


def _cases(
    asked: Asked, results: Mapping[str, Result], gate: _Gate | None
) -> dict[str, dict[str, Any]]:
    """Return what came of each case, by source and label."""
    rows = {key: row(results[key]) for key in asked.entries()}
    told: dict[str, dict[str, Any]] = {}
    for wanted in asked.wanted:
        found, known = results[wanted.key], rows[wanted.key]
        judged = gate.judged(wanted, results) if gate else None
        failures = []
        if wanted.constraints is not None and found.status in MEASURED:
            failures += broken(known, wanted.constraints)
        if judged is not None and judged["failed"]:
            failures.append(str(judged["message"]))
        told.setdefault(wanted.source, {})[wanted.entry.case.label] = {
            "result": found.id,
            "row": known,
            "failures": failures,
            "gate": judged,
        }
    return told
