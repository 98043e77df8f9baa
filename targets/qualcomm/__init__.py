"""Qualcomm's tensor processor (Hexagon HTP), on a board and as simulated on x86-64."""

from __future__ import annotations

from ...harness.target import Kind, Need, Option, Tier
from ...harness.values import Evidence, Variant, Workload
from ..fallback import CPU_FALLBACK
from ..onnxruntime import OnnxruntimeTarget
from .soc import SOCS, refusal

SHARED_MODULES = (
    "tierbench.targets.onnxruntime.session",
    "tierbench.targets.onnxruntime.placement",
    "tierbench.targets.onnxruntime.kernels",
    "tierbench.targets.onnxruntime.accelerated",
    "tierbench.targets.onnxruntime.distribution",
    "tierbench.targets.qualcomm.graphs",
    "tierbench.targets.qualcomm.soc",
    "tierbench.targets.qualcomm.qnn",
)

REMEDY = (
    "pip install onnxruntime 'onnxruntime-qnn==2.7.0' in the target's Python (3.11 or "
    "later, glibc 2.35 or later), from Microsoft and Qualcomm"
)

NEEDS = (
    Need(Kind.DISTRIBUTION, "onnxruntime", REMEDY),
    Need(Kind.DISTRIBUTION, "onnxruntime-qnn", REMEDY),
)


class Qualcomm(OnnxruntimeTarget):
    """A board's tensor processor, through contexts compiled for it."""

    name = "qualcomm"
    tier = Tier.ACCELERATOR
    runtime = "onnxruntime-qnn"
    remedy = REMEDY
    needs = (
        *NEEDS,
        Need.any_of(
            ((Kind.FILE, "/dev/fastrpc-cdsp*"), (Kind.FILE, "/dev/adsprpc-smd")),
            "run on the board, with the FastRPC driver of Qualcomm's image",
        ),
    )
    builds = True
    device_modules = (
        *SHARED_MODULES,
        "tierbench.targets.qualcomm.device",
    )
    options = (
        Option(
            name="soc",
            kind=str,
            default="",
            help="the SoC to compile for; empty: the board's own",
            choices=("", *SOCS),
        ),
        Option(
            name="performance_mode",
            kind=str,
            default="default",
            help="the processor's clocks and voltage, by the provider's names",
            choices=(
                *("default", "burst", "balanced", "low_balanced"),
                *("high_performance", "sustained_high_performance"),
                *("high_power_saver", "power_saver", "low_power_saver"),
                "extreme_power_saver",
            ),
        ),
        CPU_FALLBACK,
    )

    def check(self, variant: Variant, workload: Workload) -> str | None:
        """Return that the processor is too old, or the batch another, or None."""
        soc = str(self.settings["soc"])
        return (refusal(soc) if soc else None) or super().check(variant, workload)


class QualcommSimulator(OnnxruntimeTarget):
    """Qualcomm's simulator of it, for outputs and accuracy: it tells no time."""

    name = "qualcomm-simulator"
    tier = Tier.ACCELERATOR
    evidence = Evidence.EMULATED
    clock = None
    runtime = "onnxruntime-qnn"
    remedy = REMEDY
    needs = NEEDS
    device_modules = (*SHARED_MODULES, "tierbench.targets.qualcomm.simulator")
    options = (
        Option(
            name="soc",
            kind=str,
            default="sm8550",
            help="the SoC whose processor is simulated",
            choices=tuple(SOCS),
        ),
        CPU_FALLBACK,
    )

    def check(self, variant: Variant, workload: Workload) -> str | None:
        """Return that there is no such processor, or the batch another, or None."""
        return refusal(str(self.settings["soc"])) or super().check(variant, workload)
