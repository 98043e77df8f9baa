"""Hailo-8, 8L, 8R, 10 and 15 through HailoRT's Python interface."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...harness import registry
from ...harness.figure import Figure
from ...harness.meter import PowerMeter
from ...harness.target import Kind, Need, Option, Target, Tier
from ...harness.values import Case, Evidence, Variant, Workload
from ...harness.watch import StateReader
from . import dataflow

REMEDY = (
    "install HailoRT, its driver and its Python package of one version, from Hailo's "
    "developer zone or Raspberry Pi's packages (hailo-all); docs/hailo.md says how"
)


class Hailo(Target):
    """One Hailo chip; the model is a HEF, or a .onnx file where its compiler is."""

    name = "hailo"
    tier = Tier.ACCELERATOR
    formats = ("hef", "onnx")
    runtime = "hailort"
    remedy = REMEDY
    needs = (Need(Kind.MODULE, "hailo_platform", REMEDY),)
    builds = True
    workers_max = 1
    device_modules = (
        "tierbench.harness.formats.hef_file",
        "tierbench.targets.hailo.hailortcli",
        "tierbench.targets.hailo.device",
    )
    options = (
        Option(
            name="device_id",
            kind=str,
            default="",
            help="the device, as hailortcli scan names it; empty: the first",
        ),
        Option(
            name="format",
            kind=str,
            default="native",
            help="what goes in and out: the network's integers, or float32 that "
            "HailoRT converts inside the timed call",
            choices=("native", "float32"),
        ),
        Option(
            name="depth",
            kind=int,
            default=4,
            help="calls at once in offline and multi_stream, as far as the queue goes",
            minimum=1,
            maximum=256,
        ),
        Option(
            name="power_mode",
            kind=str,
            default="performance",
            help="HailoRT's power mode",
            choices=("performance", "ultra_performance"),
        ),
        Option(
            name="device_latency_s",
            kind=int,
            default=2,
            help="seconds that hailortcli times the chip alone; 0: not at all",
            minimum=0,
            maximum=600,
        ),
        *dataflow.OPTIONS,
    )

    def check(self, variant: Variant, workload: Workload) -> str | None:
        """Return why a .onnx file cannot be compiled here, or None."""
        if variant.format == "onnx":
            return dataflow.problem(self.settings, self.python)
        return None

    def prepare(self, variant: Variant) -> Path:
        """Return the HEF, compiled where the variant is a .onnx file.

        Raises:
            CaseError: the Dataflow Compiler refuses it.
        """
        if variant.format == "hef":
            return variant.path
        return dataflow.compile_model(variant.path, self.settings, self.python)

    def meters(self) -> tuple[PowerMeter, ...]:
        """Return the module's own power, read in the target's Python."""
        kind = registry.find(registry.METERS, "hailo")
        return (kind({"device_id": self.settings["device_id"]}, self.python),)

    def readers(self) -> tuple[StateReader, ...]:
        """Return what the chip tells of its temperature and throttling."""
        return (
            StateReader(
                module="tierbench.targets.state.hailo",
                options={"device_id": self.settings["device_id"] or None},
                python=self.python,
            ),
        )

    def figures(
        self, case: Case, artifact: Path, ran: Mapping[str, Any]
    ) -> tuple[Figure, ...]:
        """Return the mean time on the chip alone, as hailortcli measured it."""
        told = dict(ran["hailortcli"])
        reason = told.pop("reason", None)
        milliseconds = told.pop("hw_latency_ms", None)
        return (
            Figure(
                quantity="device_latency",
                unit="ns",
                evidence=Evidence.MEASURED,
                value=None if reason else milliseconds * 1e6,
                reason=reason,
                basis={**told, "what": "mean on the chip, one frame at a time"},
            ),
        )
