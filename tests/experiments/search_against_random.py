"""Compare the search with random choice, on networks that are measured once each.

    python tests/experiments/search_against_random.py FOLDER [--seeds 100]

A part of ``bearing``'s space is trained and measured wholly, on this machine's ONNX
Runtime and by the search's own parts, in rounds of a dozen networks beside the
reference. Every search then reads its trials from that table, so that many seeds are
affordable. What is done stays in FOLDER/table.jsonl; the same command goes on.
"""

import argparse
import itertools
import json
import math
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from statistics import NormalDist, mean, stdev

import optuna

from tierbench.harness import registry
from tierbench.harness.cache import cache_folder
from tierbench.harness.store import Store
from tierbench.models.search.front import hypervolume, reference_point
from tierbench.models.search.latency import Latency, Stopwatch
from tierbench.models.search.proxy import Budget, Trained, Trainer
from tierbench.models.search.study import SAMPLERS, Search
from tierbench.models.search.subject import find_subject

PART = {
    "fourth": (32, 48, 64),
    "fifth": (48, 64, 96),
    "fourth_blocks": (0, 1, 2),
    "fifth_blocks": (0, 2),
    "kernel": (5, 13),
}
FIXED = {"stem": 8, "second": 16, "third": 16}
"""What varies, and what does not: 108 networks."""

BUDGET = Budget(samples=8_000, epochs=1)
"""As cheap as a search's own; the figures in ``docs/search.md`` are of this one."""

TRIALS = 40
TOGETHER = 9


Table = dict[str, tuple[Trained, Latency]]


def shapes(subject) -> Iterator:
    for values in itertools.product(*PART.values()):
        yield subject.shape(**FIXED, **dict(zip(PART, values, strict=True)))


def make_table(folder: Path) -> Table:
    """Return every network's training and latency, made unless the folder has it."""
    subject = find_subject("bearing")
    kept = folder / "table.jsonl"
    table = read_table(kept) if kept.exists() else {}
    left = [shape for shape in shapes(subject) if shape.label not in table]
    if not left:
        return table
    trainer = Trainer(
        subject=subject,
        seed=0,
        format="onnx",
        folder=cache_folder("networks"),
        budget=BUDGET,
    )
    trained = {shape.label: trainer(shape) for shape in left}
    print(f"{len(trained)} networks are trained", flush=True)
    with Store.open(f"sqlite:///{folder.absolute() / 'results.db'}") as store:
        stopwatch = stopwatch_of(store)
        for start in range(0, len(left), TOGETHER):
            names = [shape.label for shape in left[start : start + TOGETHER]]
            files = {name: trained[name].path for name in names}
            results = stopwatch.together(files, None)
            with kept.open("a", encoding="utf-8") as file:
                for name in names:
                    table[name] = trained[name], stopwatch.ratio(results, name)
                    file.write(line_of(name, *table[name]))
            print(f"{len(table)} networks are measured", flush=True)
    return table


def stopwatch_of(store: Store) -> Stopwatch:
    model = registry.find(registry.MODELS, "bearing")
    return Stopwatch(
        model="bearing",
        reference=model.build("fp32", "onnx", cache_folder("variants")),
        target=registry.find(registry.TARGETS, "host-onnxruntime")(),
        store=store,
        seed=0,
        search={"experiment": "table"},
    )


def line_of(name: str, trained: Trained, latency: Latency) -> str:
    told = {"network": name, "trained": asdict(trained), "latency": asdict(latency)}
    return json.dumps(told, default=str) + "\n"


def read_table(path: Path) -> Table:
    table = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        told = json.loads(line)
        trained = Trained(**told["trained"])
        latency = Latency(**{**told["latency"], "interval": None})
        table[told["network"]] = trained, latency
    return table


def curve(table, sampler: str, seed: int) -> list[float]:
    """Return the hypervolume after each trial of one search."""
    subject = find_subject("bearing")
    search = Search(
        study=optuna.create_study(directions=["minimize", "minimize"]),
        shape=partial(subject.shape, **FIXED),
        choices=PART,
        sampler=sampler,
        seed=seed,
        train=lambda shape: table[shape.label][0],
        measure=lambda name, path: table[name][1],
    )
    search.go_on(TRIALS)
    points = [trial.point for trial in search.trials()]
    worst = reference_point(len(subject.data.classes))
    return [hypervolume(points[: n + 1], worst) for n in range(TRIALS)]


def difference(one: list[float], other: list[float]) -> tuple[float, float, float]:
    """Return the mean of paired differences and the ends of its 95 % t interval."""
    pairs = [a - b for a, b in zip(one, other, strict=True)]
    n = len(pairs)
    z = NormalDist().inv_cdf(0.975)
    # Student's quantile by its expansion (Abramowitz and Stegun 26.7.5)
    t = (
        z
        + (z**3 + z) / (4 * (n - 1))
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * (n - 1) ** 2)
    )
    half = t * stdev(pairs) / math.sqrt(n)
    return mean(pairs), mean(pairs) - half, mean(pairs) + half


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=100)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    table = make_table(given.folder)
    worst = reference_point(len(find_subject("bearing").data.classes))
    points = [(1 - one.correct / one.n, found.ratio) for one, found in table.values()]
    whole = hypervolume(points, worst)
    print(f"all {len(table)} networks: hypervolume {whole:.4f}")
    curves = {
        sampler: [curve(table, sampler, seed) for seed in range(given.seeds)]
        for sampler in SAMPLERS
    }
    for sampler, found in curves.items():
        for trials in (10, 20, TRIALS):
            own = [one[trials - 1] for one in found]
            line = f"{sampler:7} {trials:3} trials: {mean(own):.4f}"
            if sampler != "random":
                other = [one[trials - 1] for one in curves["random"]]
                middle, low, high = difference(own, other)
                line += f", minus random {middle:+.4f} [{low:+.4f}, {high:+.4f}]"
            print(line)


if __name__ == "__main__":
    main()
