"""Where each tensor of a lowered network lies, as a C expression."""

from __future__ import annotations

from collections.abc import Sequence

from ....harness.errors import ModelError
from .arena import Buffer, plan
from .call import Alias, Call
from .network import Network, Tensor
from .operators import Step

WORD = 4


class Layout:
    """Places of tensors: in the input, in the arena, or among the stored tables."""

    def __init__(self, network: Network, steps: Sequence[Step]) -> None:
        """Plan the arena.

        Raises:
            ModelError: inputs do not lie one after the other aligned to their type, or
                a tensor is read that nothing has written.
        """
        self.calls = [step for step in steps if isinstance(step, Call)]
        self._same = {
            step.output.index: step.input.index
            for step in steps
            if isinstance(step, Alias)
        }
        self._inputs: dict[int, int] = {}
        self.input_bytes = 0
        for tensor in network.inputs:
            if self.input_bytes % (WORD if tensor.dtype == "float32" else 1):
                raise ModelError("a float32 input behind int8 ones is not aligned")
            self._inputs[tensor.index] = self.input_bytes
            self.input_bytes += tensor.size_bytes
        self._offsets: dict[int, int] = {}
        self._scratch: dict[int, int] = {}
        self.arena_bytes = self._plan(network)

    def _plan(self, network: Network) -> int:
        written: dict[int, Tensor] = {}
        first: dict[int, int] = {}
        last: dict[int, int] = {}
        for number, call in enumerate(self.calls):
            for tensor in call.inputs:
                root = self._root(tensor)
                if tensor.data is None and root not in self._inputs:
                    if root not in first:
                        raise ModelError("a tensor is read before it is written")
                    last[root] = number
            root = call.output.index
            if (
                root in self._inputs
                or root in self._same
                or call.output.data is not None
            ):
                raise ModelError("a tensor is written twice")
            written[root] = call.output
            first.setdefault(root, number)
            last[root] = number
        for tensor in network.outputs:
            root = self._root(tensor)
            if root not in self._inputs and root not in first:
                raise ModelError("an output is never written")
            last[root] = len(self.calls)
        buffers = [
            Buffer(size_bytes=written[i].size_bytes, first=first[i], last=last[i])
            for i in written
        ]
        needy = [n for n, call in enumerate(self.calls) if call.scratch_bytes]
        buffers += [
            Buffer(size_bytes=self.calls[n].scratch_bytes, first=n, last=n)
            for n in needy
        ]
        offsets, size = plan(buffers)
        self._offsets = dict(zip(written, offsets, strict=False))
        self._scratch = dict(zip(needy, offsets[len(written) :], strict=True))
        return size

    def _root(self, tensor: Tensor) -> int:
        index = tensor.index
        for _ in range(len(self._same) + 1):
            if index not in self._same:
                return index
            index = self._same[index]
        raise ModelError("reshapes go round in a circle")

    def place(self, tensor: Tensor) -> str:
        """Return where an activation begins: an ``int8_t *`` in C."""
        root = self._root(tensor)
        if root in self._inputs:
            return f"model_input + {self._inputs[root]}"
        return f"arena + {self._offsets[root]}"

    def scratch(self, number: int) -> str | None:
        """Return where the scratch of a call begins, None where it needs none."""
        offset = self._scratch.get(number)
        return None if offset is None else f"(uint32_t *)(void *)(arena + {offset})"
