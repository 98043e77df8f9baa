"""Time on the chip, which HailoRT's own program tells and its Python interface not.

``hailortcli run2 --measure-latency`` sends frames one at a time; its JSON holds the
mean time on the neural network core, in ms. Flags and keys are those of
``run2_command.cpp`` and ``network_live_track.cpp`` of HailoRT 4.23.0 and 5.2.0.

Standard library only: it travels to the device.
"""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from ...harness.device import artifacts

PROGRAM = "hailortcli"
PATIENCE_S = 60.0
"""What it may take beside the time that it measures: it loads the network first."""

FILE_BYTES = 1 << 20
SUFFIX = ".latency.json"


def measure(model: str, asked: dict[str, Any]) -> None:
    """Run the program on a network and keep what it tells, or why it tells nothing.

    Args:
        model: a HEF.
        asked: ``device_id`` (empty: the first), ``seconds`` (0: do not run it), and
            the ``batch`` of the case: of more than one frame the program tells nothing.
    """
    told = _told(model, asked)
    artifacts.keep(_path(model, asked), json.dumps(told).encode())


def kept(model: str, asked: dict[str, Any]) -> dict[str, Any]:
    """Return what ``measure`` kept last, ``{"reason": ...}`` where that is nothing."""
    try:
        with open(_path(model, asked), "rb") as file:
            return dict(json.loads(file.read(FILE_BYTES)))
    except (OSError, ValueError, TypeError):
        return {"reason": f"{PROGRAM} was not run"}


def _path(model: str, asked: dict[str, Any]) -> str:
    return artifacts.path_of(model, asked, SUFFIX)


def _told(model: str, asked: dict[str, Any]) -> dict[str, Any]:
    if not asked["seconds"]:
        return {"reason": "device_latency_s is 0"}
    if asked["batch"] != 1:
        return {
            "reason": f"{PROGRAM} times one frame at a time, and nothing of a batch "
            f"of {asked['batch']}"
        }
    if shutil.which(PROGRAM) is None:
        return {
            "reason": f"the program {PROGRAM} is not on the device's PATH; it comes "
            "with HailoRT, from Hailo"
        }
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "run.json")
        command = [PROGRAM, "run2", "--time-to-run", str(asked["seconds"])]
        if asked["device_id"]:
            command += ["--device-id", asked["device_id"]]
        command += ["--json", path, "--measure-latency", "--measure-overall-latency"]
        command += ["set-net", model]
        problem = _run(command, asked["seconds"] + PATIENCE_S)
        if problem:
            return {"reason": f"{PROGRAM} {problem}"}
        return {**_read(path), "by": version(), "seconds": asked["seconds"]}


def version() -> str | None:
    """Return what the program says of its version, None where it says nothing."""
    with tempfile.TemporaryFile() as printed:
        if _run([PROGRAM, "--version"], PATIENCE_S, printed):
            return None
        printed.seek(0)
        found = re.search(rb"version (\d[\w.]*)", printed.read(4096))
    return f"{PROGRAM} {found.group(1).decode()}" if found else None


def _read(path: str) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:
            (group,) = json.loads(file.read(FILE_BYTES))["network_groups"]
        found = {
            key: milliseconds(group.get(key))
            for key in ("hw_latency", "overall_latency")
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
        return {"reason": f"{PROGRAM} wrote no JSON that can be read: {exc!r}"}
    if found["hw_latency"] is None:
        return {"reason": f"{PROGRAM} tells no time on the chip of this network"}
    return {f"{key}_ms": value for key, value in found.items()}


def milliseconds(value: Any) -> float | None:
    """Return a number, or one with its unit such as ``"2.5 ms"``; None for no time.

    Raises:
        ValueError: it is of another unit, or no number.
    """
    if value is None:
        return None
    if isinstance(value, str):
        number, _, unit = value.strip().partition(" ")
        if unit not in ("", "ms"):
            raise ValueError(f"{value!r} is not in ms")
        value = number
    found = float(value)
    if not 0 <= found < float("inf"):
        raise ValueError(f"{value!r} is no time")
    return found or None


def _run(command: Sequence[str], limit_s: float, printed: Any = None) -> str | None:
    """Run a program within bounds and return what went wrong, None for nothing."""
    with tempfile.TemporaryFile() as errors:
        try:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL if printed is None else printed,
                stderr=errors,
                start_new_session=True,
            )
        except OSError as exc:
            return f"cannot be started: {exc}"
        with suppress(OSError):  # what it writes must not fill the disk
            most = (FILE_BYTES, FILE_BYTES)
            resource.prlimit(child.pid, resource.RLIMIT_FSIZE, most)
        try:
            status = child.wait(timeout=limit_s)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            return f"did not end within {limit_s:g} s"
        if status == 0:
            return None
        errors.seek(max(0, errors.seek(0, os.SEEK_END) - 4096))
        lines = errors.read().decode("utf-8", "replace").split("\n")
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return f"ended with status {status}: {last[:200]}"
