"""The device half of the abacus that lies."""

import os

import numpy as np
from tierbench_abacus.beads import BEADS
from tierbench_abacus.device import AbacusSession
from tierbench_abacus.device import identify as identify_abacus

from tierbench.harness.device.session import SessionError


class LiarSession(AbacusSession):
    """A session that tells the lies of its option."""

    def __init__(self, model, batch, lies):
        """Know the lies before the model is opened."""
        self._lies = lies
        self._hoard = []
        super().__init__(model, batch)

    def bind(self, tensors):
        """Take anything, where that is the lie."""
        try:
            super().bind(tensors)
        except SessionError:
            if "any-input-is-fine" not in self._lies:
                raise

    def compute(self, inputs):
        """Compute something else than what was asked for, where that is the lie."""
        if "leaks" in self._lies and len(self._hoard) < 512:
            self._hoard.append(np.ones(1 << 19, np.uint8))
        if "other-precision" in self._lies:
            return self._compute_halved(inputs)
        found = super().compute(inputs)
        if "wrong-numbers" in self._lies:
            return {name: array + 1e-3 for name, array in found.items()}
        if "one-sample" in self._lies:
            return {name: array[[0] * len(array)] for name, array in found.items()}
        return found

    def _compute_halved(self, inputs):
        """Compute as if every result was kept in fp16."""
        values = dict(self._weights, **inputs)
        for kind, names, target, attributes in self._steps:
            given = [values[name] for name in names]
            values[target] = _halved(BEADS[kind](given, attributes))
        return {name: values[name] for name in self._outputs}

    def device_ns(self):
        """Tell a time that the device never took, where that is the lie."""
        took = super().device_ns()
        if "device-too-slow" in self._lies:
            return 2 * took
        return 5 if "device-stands-still" in self._lies else took

    def ran(self):
        """Claim what did not run, where that is the lie."""
        told = super().ran()
        if "silent-fallback" in self._lies:
            return dict(told, accelerated_share=0.5)
        if "cpu-in-disguise" in self._lies:
            return dict(told, provider="CPUExecutionProvider")
        if "unknown-share" in self._lies:
            return dict(told, accelerated_share=None)
        return told


class AnythingGoes(LiarSession):
    """What opens any file and answers nothing but zeros."""

    def __init__(self, lies):
        """Read no file."""
        self._lies = lies
        self._inputs = [{"name": "x", "dtype": "float32", "shape": [1]}]

    def compute(self, inputs):
        """Return zeros."""
        return {"y": np.zeros(1, np.float32)}


def _halved(array):
    """Return an array with the digits that fp16 would keep of it."""
    return array.astype(np.float16).astype(np.float32)


def identify(options):
    """Return another device each time, where that is the lie."""
    told = identify_abacus(options)
    if "changes-its-name" in options["lies"]:
        return dict(told, device=f"liar {os.getpid()}")
    return told


def open_session(model, options, batch):
    """Load a model file, or pretend to."""
    try:
        return LiarSession(model, batch, options["lies"])
    except SessionError:
        if "garbage-is-fine" not in options["lies"]:
            raise
        return AnythingGoes(options["lies"])
