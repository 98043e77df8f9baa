"""OpenVINO on this machine's CPU."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...harness.target import Option, Target, Tier
from ...harness.values import Case, TensorSpec, Variant, Workload
from ...harness.worker import Limits, Opened, SubprocessWorker, Worker
from ..batch import fixed_batch


class HostOpenvino(Target):
    """OpenVINO's CPU plugin, one request whose inputs and outputs stay in place."""

    name = "host-openvino"
    tier = Tier.HOST
    formats = ("onnx", "tflite")
    runtime = "openvino"
    remedy = "pip install 'tierbench[openvino]'"
    device_modules = ("tierbench.targets.host_openvino.device",)
    own_meters = ("rapl",)
    options = (
        Option(
            name="threads",
            kind=int,
            default=1,
            help="threads of a stream",
            minimum=1,
            maximum=1024,
        ),
        Option(
            name="depth",
            kind=int,
            default=1,
            help="requests at once in offline and multi_stream, each in its stream",
            minimum=1,
            maximum=256,
        ),
        Option(
            name="precision",
            kind=str,
            default="f32",
            help="what float operators compute in; default: the runtime's own choice",
            choices=("f32", "bf16", "f16", "default"),
        ),
    )

    def check(self, variant: Variant, workload: Workload) -> str | None:
        """Return that the batch is fixed in the file to another one, or None.

        A batch of 1 in a .tflite file is not fixed: runtimes resize it. In an .onnx
        file it is: operators may rest on it, and would silently mix a batch's samples.
        """
        tflite = variant.format == "tflite"
        return fixed_batch(variant, workload, resizes_one=tflite)

    def launch(self, case: Case, artifact: Path, limits: Limits) -> Worker:
        """Start a worker that knows the scales of the case's inputs."""
        return _ScaledWorker(
            case.variant.profile.inputs,
            modules=self.device_modules,
            artifact=artifact,
            options=self.settings,
            batch=case.workload.batch,
            limits=limits,
            python=self.python,
        )


class _ScaledWorker(SubprocessWorker):
    """Adds the inputs' scales, which the file holds and OpenVINO does not tell."""

    def __init__(self, specs: Sequence[TensorSpec], **rest: Any) -> None:
        super().__init__(**rest)
        self._specs = {spec.name: spec for spec in specs}

    def open(self) -> Opened:
        opened = super().open()
        return replace(opened, inputs=tuple(map(self._scaled, opened.inputs)))

    def _scaled(self, spec: TensorSpec) -> TensorSpec:
        known = self._specs.get(spec.name)
        if known is None or known.dtype != spec.dtype:
            return spec
        return replace(spec, scale=known.scale, zero_point=known.zero_point)
