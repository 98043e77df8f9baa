"""Hardware-aware benchmarking of edge-AI inference.

The public names are loaded when first used: ``import tierbench`` costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .harness.errors import TierbenchError
    from .harness.quantity import Quantity, kb, mb, mj, ms, us
    from .harness.store import Store
    from .harness.sweep import Sweep
    from .harness.target import Target
    from .harness.values import Evidence, Result, Run, Status

    __version__: str

__all__ = [
    "Evidence",
    "Quantity",
    "Result",
    "Run",
    "Status",
    "Store",
    "Sweep",
    "Target",
    "TierbenchError",
    "__version__",
    "kb",
    "mb",
    "mj",
    "ms",
    "us",
]

_MODULES = {
    "Evidence": "values",
    "Quantity": "quantity",
    "Result": "values",
    "Run": "values",
    "Status": "values",
    "Store": "store",
    "Sweep": "sweep",
    "Target": "target",
    "TierbenchError": "errors",
    "kb": "quantity",
    "mb": "quantity",
    "mj": "quantity",
    "ms": "quantity",
    "us": "quantity",
}


def __getattr__(name: str) -> Any:
    """Load a public name (PEP 562).

    Raises:
        AttributeError: there is no such name.
    """
    if name == "__version__":
        from importlib.metadata import version

        found: Any = version("tierbench")
    elif name in _MODULES:
        from importlib import import_module

        module = import_module(f".harness.{_MODULES[name]}", __name__)
        found = getattr(module, name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """Return the public names, loaded or not."""
    return sorted({*globals(), *__all__})
