"""Boards to be measured: the worker of one, in virtual time or on a pseudo-terminal."""

from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tierbench.harness.values import ModelProfile, TensorSpec
from tierbench.harness.worker import Limits
from tierbench.targets.cortex_m_serial import CortexMSerial, lines, protocol, worker
from tierbench.targets.cortex_m_serial.worker import BoardWorker

from .serial_device import Board, Firmware, Loopback, Twist, VirtualTime, honest

INPUTS, OUTPUTS = 100, 4
LIMITS = Limits(open_s=10.0, call_s=5.0)


def profile_of(inputs: int = INPUTS, outputs: int = OUTPUTS) -> ModelProfile:
    """Return an int8 model with so many inputs, and outputs within -1 and 1."""

    def spec(name: str, length: int) -> TensorSpec:
        return TensorSpec(
            name=name, dtype="int8", shape=(1, length), scale=1 / 128, zero_point=0
        )

    return ModelProfile(
        format="tflite",
        inputs=(spec("x", inputs),),
        outputs=(spec("y", outputs),),
        operators={"FULLY_CONNECTED": 1},
        parameters=1,
        macs=None,
        peak_activation_bytes=None,
        weight_bits=8,
        activation_bits=8,
    )


def sample(seed: int = 0, inputs: int = INPUTS) -> dict[str, np.ndarray]:
    """Return one input of the model."""
    random = np.random.default_rng(seed)
    return {"x": random.integers(-128, 128, (1, inputs), np.int8)}


def virtual(
    monkeypatch: pytest.MonkeyPatch,
    device: Firmware | Board,
    twist: Twist = honest,
    profile: ModelProfile | None = None,
    **settings: Any,
) -> tuple[BoardWorker, Loopback]:
    """Return a worker whose port leads to a firmware in virtual time."""
    clock = VirtualTime()
    loopback = Loopback(device, clock, twist)
    modules: tuple[ModuleType, ...] = (lines, protocol, worker)
    for module in modules:
        monkeypatch.setattr(module, "time", clock)
    monkeypatch.setattr(worker, "Port", lambda path, baud: loopback)
    settings = CortexMSerial({"port": "virtual", **settings}).settings
    return BoardWorker(settings, profile or profile_of(), LIMITS), loopback
