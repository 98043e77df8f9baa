"""A Jetson's power mode and clocks: told always, changed on request, put back.

``nvpmodel -q`` tells the mode, ``nvpmodel -m`` sets it; ``jetson_clocks`` raises the
clocks' lower limits, after ``--store`` has kept them for ``--restore``. What was before
is written to a record, and synced, before anything is changed. Each process that needs
the change holds a shared lock on the record, which the kernel drops with the process,
however that ends: whoever gets it alone puts back what was before. The record lies in
``/run``, which a restart empties as it resets the settings.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import subprocess
from collections.abc import Mapping
from typing import Any

from ...harness.device.session import SessionError
from ...harness.device.sysfs import entries, read_number, read_text

RECORD = "run/tierbench/jetson.json"
CLOCKS = "run/tierbench/jetson_clocks.conf"
LIMIT_S = 8.0
TRIES = 5

ASKED = re.compile(r"^NV Power Mode: *(\S+) *\n *(\d+) *$", re.M)
LISTED = re.compile(r"< *POWER_MODEL +ID=(\d+) +NAME=(\S+) *>")
RELEASE = re.compile(r"# R(\d+) \(release\), REVISION: ([\d.]+)")
GPU = re.compile(r"gpu|ga10b|gv11b")


def identity(wanted: Mapping[str, Any], root: str = "/") -> dict[str, str | None]:
    """Return module, release, and the mode and clocks that hold while it runs.

    What a process that is gone has left changed is put back first.

    Raises:
        SessionError: the wanted mode is none of this module's.
    """
    _put_back_left(root)
    number, name = mode()
    if wanted["power_mode"] >= 0:
        number, name = wanted["power_mode"], _name(wanted["power_mode"], root)
    locked = True if wanted["jetson_clocks"] else clocks_locked(root)
    model = read_text(os.path.join(root, "proc/device-tree/model"))
    found = RELEASE.search(read_text(os.path.join(root, "etc/nv_tegra_release")) or "")
    return {
        "module": model.strip("\0\n ") if model else None,
        "driver": "L4T {}.{}".format(*found.groups()) if found else None,
        "power_mode": f"{name} ({number})",
        "jetson_clocks": None if locked is None else "on" if locked else "off",
    }


def mode() -> tuple[int, str]:
    """Return the power mode's number and name.

    Raises:
        SessionError: ``nvpmodel`` does not tell.
    """
    told = _run("nvpmodel", "-q")
    found = ASKED.search(told)
    if found is None:
        raise SessionError(f"nvpmodel -q tells no power mode: {' '.join(told.split())}")
    return int(found.group(2)), found.group(1)


def clocks_locked(root: str = "/") -> bool | None:
    """Return whether the GPU's clock has no room, None where no file tells."""
    folder = os.path.join(root, "sys/class/devfreq")
    gpus = [os.path.join(folder, n) for n in entries(folder) if GPU.search(n)]
    if not gpus:
        return None
    least = read_number(os.path.join(gpus[0], "min_freq"))
    most = read_number(os.path.join(gpus[0], "max_freq"))
    return None if least is None or most is None else least == most


def _name(number: int, root: str) -> str:
    text = read_text(os.path.join(root, "etc/nvpmodel.conf")) or ""
    listed: dict[int, str] = {int(i): name for i, name in LISTED.findall(text)}
    if number not in listed:
        known = ", ".join(f"{i} ({name})" for i, name in sorted(listed.items()))
        raise SessionError(
            f"power_mode {number} is none of this module's; valid are {known or 'none'}"
        )
    return listed[number]


