"""The seam on the device: what a runtime must offer to be timed.

A target's ``device.py`` holds one function::

    def open_session(model: str, options: dict, batch: int) -> Session: ...
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from .wire import Tensor


class SessionError(Exception):
    """The runtime refused the model, its inputs or a call; the message is one line."""


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn a runtime's exceptions into ``SessionError``; ``what`` says what failed."""
    try:
        yield
    except (MemoryError, SessionError):
        raise
    except Exception as exc:
        raise SessionError(f"{what}: {exc or type(exc).__name__}") from exc


class Camera(ABC):
    """What stands before and after a model where frames of a camera are judged."""

    @abstractmethod
    def preprocess(self) -> None:
        """Bring the next frame from its encoded bytes into the model's input."""

    @abstractmethod
    def postprocess(self) -> None:
        """Make an answer of the outputs of the last call."""


class Session(ABC):
    """A model loaded in its runtime, inputs bound, ready to be timed.

    The harness owns the clock: ``infer`` only acts. Bound inputs lie in host memory
    and outputs are readable in host memory when ``infer`` returns.
    """

    on_cpu = False
    """True where ``infer`` computes on the calling thread alone, so that time in which
    the thread did not run marks a preempted call."""

    depth = 1
    """How many calls can be under way at once through ``submit`` and ``wait``."""

    device_clock: str | None = None
    """The clock that ``device_ns`` reads, such as ``CUDA events``."""

    @abstractmethod
    def inputs(self) -> list[dict[str, Any]]:
        """Return ``name, dtype, shape, scale, zero_point`` of each input."""

    @abstractmethod
    def bind(self, tensors: Sequence[Tensor]) -> None:
        """Copy the inputs to where ``infer`` will take them from.

        Raises:
            SessionError: a tensor is missing, or its shape or dtype does not fit.
        """

    @abstractmethod
    def infer(self) -> None:
        """Run the model once on the bound inputs: the only act that is timed."""

    def device_ns(self) -> int:
        """Make a call as ``infer`` does and return its time on the device alone.

        That is by the device's own ``device_clock``, without what the host adds; only
        sessions that name one are asked.
        """
        raise SessionError("this device tells no time of its own")

    @abstractmethod
    def outputs(self) -> list[Tensor]:
        """Return the outputs of the last call."""

    @abstractmethod
    def ran(self) -> dict[str, Any]:
        """Tell what really ran: provider, precision, threads, share on accelerator."""

    def after_first_call(self) -> None:  # noqa: B027
        """Reserve what only the first call could tell, such as the outputs' size."""

    def feed(self, tensors: Sequence[Tensor]) -> None:
        """Give the bound inputs new values, the quickest way that the runtime has.

        Shapes and dtypes are those that were bound. A camera's frames come this way.
        """
        self.bind(tensors)

    def camera(
        self, images: Sequence[Tensor], layout: Mapping[str, Any]
    ) -> Camera | None:
        """Return the runtime's own pre- and post-processing, None for the harness's.

        Args:
            images: encoded image files, as bytes.
            layout: how pixels become the input, see ``harness.images.frames``.
        """
        return None

    def submit(self, slot: int) -> None:
        """Start a call in a slot below ``depth``; overlapped runtimes only."""
        raise SessionError("this runtime cannot overlap calls")

    def wait(self) -> int:
        """Wait for the oldest call under way and return its slot."""
        raise SessionError("this runtime cannot overlap calls")

    def memory(self) -> dict[str, Any]:
        """Return what only the runtime knows.

        ``arena_bytes`` of host memory that it manages itself, ``device_bytes`` of the
        accelerator's own memory. The harness asks after a call.
        """
        return {}

    def close(self) -> None:  # noqa: B027
        """Free the model and the runtime."""
