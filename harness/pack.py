"""Put the worker together: one zipapp of the core and one target's device half.

It holds nothing of the host: the packages above a device half are empty in it, so
importing it on a board pulls in nothing else.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from .cache import cache_folder, write_atomically
from .errors import InfrastructureError

CORE = (
    "tierbench.harness.device.artifacts",
    "tierbench.harness.device.arrivals",
    "tierbench.harness.device.busy",
    "tierbench.harness.device.clock",
    "tierbench.harness.device.demands",
    "tierbench.harness.device.main",
    "tierbench.harness.device.memory",
    "tierbench.harness.device.monitor",
    "tierbench.harness.device.quantities",
    "tierbench.harness.device.reader",
    "tierbench.harness.device.session",
    "tierbench.harness.device.stages",
    "tierbench.harness.device.state",
    "tierbench.harness.device.sysfs",
    "tierbench.harness.device.things",
    "tierbench.harness.device.wire",
    "tierbench.harness.images.frames",
    "tierbench.harness.loadgen",
)

START = b"""\
import sys

from tierbench.harness.device.main import main

sys.exit(main(sys.argv[1:]))
"""


@cache
def pack(device_modules: tuple[str, ...]) -> Path:
    """Return the worker's zipapp, cached by content.

    Args:
        device_modules: dotted names of the device half's modules; none for the core
            alone, which can probe and nothing else.

    Raises:
        InfrastructureError: the module has no source that could travel.
    """
    files = {"__main__.py": START}
    for module in (*CORE, *device_modules):
        files[module.replace(".", "/") + ".py"] = _source(module)
        for parent in _parents(module):
            files.setdefault(parent.replace(".", "/") + "/__init__.py", b"")
    content = _zip(files)
    name = hashlib.sha256(content).hexdigest()[:32]
    path = cache_folder("workers") / f"{name}.pyz"
    if not path.exists():
        write_atomically(path, content)
    return path


def _parents(module: str) -> list[str]:
    parts = module.split(".")[:-1]
    return [".".join(parts[: i + 1]) for i in range(len(parts))]


def _source(module: str) -> bytes:
    try:
        spec = find_spec(module)
    except ImportError as exc:
        raise InfrastructureError(
            f"device half {module!r} cannot be found: {exc}"
        ) from exc
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        raise InfrastructureError(f"device half {module!r} has no Python source")
    return Path(spec.origin).read_bytes()


def _zip(files: dict[str, bytes]) -> bytes:
    """Return a zip file whose bytes depend on nothing but the files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(name), files[name])
    return buffer.getvalue()
