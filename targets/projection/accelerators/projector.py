"""The projectors of accelerators and server cards: what may be set, and who answers."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Set
from typing import ClassVar

from ....harness.figure import Figure
from ....harness.option import Option
from ....harness.values import ModelProfile, Setting
from ..projector import Projector
from .devices import names_of
from .figures import Question, amd, coral, gpus, hailo
from .rows import SCENARIOS, SINGLE_STREAM


class Accelerator(Projector):
    """Devices of one family, from published rows."""

    family: ClassVar[str]
    options = (
        Option(name="device", kind=str, default="", help="which device"),
        Option(
            name="scenario",
            kind=str,
            default=SINGLE_STREAM,
            help="single_stream, or offline for throughput alone",
            choices=SCENARIOS,
        ),
        Option(
            name="batch",
            kind=float,
            default=1.0,
            help="samples in a call; offline the best that was published",
            minimum=1,
            maximum=4096,
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

    @abstractmethod
    def answer(self, question: Question) -> tuple[Figure, ...]:
        """Return latency and throughput of a model on one of the devices."""


class Hailo(Accelerator):
    """Hailo's chips."""

    name = family = "hailo"

    def answer(self, question: Question) -> tuple[Figure, ...]:
        """Return frame rates by networks alike."""
        return hailo(question)


class Coral(Accelerator):
    """Devices with an Edge TPU."""

    name = family = "coral"

    def answer(self, question: Question) -> tuple[Figure, ...]:
        """Return what a call, compute and streamed weights take."""
        return coral(question)


class Nvidia(Accelerator):
    """NVIDIA's server cards."""

    name = family = "nvidia"

    def answer(self, question: Question) -> tuple[Figure, ...]:
        """Return what a call and compute or weights take."""
        return gpus(question)


class NvidiaOnnxruntime(Nvidia):
    """The same cards by the name of the other target."""

    name = "nvidia-onnxruntime"


class Jetson(Nvidia):
    """NVIDIA's modules."""

    name = family = "jetson"


class Amd(Accelerator):
    """AMD's server cards."""

    name = family = "amd"

    def answer(self, question: Question) -> tuple[Figure, ...]:
        """Return why nothing is said."""
        return amd(question)


AMD = Amd()
CORAL = Coral()
HAILO = Hailo()
JETSON = Jetson()
NVIDIA = Nvidia()
NVIDIA_ONNXRUNTIME = NvidiaOnnxruntime()
