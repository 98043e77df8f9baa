"""Profiles, and published rows made up by known effects, for the projection's tests."""

from collections.abc import Mapping, Sequence

import numpy as np

from tierbench.harness.values import ModelProfile
from tierbench.targets.projection.cores import CORES
from tierbench.targets.projection.rows import WORKS, Row

KWS = {"conv": 320_000, "conv1x1": 2_048_000, "depthwise": 288_000, "dense": 768}
KWS_OUTPUTS = {"conv": 8_000, "conv1x1": 32_000, "depthwise": 32_000, "dense": 12}


def profile(
    factor: float = 1.0,
    *,
    macs: Mapping[str, int] = KWS,
    elements: Mapping[str, int] = KWS_OUTPUTS,
    live_share: float = 1.0,
    weight_bits: int = 8,
    operators: Sequence[str] = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"),
    format: str = "tflite",
) -> ModelProfile:
    """Return the profile of a model ``factor`` times as large as keyword spotting."""
    counts = {"other": 0} | {kind: round(n * factor) for kind, n in macs.items()}
    outputs = {"other": 0} | {kind: round(n * factor) for kind, n in elements.items()}
    return ModelProfile(
        format=format,
        inputs=(),
        outputs=(),
        operators=dict.fromkeys(operators, 1),
        parameters=1,
        macs=counts,
        peak_activation_bytes=1,
        weight_bits=weight_bits,
        activation_bits=8,
        output_elements=outputs,
        live_macs={kind: round(n * live_share) for kind, n in counts.items()},
        live_output_elements={k: round(n * live_share) for k, n in outputs.items()},
    )


BOARDS = (
    ("A", "cortex-m4", 100.0),
    ("B", "cortex-m4", 150.0),
    ("C", "cortex-m33", 128.0),
    ("D", "cortex-m33", 160.0),
    ("E", "cortex-m7", 216.0),
    ("F", "cortex-m7", 280.0),
    ("G", "cortex-m0+", 64.0),
)
STACKS = ("one", "two", "three")


def made_up_rows(
    seed: int, boards: Sequence[tuple[str, str, float]] = BOARDS
) -> list[Row]:
    """Return rows of every board, stack and model, drawn as the fit supposes."""
    random = np.random.default_rng(seed)
    stacks = {stack: random.normal(0, 0.3) for stack in STACKS}
    levels = {core: random.normal(0, 0.2) for core in CORES}
    rows = []
    for board, core, clock_mhz in boards:
        own = random.normal(0, 0.15)
        for stack, level in stacks.items():
            for model, works in WORKS.items():
                log_cycles = (
                    np.log(units(works.all))
                    + 1
                    - 1.5 * np.log(CORES[core].coremark_per_mhz / 3.42)
                    - np.log(CORES[core].lanes / 2)
                    + levels[core]
                    + own
                    + level
                    + random.normal(0, 0.08)
                )
                latency_ms = float(np.exp(log_cycles)) / clock_mhz / 1e3
                rows.append(row(board, core, clock_mhz, stack, model, latency_ms))
    return rows


def units(work: object) -> float:
    """Return work in products of a convolution, at made-up prices."""
    prices = {"gemm": 1.0, "depthwise": 2.5, "outputs": 20.0, "dense": 1.3}
    return float(sum(price * getattr(work, part) for part, price in prices.items()))


def row(
    board: str,
    core: str,
    clock_mhz: float,
    stack: str,
    model: str,
    latency_ms: float,
    submitter: str = "somebody",
) -> Row:
    """Return a row at 1.8 V whose power is 0.2 mW per MHz and V."""
    return Row(
        round="v1",
        submitter=submitter,
        board=board,
        core=core,
        clock_mhz=clock_mhz,
        family=stack,
        version=stack,
        benchmark=model,
        latency_ms=latency_ms,
        power_mw=0.2 * clock_mhz * 1.8,
        supply_v=1.8,
        source="made up",
    )
