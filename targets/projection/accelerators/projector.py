"""The projectors of accelerators and server cards: what may be set, and who answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from typing import TypeAlias

from ....harness.figure import Figure
from ....harness.option import Option
from ....harness.values import ModelProfile, Setting
from ..projector import Projector
from .devices import names_of
from .figures import Question, amd, coral, gpus, hailo
from .rows import SCENARIOS, SINGLE_STREAM

Answer: TypeAlias = Callable[[Question], tuple[Figure, ...]]


class Accelerator(Projector):
    """Devices of one kind, from published rows."""

    def __init__(self, name: str, family: str, answer: Answer) -> None:
        """Keep who answers for the devices of a family."""
        self.family, self.answer = family, answer
        self.name = name  # type: ignore[misc]
        self.options = (  # type: ignore[misc]
            Option(name="device", kind=str, default="", help="which device"),
            Option(
                name="batch",
                kind=float,
                default=1.0,
                help="samples in a call; what is best for the scenario where left out",
                minimum=1,
                maximum=4096,
            ),
            Option(
                name="scenario",
                kind=str,
                default=SINGLE_STREAM,
                help="single_stream, or offline for throughput alone",
                choices=SCENARIOS,
            ),
        )

    def problems(self, settings: Mapping[str, Setting], refused: Set[str]) -> list[str]:
        """Return what is wrong with the device and the batch."""
        found = []
        valid = names_of(self.family)
        device = settings.get("device")
        if device is None and "device" not in refused:
            found.append(f"no device is told: set device=NAME of {', '.join(valid)}")
        elif device is not None and device not in valid:
            found.append(f"device {device!r} is not known; valid: {', '.join(valid)}")
        batch = float(settings.get("batch", 1.0))
        if batch != int(batch):
            found.append(f"batch must be a whole number, not {batch:g}")
        return found

    def figures(
        self, profile: ModelProfile, settings: Mapping[str, Setting]
    ) -> tuple[Figure, ...]:
        """Return latency and throughput."""
        batch = settings.get("batch")
        return self.answer(
            Question(
                profile=profile,
                device=str(settings["device"]),
                scenario=str(settings.get("scenario", SINGLE_STREAM)),
                batch=None if batch is None else int(batch),
            )
        )


HAILO = Accelerator("hailo", "hailo", hailo)
CORAL = Accelerator("coral", "coral", coral)
JETSON = Accelerator("jetson", "jetson", gpus)
NVIDIA = Accelerator("nvidia", "nvidia", gpus)
NVIDIA_ONNXRUNTIME = Accelerator("nvidia-onnxruntime", "nvidia", gpus)
AMD = Accelerator("amd", "amd", amd)
