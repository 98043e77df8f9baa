"""Which of the packages that all bring a folder ``onnxruntime`` is the one in it.

``onnxruntime``, ``onnxruntime-gpu``, ``onnxruntime-migraphx`` and others write to the
same folder: where two are installed, files of one lie under those of the other.
"""

from __future__ import annotations

from importlib import metadata

import onnxruntime as ort

from ...harness.device.session import SessionError

FOLDER = "onnxruntime/__init__.py"


def identity(wanted: str) -> dict[str, str | None]:
    """Return the package that provides the runtime, and its version.

    Args:
        wanted: the package that a target needs.

    Raises:
        SessionError: two of them are installed, or another one.
    """
    names = sorted(_installed())
    if len(names) > 1:
        raise SessionError(
            f"{' and '.join(names)} are installed at once and share one folder; "
            f"uninstall them all, then install {wanted} alone"
        )
    name = names[0] if names else None
    if name != wanted:
        raise SessionError(
            f"the runtime is {name or 'no installed package'}, not {wanted}; uninstall "
            f"it, then install {wanted}"
        )
    return {"runtime": name, "runtime_version": str(ort.__version__)}


def _installed() -> set[str]:
    """Return the packages that hold the folder, as the package index names them."""
    found = set()
    for package in metadata.distributions():
        name = str(package.metadata["Name"] or "").lower().replace("_", "-")
        if not name.startswith(("onnxruntime", "ort-")):
            continue
        if any(str(file) == FOLDER for file in package.files or ()):
            found.add(name)
    return found
