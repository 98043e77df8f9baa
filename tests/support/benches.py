"""Open cases on the simulated device without a store, for tests of measuring."""

from pathlib import Path
from typing import Any

from tierbench.harness.bench import Bench
from tierbench.harness.plan import Planned
from tierbench.harness.profiles import SMOKE, Profile
from tierbench.harness.recording import Recovered
from tierbench.harness.timeline import Timeline
from tierbench.harness.values import Accuracy, Block, WorkerRecord
from tierbench.harness.worker import Limits

from .plans import plan_of


class Notes:
    """A recorder that keeps what it is given in a list."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, Any]] = []

    def block(self, bench: Bench, block: Block) -> None:
        assert block not in bench.blocks, "a block counts before it is safe"
        self.kept.append(("block", block))

    def worker(self, bench: Bench, record: WorkerRecord) -> None:
        self.kept.append(("worker", record))

    def accuracy(self, bench: Bench, found: Accuracy | None, why: str | None) -> None:
        self.kept.append(("accuracy", found or why))

    def kinds(self) -> list[str]:
        """Return what kinds of things were kept, in order."""
        return [kind for kind, _ in self.kept]


def a_bench(
    planned: Planned,
    *,
    recorder: Any = None,
    profile: Profile = SMOKE,
    recovered: Recovered | None = None,
    timeline: Timeline | None = None,
) -> Bench:
    """Return a bench for a planned case."""
    return Bench(
        planned=planned,
        run_id="run",
        result_id=planned.case.key,
        profile=profile,
        limits=Limits(open_s=20.0, call_s=5.0),
        recorder=recorder or Notes(),
        timeline=timeline or Timeline(),
        recovered=recovered or Recovered(),
    )


def sim_benches(folder: Path, *targets: str, rest: str = "", **options) -> list[Bench]:
    """Return a bench for each case of these target tables, on one timeline."""
    timeline = Timeline()
    cases = plan_of(folder, *targets, rest=rest).cases
    return [a_bench(planned, timeline=timeline, **options) for planned in cases]


def measured(bench: Bench, rounds: int = 100, first_round: int = 0) -> Bench:
    """Open a bench and measure it until it ends or the rounds are over."""
    bench.launch()
    bench.open()
    bench.begin()
    for index in range(first_round, first_round + rounds):
        if bench.ended():
            break
        bench.measure(index)
    return bench
