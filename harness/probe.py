"""Ask a Python what it has, each time in a child of its own.

``probe`` imports nothing of a vendor; ``trial`` and ``identity`` do, where a runtime
that crashes, prints or hangs harms nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from .errors import CaseError, TargetUnavailable, WorkerError
from .need import Kind, Thing
from .process import Process
from .values import Setting

PROBE_LIMIT_S = 30.0

TRIAL_LIMIT_S = 10.0
"""What importing a runtime, and asking it for its device, may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What a Python and its machine are.

    ``found`` maps each thing asked for to what was found of it, None where missing.
    """

    executable: str
    cpu: str
    identity: Mapping[str, str | None]
    details: Mapping[str, Any]
    found: Mapping[Thing, str | None]

    def version(self, distribution: str) -> str | None:
        """Return a distribution's version, None where it was not found."""
        return self.found.get((Kind.DISTRIBUTION, distribution))


@cache
def probe(python: str | None, things: tuple[Thing, ...]) -> Probe:
    """Ask a Python (None: this one) for its machine and for things that are needed.

    Raises:
        TargetUnavailable: that Python does not start or does not answer.
    """
    process = Process((), python)
    try:
        hello = process.greet()
        reply, _ = process.request("probe", PROBE_LIMIT_S, things=things)
    except (WorkerError, CaseError) as exc:
        raise TargetUnavailable(
            python or "this Python",
            f"it does not run the worker: {exc}",
            "give a Python of version 3.9 or later",
        ) from exc
    finally:
        process.close()
    identity = {
        key: None if hello.get(key) is None else str(hello[key])
        for key in ("cpu", "cpus", "architecture", "system", "kernel", "governor")
    }
    details = {key: hello.get(key) for key in ("python", "ram_bytes")}
    return Probe(
        executable=str(reply.get("executable")),
        cpu=str(hello.get("cpu")),
        identity=identity,
        details=details,
        found=dict(zip(things, reply["found"], strict=True)),
    )


@cache
def trial(python: str | None, modules: tuple[str, ...]) -> bool:
    """Import a device half and return whether it can identify its device.

    Raises:
        CaseError: the import fails.
        TargetUnavailable: that Python does not start.
        WorkerError: the runtime crashes, or does not answer in time.
    """
    reply = _asked(python, modules, "trial", {})
    return bool(reply["identifies"])


@cache
def identity(
    python: str | None,
    modules: tuple[str, ...],
    options: tuple[tuple[str, Setting], ...],
) -> Mapping[str, str | None]:
    """Return what a device half says of its device and software, by name.

    Raises:
        CaseError: there is no device of that kind; the message says what to do.
        TargetUnavailable: that Python does not start.
        WorkerError: the runtime crashes, or does not answer in time.
    """
    reply = _asked(python, modules, "identify", {"options": dict(options)})
    return {
        str(key): None if value is None else str(value)
        for key, value in dict(reply["identity"]).items()
    }


def _asked(
    python: str | None, modules: tuple[str, ...], op: str, arguments: dict[str, Any]
) -> dict[str, Any]:
    process = Process(modules, python)
    try:
        reply, _ = process.request(
            op, TRIAL_LIMIT_S, device_half=modules[-1], **arguments
        )
    finally:
        process.close()
    return reply