class Held:
    """The wanted mode and clocks, for as long as it is open."""

    def __init__(self, wanted: Mapping[str, Any], root: str = "/") -> None:
        """Set what is wanted, unless another process holds just that.

        Raises:
            SessionError: another holds something else, or the programs refuse.
        """
        self._root = root
        self._file: Any = None
        number, clocks = int(wanted["power_mode"]), bool(wanted["jetson_clocks"])
        _put_back_left(root)
        if number < 0 and not clocks:
            return
        if number >= 0:
            _name(number, root)
        self._file = _opened(root)
        try:
            self._hold({"power_mode": number, "jetson_clocks": clocks})
        except BaseException:
            self.close()
            raise

    def _hold(self, wish: dict[str, Any]) -> None:
        """Take a share of the record, having set what is wanted if nobody had one.

        Between the two locks another process may put all back: then it is tried again.
        """
        for _ in range(TRIES):
            if _alone(self._file):
                _put_back(self._file, self._root)
                _set(self._file, wish, self._root)
            fcntl.flock(self._file, fcntl.LOCK_SH)
            held = _content(self._file).get("wish")
            if held == wish:
                return
            if held:
                raise SessionError(
                    f"another session holds {held} on this Jetson, not {wish}; "
                    "measure each power mode in a run of its own"
                )
        raise SessionError("the Jetson's settings are put back by others all the time")

    def close(self) -> None:
        """Put back what was before, once no process holds it any more."""
        if self._file is None:
            return
        file, self._file = self._file, None
        try:
            if _alone(file):
                _put_back(file, self._root)
        finally:
            file.close()


def _set(file: Any, wish: dict[str, Any], root: str) -> None:
    """Write down what is now, then set what is wanted."""
    before, _ = mode()
    if wish["jetson_clocks"]:
        _run("jetson_clocks", "--store", os.path.join(root, CLOCKS), root=True)
    _write(file, {"wish": wish, "before": before})
    if wish["power_mode"] not in (-1, before):
        _set_mode(wish["power_mode"])
    if wish["jetson_clocks"]:
        _run("jetson_clocks", root=True)


def _set_mode(number: int) -> None:
    _run("nvpmodel", "-m", str(number), root=True)
    now, _ = mode()
    if now != number:
        raise SessionError(
            f"nvpmodel left the power mode at {now}, not {number}; a mode that needs a "
            f"restart is set by hand: sudo nvpmodel -m {number}"
        )


def _put_back_left(root: str) -> None:
    """Put back what processes that are gone have left."""
    if not read_text(os.path.join(root, RECORD)):
        return
    with _opened(root) as file:
        if _alone(file):
            _put_back(file, root)


def _put_back(file: Any, root: str) -> None:
    record = _content(file)
    if not record:
        return
    if record["wish"]["jetson_clocks"]:
        _run("jetson_clocks", "--restore", os.path.join(root, CLOCKS), root=True)
    if mode()[0] != record["before"]:
        _set_mode(int(record["before"]))
    _write(file, None)


def _opened(root: str) -> Any:
    path = os.path.join(root, RECORD)
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o644), "r+")
    except OSError as exc:
        raise SessionError(
            f"the record {path!r} cannot be written: {exc.strerror}; nothing was "
            "changed; run as root, or set the power mode by hand"
        ) from exc


def _alone(file: Any) -> bool:
    """Take the lock alone, if nobody else has it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _content(file: Any) -> dict[str, Any]:
    file.seek(0)
    text = file.read()
    try:
        record = json.loads(text) if text else {}
        if record:
            _ = int(record["before"]), bool(record["wish"]["jetson_clocks"])
    except (ValueError, TypeError, KeyError) as exc:
        raise SessionError(
            f"the record /{RECORD} cannot be used: {exc}; set the power mode by hand "
            "and remove it"
        ) from exc
    return dict(record)


def _write(file: Any, record: dict[str, Any] | None) -> None:
    file.seek(0)
    file.truncate()
    if record is not None:
        file.write(json.dumps(record))
    file.flush()
    os.fsync(file.fileno())


def _run(program: str, *arguments: str, root: bool = False) -> str:
    """Return what a program prints; ``root`` where it needs rights."""
    command = [program, *arguments]
    if root and os.geteuid():
        command = ["sudo", "-n", *command]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=LIMIT_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as exc:
        told = getattr(exc, "output", None) or b""
        words = " ".join(told.decode(errors="replace").split()) or str(exc)
        raise SessionError(
            f"{' '.join(command)} failed: {words[:300]}; run as root, or set it by hand"
        ) from exc
    return done.stdout.decode(errors="replace")
