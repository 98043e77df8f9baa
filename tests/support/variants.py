"""Results of variants whose names are chains, with chosen outcomes and latencies."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from support.measured import a_block, a_case, a_result
from tierbench.harness.mae import Mae
from tierbench.harness.outcomes import pack_outcomes
from tierbench.harness.sides import Side, side_of
from tierbench.harness.store import result_id
from tierbench.harness.summary import summarise
from tierbench.harness.top_k import TopK
from tierbench.harness.values import Result, Scenario

DATA = "d" * 64
ROUNDS = 40


def a_variant(
    name: str,
    right: np.ndarray | None,
    latency_us: float = 1000.0,
    size_bytes: int = 100_000,
    macs: int | None = 1_000_000,
    model: str = "defect",
    run: str = "run1",
    data: str | None = DATA,
    seed: int = 0,
    **changes,
) -> Result:
    """Return a result of a variant: bools are right or wrong, floats are errors."""
    case = a_case(name, Scenario.SINGLE_STREAM)
    profile = replace(
        case.variant.profile, macs=None if macs is None else {"conv": macs}
    )
    variant = replace(
        case.variant,
        model=model,
        size_bytes=size_bytes,
        sha256=hashlib.sha256(f"{model} {name}".encode()).hexdigest(),
        profile=profile,
    )
    case = replace(case, variant=variant, data_sha256=data)
    rng = np.random.default_rng([seed, len(name)])
    drift = 1 + 0.05 * np.sin(np.arange(ROUNDS) / 7)
    medians = latency_us * drift * (1 + 0.01 * rng.normal(size=ROUNDS))
    blocks = tuple(
        a_block(index, (0.9 * value, value, 1.2 * value))
        for index, value in enumerate(medians)
    )
    accuracy = None if right is None else judged(right)
    made = a_result(run, case, blocks=blocks, accuracy=accuracy)
    return replace(made, id=result_id(run, case.key), **changes)


def judged(right: np.ndarray):
    """Return the accuracy of outcomes, as an evaluation does."""
    labels = np.zeros(len(right))
    metric = TopK(k=1) if right.dtype.kind == "b" else Mae()
    found = metric.accuracy(right, labels)
    return replace(found, outcomes=pack_outcomes(right))


def right_but(*wrong: int, n: int = 1000) -> np.ndarray:
    """Return outcomes that are right but for these samples."""
    found = np.ones(n, dtype=bool)
    found[list(wrong)] = False
    return found


def sides(results: Iterable[Result]) -> list[Side]:
    """Return what comparing needs of results."""
    found = (side_of(result, summarise(result)) for result in results)
    return [side for side in found if side]


def chains(model: str = "defect", n: int = 1200, seeds: int = 3) -> list[Result]:
    """Return variants of every technique and of its controls, with drawn outcomes."""
    rng = np.random.default_rng(7)
    difficulty = rng.normal(size=n)

    def drawn(level: float) -> np.ndarray:
        noise = 0.5 * rng.normal(size=n) + 0.03 * rng.normal()
        return level + difficulty + noise > 0

    plain = (
        ("fp32", 1.6, 1000, 220, 10),
        ("int8", 1.58, 640, 92, 10),
        ("int4", 1.1, 2500, 65, 10),
    )
    trained = (
        ("finetune{}", 1.62, 1000, 220, 10),
        ("finetune{} > int4", 1.12, 2500, 65, 10),
        ("finetune{} > int8", 1.6, 640, 92, 10),
        ("qat(int4{})", 1.5, 2500, 65, 10),
        ("qat(int8{})", 1.61, 640, 92, 10),
        ("prune(0.5{})", 1.5, 700, 120, 5),
        ("student(0.5{})", 1.2, 480, 80, 4),
        ("distil(0.5{})", 1.3, 480, 80, 4),
        ("distil(0.5{}) > int8", 1.28, 300, 40, 4),
    )
    rows = [(name, *rest) for name, *rest in plain]
    for name, *rest in trained:
        for seed in range(1, seeds + 1):
            given = f"seed={seed}"
            inside = f", {given}" if "(" in name.split("{")[0] else f"({given})"
            rows.append((name.format(inside), *rest))
    return [
        a_variant(
            name,
            drawn(level),
            latency_us=us,
            size_bytes=1000 * kb,
            macs=macs * 100_000,
            model=model,
            seed=place,
        )
        for place, (name, level, us, kb, macs) in enumerate(rows)
    ]
