"""Ask a Python what it has, in a child of its own: importing nothing of a vendor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from .errors import CaseError, TargetUnavailable, WorkerError
from .process import Process

PROBE_LIMIT_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What a Python and its machine are.

    ``distributions`` maps each name asked for to its version, None where missing.
    """

    executable: str
    cpu: str
    identity: Mapping[str, str | None]
    details: Mapping[str, Any]
    distributions: Mapping[str, str | None]


@cache
def probe(python: str | None, distributions: tuple[str, ...]) -> Probe:
    """Ask a Python (None: this one) for its machine and its distributions.

    Raises:
        TargetUnavailable: that Python does not start or does not answer.
    """
    process = Process((), python)
    try:
        hello = process.greet()
        reply, _ = process.request(
            "probe", PROBE_LIMIT_S, distributions=list(distributions)
        )
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
        distributions=dict(reply["distributions"]),
    )
