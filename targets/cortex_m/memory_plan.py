"""The arena of TensorFlow Lite Micro, laid out as its allocators do it.

After ``micro_allocator.cc``, ``micro_allocation_info.cc`` and
``greedy_memory_planner.cc`` of tflite-micro at commit 90b983c2: from the head
what lives for a while only, from the tail what stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .kernels import Build, Need, need, sizeof
from .structure import Structure, Subgraph

ALIGNMENT = 16
SCRATCH_REQUESTS_MIN = 12
"""Requests that an operator may make, room for which is kept while it prepares."""

_CALLED = {"IF", "WHILE", "CALL_ONCE"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Arena:
    """Bytes of an arena.

    ``used`` is what the interpreter reports once it has allocated; ``needed`` what it
    takes to get there, since preparing and planning want room of their own.
    """

    used: int
    needed: int
    head: int
    tail: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Buffer:
    """Bytes that are wanted from one step to another, both included."""

    size: int
    first: int
    last: int


def plan(buffers: list[Buffer]) -> int:
    """Return the bytes that the greedy planner spreads buffers over."""
    # Sorted by size; of equals the one that was added last is placed first.
    order = sorted(
        range(len(buffers)), key=lambda i: (buffers[i].size, i), reverse=True
    )
    placed: list[tuple[int, Buffer]] = []
    for index in order:
        wanted = buffers[index]
        offset = _gap(placed, wanted)
        place = next(
            (i for i, (other, _) in enumerate(placed) if other > offset), len(placed)
        )
        placed.insert(place, (offset, wanted))
    return max((offset + buffer.size for offset, buffer in placed), default=0)


def _gap(placed: list[tuple[int, Buffer]], wanted: Buffer) -> int:
    offset = 0
    for start, other in placed:
        if other.first > wanted.last or wanted.first > other.last:
            continue
        if start - offset >= wanted.size:
            break
        offset = max(offset, start + other.size)
    return offset


class _Tail:
    """What grows from the arena's end towards its start."""

    def __init__(self) -> None:
        self.bytes = 0

    def take(self, size: int, alignment: int) -> None:
        self.bytes = -(-(self.bytes + size) // alignment) * alignment


def lay_out(structure: Structure, build: Build) -> Arena:
    """Return the arena that a model takes in an interpreter of that build.

    Branches and loops are laid out as if none ran within them: what they call adds
    its structures, not its activations.
    """
    main = structure.subgraphs[0]
    pointer = build.pointer_bytes
    needs = [
        [need(operator, graph, build) for operator in graph.operators]
        for graph in structure.subgraphs
    ]
    tail = _Tail()
    _keep_interpreter(tail, structure, build)
    for wanted in _flat(needs):
        if wanted.parameters:
            tail.take(wanted.parameters, 1 if wanted.parameters < 4 else 4)
    for wanted in _flat(needs):
        if wanted.state:
            tail.take(wanted.state, ALIGNMENT)
    preparing = _prepare(tail, structure, needs, pointer)
    scratch = [(step, size) for step, n in enumerate(needs[0]) for size in n.scratch]
    count = sum(len(wanted.scratch) for wanted in _flat(needs))
    if count:
        tail.take(pointer * count, pointer)
    for graph in structure.subgraphs:
        for tensor in graph.tensors:
            if tensor.is_variable:
                tail.take(tensor.size_bytes, ALIGNMENT)
    buffers = _buffers(main, scratch)
    tensors = sum(len(graph.tensors) for graph in structure.subgraphs)
    planning = tail.bytes + _planning(
        len(structure.subgraphs), tensors + count, count, len(buffers), pointer
    )
    head = plan(buffers)
    _keep_ends(tail, main, pointer)
    used = head + tail.bytes
    return Arena(
        used=used,
        needed=max(used, planning, preparing),
        head=head,
        tail=tail.bytes,
    )


def _flat(needs: list[list[Need]]) -> Iterator[Need]:
    for of_graph in needs:
        yield from of_graph


def _keep_interpreter(tail: _Tail, structure: Structure, build: Build) -> None:
    pointer = build.pointer_bytes
    recorded = ("pppp", "p" + "ppp" * (7 + build.has_compression))
    more = recorded if build.is_recording else ("", "")
    for fields in (
        "pp ppppp pi" + more[0],  # SingleArenaBufferAllocator
        "p ii pppp ii p b",  # GreedyMemoryPlanner
        "p pp pp b ppp" + more[1],  # MicroAllocator
        "pp",  # MicroBuiltinDataAllocator
    ):
        tail.take(sizeof(fields, pointer), pointer)
    allocations = sizeof("pp" + "p" * build.has_compression, pointer)
    tail.take(allocations * len(structure.subgraphs), pointer)
    for graph in structure.subgraphs:
        tail.take(sizeof("ppi", pointer) * len(graph.tensors), pointer)
    for graph in structure.subgraphs:  # NodeAndRegistration
        tail.take(8 * pointer * len(graph.operators), pointer)


def _prepare(
    tail: _Tail, structure: Structure, needs: list[list[Need]], pointer: int
) -> int:
    """Let every operator make its arrays; return the most bytes that took."""
    most, requests = 0, SCRATCH_REQUESTS_MIN
    for graph, of_graph in zip(structure.subgraphs, needs, strict=True):
        for operator, wanted in zip(graph.operators, of_graph, strict=True):
            for size in wanted.arrays:
                tail.take(size, ALIGNMENT)
            views = sum(
                _view(graph.tensors[i].scales, pointer)
                for i in (*operator.inputs, *operator.outputs)
                if i >= 0
            )
            head = sizeof("pii", pointer) * requests
            most = max(most, head + views + tail.bytes)
            requests += len(wanted.scratch)
    return most


def _view(scales: int, pointer: int) -> int:
    """Return the bytes of a TfLiteTensor with its quantisation."""
    quantisation = sizeof("ppi", pointer) + 4 * (1 + scales) if scales else 0
    return 8 * pointer + quantisation


def _planning(
    subgraphs: int, infos: int, requests: int, buffers: int, pointer: int
) -> int:
    head = sizeof("pii", pointer) * (requests + SCRATCH_REQUESTS_MIN)
    info = sizeof("pp iii b", pointer) * infos
    per_buffer = 4 * (4 + 1 + 1 + 3 + 1)
    return head + pointer * subgraphs + info + per_buffer * buffers + 2 * ALIGNMENT


def _keep_ends(tail: _Tail, main: Subgraph, pointer: int) -> None:
    for places in (main.inputs, main.outputs):
        tail.take(pointer * len(places), ALIGNMENT)
        for place in places:
            tail.take(8 * pointer, pointer)  # TfLiteTensor
            if scales := main.tensors[place].scales:
                tail.take(sizeof("ppi", pointer), pointer)
                tail.take(4 * (1 + scales), 4)


def _buffers(main: Subgraph, scratch: list[tuple[int, int]]) -> list[Buffer]:
    """Return activations and scratch with the steps that they are wanted in."""
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    for place in main.inputs:
        first[place] = last[place] = 0
    for step, operator in enumerate(main.operators, 1):
        for place in operator.outputs:
            first.setdefault(place, step)
        for place in (*operator.inputs, *operator.outputs):
            if place >= 0:
                last[place] = step
    for place in main.outputs:
        first.setdefault(place, len(main.operators))
        last[place] = len(main.operators)
    found = [
        Buffer(size=_up(tensor.size_bytes), first=first[place], last=last[place])
        for place, tensor in enumerate(main.tensors)
        if place in first
        and tensor.size_bytes
        and not (tensor.is_stored or tensor.is_variable)
    ]
    return found + [
        Buffer(size=_up(size), first=step + 1, last=step + 1) for step, size in scratch
    ]


def _up(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT
