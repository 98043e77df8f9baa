"""The ESP32-S3 (Xtensa LX7): what single kernels of ESP-NN say of a whole model.

No whole network is published that could be checked against, so the band is as wide as
the kernels disagree: each tells what a unit of work costs, by the prices of the fit.
"""

from __future__ import annotations

import numpy as np

from ...harness.evidence import Evidence
from ...harness.figure import Figure
from .coefficients import Coefficients
from .prediction import Asked, hardware
from .work import PARTS, Work, Works

CORE = "xtensa-lx7"
STACK = "ESP-NN"
SOURCE = "espressif/esp-nn@0798b58ff527 README.md, optimised kernels at 240 MHz"

KERNELS = (
    ("convolution 64x1x1x64 of 10x10", 461_398, "conv", 409_600, 6_400),
    ("convolution 16x1x1x16 of 8x8", 43_578, "conv", 16_384, 1_024),
    ("convolution 64x3x3x3 of 10x10", 643_689, "conv", 110_592, 4_096),
    ("depthwise 3x3x16 of 18x18", 191_931, "depthwise", 36_864, 4_096),
    ("fully connected 265 to 3", 4_439, "dense", 795, 3),
)
"""Name, ticks, kind; multiply-accumulates and outputs, from the printed shapes."""

T_90 = 1.533
"""The 90 % quantile of Student's t with 4 degrees of freedom: of five kernels."""


def latency(fit: Coefficients, works: Works, asked: Asked) -> Figure:
    """Return the latency (ns) of one inference on the core with ESP-NN."""
    logs = [
        float(np.log(ticks / _units(fit, _work(kind, macs, outputs))))
        for _, ticks, kind, macs, outputs in KERNELS
    ]
    middle = float(np.mean(logs)) + float(np.log(_units(fit, works.all)))
    half = T_90 * float(np.std(logs, ddof=1)) * float(np.sqrt(1 + 1 / len(logs)))
    low, mid, high = (
        float(np.exp(middle + part)) * 1e3 / asked.clock_mhz
        for part in (-half, 0, half)
    )
    return Figure(
        quantity="latency",
        unit="ns",
        evidence=Evidence.PROJECTED,
        low=low,
        mid=mid,
        high=high,
        coverage=fit.coverage,
        basis={
            **hardware(asked, STACK),
            "cycles": round(float(np.exp(middle))),
            "macs": works.all.macs,
            "live_macs": works.live.macs,
            "notes": [
                "from five kernels alone: never checked against a whole network, whose "
                "other work is not counted"
            ],
            "rests_on": [
                {"board": "ESP32-S3", "stack": STACK, "kernel": name, "rows": 1}
                | {"source": SOURCE}
                for name, *_ in KERNELS
            ],
        },
    )


def _work(kind: str, macs: int, outputs: int) -> Work:
    return Work(
        gemm=macs if kind == "conv" else 0,
        depthwise=macs if kind == "depthwise" else 0,
        outputs=outputs,
        dense=macs if kind == "dense" else 0,
    )


def _units(fit: Coefficients, work: Work) -> float:
    """Return work in products of a convolution, by the prices of the fit."""
    index, values = fit.index, fit.values
    prices = [0.0, *(values[index[f"price {part}"]] for part in PARTS[1:])]
    counts = [getattr(work, part) for part in PARTS]
    return float(np.dot(np.exp(prices), counts))
