"""A worker that is a firmware on an emulator: it computes, and counts instructions."""

from __future__ import annotations

import time
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...harness.errors import CaseError
from ...harness.values import Memory, TensorSpec
from ...harness.worker import Bound, Limits, Measured, Opened, Stretch, Worker
from .board import Answer, Board
from .elf import read_elf
from .emulator import Emulator

if TYPE_CHECKING:
    from ...harness.worker import Array

COUNTS = 3
"""How often the same inference is counted: the counts must be the same."""

OVERREAD_BYTES = 4
"""Bytes that the firmware keeps behind each of the model's two buffers."""

_BUFFERS = ("arena", "model_input")


class EmulatedWorker(Worker):
    """One firmware in one QEMU process."""

    def __init__(
        self,
        machine: str,
        firmware: Path,
        inputs: tuple[TensorSpec, ...],
        outputs: tuple[TensorSpec, ...],
        limits: Limits,
    ) -> None:
        """Keep what is needed; QEMU starts with ``open``."""
        self._machine, self._firmware = machine, firmware
        self._inputs, self._outputs = inputs, outputs
        self._limits = limits
        self._emulator: Emulator | None = None

    def open(self) -> Opened:
        """Start the firmware and wait until it is ready."""
        began_ns = time.monotonic_ns()
        self.close()
        program = read_elf(self._firmware)
        self._emulator = Emulator(self._machine, self._firmware, program)
        self._program = program
        self._board = Board(self._emulator, self._limits.call_s)
        self._emulator.pause()
        return Opened(inputs=self._inputs, open_ns=time.monotonic_ns() - began_ns)

    def bind(self, inputs: Mapping[str, Array]) -> Bound:
        """Load the inputs, and count the same inference a few times.

        Raises:
            CaseError: the counts differ.
        """
        began_ns = time.monotonic_ns()
        self._load(inputs)
        emulator = self._open()
        answers = [self._board.infer(emulator.counts) for _ in range(COUNTS)]
        counts = {answer.instructions for answer in answers}
        if len(counts) != 1:
            raise CaseError(
                f"one inference took {sorted(filter(None, counts))} instructions: the "
                "firmware does not do the same twice"
            )
        ran = self._ran(answers[-1])
        emulator.pause()
        took_ns = (time.monotonic_ns() - began_ns) // COUNTS
        return Bound(first_call_ns=max(1, took_ns), ran=ran)

    def block(self, stretch: Stretch) -> Measured:
        """Refuse: an emulator tells no time."""
        raise CaseError("an emulator counts instructions and tells no time")

    def evaluate(self, inputs: Mapping[str, Array]) -> tuple[Array, ...]:
        """Return the outputs for these inputs, as the firmware stores or tells them."""
        self._load(inputs)
        answer = self._board.infer(False)
        stored = self._board.outputs()
        self._open().pause()
        if stored is None:
            return _quantised(answer.results, self._outputs)
        return _split(stored, self._outputs)

    def memory(self) -> Memory:
        """Return nothing: the emulator's own memory says nothing of the board."""
        return Memory(scope="none")

    def close(self) -> None:
        """End QEMU."""
        if self._emulator is not None:
            self._emulator.close()
            self._emulator = None

    def _open(self) -> Emulator:
        if self._emulator is None:
            raise CaseError("the emulator is not open")
        return self._emulator

    def _load(self, inputs: Mapping[str, Array]) -> None:
        parts = [_input(inputs, spec) for spec in self._inputs]
        data = b"".join(part.tobytes() for part in parts)
        emulator = self._open()
        emulator.resume()
        if not emulator.write_input(data):
            self._board.load(data)

    def _ran(self, answer: Answer) -> dict[str, Any]:
        symbols, sizes = self._program.symbols, self._program.sizes
        ours = all(name in symbols for name in _BUFFERS)
        held = [symbols[name].size_bytes - OVERREAD_BYTES for name in _BUFFERS if ours]
        return {
            "provider": "firmware",
            "precision": None,
            "precision_reason": "the kernels compute in the types of the file",
            "instructions": answer.instructions,
            "virtual_us": answer.device_us,
            "arena_bytes": sum(held) if ours else None,
            "stack_bytes": self._open().stack_high_water_bytes(),
            "text_bytes": sizes.text_bytes,
            "data_bytes": sizes.data_bytes,
            "bss_bytes": sizes.bss_bytes,
        }


def _input(inputs: Mapping[str, Array], spec: TensorSpec) -> Array:
    """Return one input, or refuse what the firmware's buffer was not made for."""
    array = inputs.get(spec.name)
    if array is None:
        raise CaseError(f"input {spec.name!r} was not given")
    if array.shape != _shape(spec) or array.dtype != np.dtype(spec.dtype):
        raise CaseError(
            f"input {spec.name!r} is {array.dtype} {array.shape}; "
            f"{spec.dtype} {_shape(spec)} is valid"
        )
    return np.ascontiguousarray(array)


def _split(stored: bytes, outputs: tuple[TensorSpec, ...]) -> tuple[Array, ...]:
    """Return outputs that lie one after the other."""
    due = sum(np.dtype(spec.dtype).itemsize * prod(_shape(spec)) for spec in outputs)
    if len(stored) != due:
        raise CaseError(f"the firmware gave {len(stored)} bytes of outputs, not {due}")
    found, start = [], 0
    for spec in outputs:
        kind, shape = np.dtype(spec.dtype), _shape(spec)
        part = np.frombuffer(stored, kind, prod(shape), start)
        found.append(part.reshape(shape))
        start += part.nbytes
    return tuple(found)


def _quantised(
    values: tuple[float, ...], outputs: tuple[TensorSpec, ...]
) -> tuple[Array, ...]:
    """Return real results as the one output stores them."""
    if len(outputs) != 1 or len(values) != prod(_shape(outputs[0])):
        raise CaseError(
            f"the firmware gave {len(values)} results; the model's outputs are "
            f"{[_shape(spec) for spec in outputs]}"
        )
    spec = outputs[0]
    real = np.array(values, np.float64).reshape(_shape(spec))
    if spec.scale is None:
        return (real.astype(spec.dtype),)
    limits = np.iinfo(spec.dtype)
    steps = np.rint(real / spec.scale) + (spec.zero_point or 0)
    return (np.clip(steps, limits.min, limits.max).astype(spec.dtype),)


def _shape(spec: TensorSpec) -> tuple[int, ...]:
    return tuple(1 if length == -1 else length for length in spec.shape)
