"""Google's Coral Edge TPU on USB and PCIe."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...harness.figure import Figure
from ...harness.target import Kind, Need, Option, Target, Tier
from ...harness.values import Case, Evidence, Variant, Workload
from ...harness.watch import StateReader
from ...harness.worker import Limits, SubprocessWorker, Worker
from ..fallback import CPU_FALLBACK
from . import compiler

CUSTOM_OP = "CUSTOM:edgetpu-custom-op"
"""What the compiler leaves of all operators that it gave to the Edge TPU."""

DEVICE = re.compile(r"|usb|pci|(usb|pci)?:[0-9]{1,3}")
APEX = "tierbench.targets.state.apex"
REMEDY = (
    "pip install ai-edge-litert in the target's Python, or Google's pycoral where it "
    "still installs, and libedgetpu1-std; docs/coral.md says from whom"
)


class Coral(Target):
    """A model compiled for the Edge TPU, in the interpreter that its Python has."""

    name = "coral"
    tier = Tier.ACCELERATOR
    formats = ("tflite",)
    runtime = "libedgetpu"
    remedy = REMEDY
    needs = (
        Need.any_of(
            (
                (Kind.MODULE, "pycoral.utils.edgetpu"),
                (Kind.MODULE, "tflite_runtime.interpreter"),
                (Kind.MODULE, "ai_edge_litert.interpreter"),
            ),
            REMEDY,
        ),
    )
    workers_max = 1
    device_modules = ("tierbench.targets.coral.device",)
    options = (
        Option(
            name="device",
            kind=str,
            default="",
            help="which Edge TPU: usb, usb:0, pci, pci:1, :0; empty: any",
        ),
        CPU_FALLBACK,
    )

    def check(self, variant: Variant, workload: Workload) -> str | None:
        """Return why the model cannot run on the Edge TPU alone, or None."""
        device = str(self.settings["device"])
        if not DEVICE.fullmatch(device):
            return f"device {device!r} is not usb, usb:N, pci, pci:N or :N"
        for spec in variant.profile.inputs:
            if spec.shape and spec.shape[0] != workload.batch:
                return (
                    f"the Edge TPU runs the batch that the file has, {spec.shape[0]}, "
                    f"not {workload.batch}"
                )
        if CUSTOM_OP not in variant.profile.operators:
            return compiler.problem()
        left = {
            name: count
            for name, count in variant.profile.operators.items()
            if name != CUSTOM_OP
        }
        return None if self.settings["cpu_fallback"] else compiler.left_over(left)

    def prepare(self, variant: Variant) -> Path:
        """Return the file for the Edge TPU: as it is, or compiled.

        Raises:
            CaseError: ``edgetpu_compiler`` refuses it, or leaves operators to the CPU
                and that was not allowed.
        """
        if CUSTOM_OP in variant.profile.operators:
            return variant.path
        compiled = compiler.compile_model(variant.path)
        if not self.settings["cpu_fallback"]:
            compiler.refuse_left_over(compiled)
        return compiled

    def launch(self, case: Case, artifact: Path, limits: Limits) -> Worker:
        """Start a worker that knows how many operators the compiler moved."""
        told = compiler.mapping_of(artifact)
        return SubprocessWorker(
            modules=self.device_modules,
            artifact=artifact,
            options={
                **self.settings,
                "tpu_operators": told.tpu_operators if told else -1,
                "streamed_bytes": told.streamed_bytes if told else -1,
            },
            batch=case.workload.batch,
            limits=limits,
            python=self.python,
        )

    def readers(self) -> tuple[StateReader, ...]:
        """Return the temperature of a chip on PCIe; one on USB tells nothing."""
        if str(self.settings["device"]).startswith("usb"):
            return ()
        return (StateReader(module=APEX, python=self.python),)

    def figures(
        self, case: Case, artifact: Path, ran: Mapping[str, Any]
    ) -> tuple[Figure, ...]:
        """Return what the compiler told of a model that it compiled here."""
        told = compiler.mapping_of(artifact)
        if told is None:
            return ()
        counts = (
            ("tpu_operators", "1", told.tpu_operators),
            ("cpu_operators", "1", told.cpu_operators),
            ("on_chip_weights", "B", told.on_chip_bytes),
            ("streamed_weights", "B", told.streamed_bytes),
        )
        return tuple(
            Figure(
                quantity=quantity,
                unit=unit,
                evidence=Evidence.PROJECTED,
                value=float(value),
                basis={"by": told.compiler, "what": "the compiler's own count"},
            )
            for quantity, unit, value in counts
        )
