"""What the operating system tells of this process and this machine.

Linux files; where one is missing the answer is None, never a guess.
"""

from __future__ import annotations

import os
import platform
import resource
from typing import Any


def counters() -> dict[str, int | None]:
    """Return counters whose differences around a block show what disturbed it."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "involuntary_switches": usage.ru_nivcsw,
        "voluntary_switches": usage.ru_nvcsw,
        "page_faults": usage.ru_majflt,
        "process_cpu_ns": int((usage.ru_utime + usage.ru_stime) * 1e9),
        "run_delay_ns": _run_delay_ns(),
        "steal_ticks": _steal_ticks(),
    }


def _run_delay_ns() -> int | None:
    fields = _read("/proc/thread-self/schedstat").split()
    return int(fields[1]) if len(fields) > 1 else None


def _steal_ticks() -> int | None:
    fields = _read("/proc/stat").split("\n", 1)[0].split()
    return int(fields[8]) if len(fields) > 8 else None


def reset_peak() -> str | None:
    """Reset the peak of resident memory; return why not where that is refused."""
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
    except OSError as exc:
        return f"the peak cannot be reset (/proc/self/clear_refs: {exc.strerror})"
    return None


def memory() -> dict[str, int | None]:
    """Return resident and peak resident bytes of this process (VmRSS, VmHWM)."""
    status = _read("/proc/self/status")
    found = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    return {
        "resident_bytes": _kib(found.get("VmRSS")),
        "peak_bytes": _kib(found.get("VmHWM")),
        "anonymous_bytes": _kib(found.get("RssAnon")),
        "file_bytes": _kib(found.get("RssFile")),
    }


def machine() -> dict[str, Any]:
    """Return what identifies this machine to a reader and to reuse."""
    info = _read("/proc/cpuinfo")
    models = [line.split(":", 1)[1].strip() for line in info.splitlines()
              if line.startswith(("model name", "Hardware", "Model"))]  # fmt: skip
    tree = _read("/proc/device-tree/model").strip("\0\n ")
    governor = "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"
    return {
        "cpu": tree or (models[0] if models else platform.processor() or "unknown"),
        "cpus": os.cpu_count(),
        "architecture": platform.machine(),
        "system": platform.system(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "governor": _read(governor).strip() or None,
        "ram_bytes": _ram_bytes(),
    }


def _ram_bytes() -> int | None:
    for line in _read("/proc/meminfo").splitlines():
        if line.startswith("MemTotal:"):
            return _kib(line.split(":", 1)[1])
    return None


def _kib(text: str | None) -> int | None:
    return None if text is None else int(text.split()[0]) * 1024


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
