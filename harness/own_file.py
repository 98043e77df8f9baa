"""A model of one's own in a Python file: ``my_net.py:model`` on the command line.

The user names the file, and its code is run. No sweep file can name one: what is read
from elsewhere must not run code.
"""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

from .errors import InputError, NotFound, TierbenchError
from .model import ReferenceModel

_PLACE = re.compile(r"(.+\.py):([A-Za-z_][A-Za-z0-9_]*)")
_OFFERED = ("name", "formats", "variants", "chains", "check", "build")


def is_place(text: str) -> bool:
    """Tell whether a text names a file and what is meant in it."""
    return _PLACE.fullmatch(text) is not None


def load_model(place: str) -> ReferenceModel:
    """Run a Python file and return the model in it that ``place`` names.

    Raises:
        InputError: there is no such file, it fails, or what it names is no model.
    """
    found = _PLACE.fullmatch(place)
    assert found is not None
    path, name = Path(found[1]), found[2]
    module = _run(path)
    if not hasattr(module, name):
        known = [one for one in vars(module) if not one.startswith("_")]
        raise NotFound(f"name in {str(path)!r}", name, known)
    model: ReferenceModel = getattr(module, name)
    if missing := [one for one in _OFFERED if not hasattr(model, one)]:
        raise InputError(
            f"{place!r} is {type(model).__name__!r} without {', '.join(missing)}; name "
            "what tierbench.models.own.own_model returned"
        )
    return model


def _run(path: Path) -> ModuleType:
    path = path.resolve()
    if not path.is_file():
        raise InputError(f"file {str(path)!r}: cannot be read; check the path")
    spec = importlib.util.spec_from_file_location(f"own_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    # As for a script: its neighbours can be imported, later as well.
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(module)
    except TierbenchError:
        raise
    except (Exception, SystemExit) as exc:
        line = _line(exc, path)
        where = f", line {line}" if line else ""
        raise InputError(
            f"file {str(path)!r}{where}: {type(exc).__name__}: {exc}; mend it"
        ) from exc
    return module


def _line(exc: BaseException, path: Path) -> int | None:
    """Return the last line of the file that was being run."""
    if isinstance(exc, SyntaxError):
        return exc.lineno
    line, trace = None, exc.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
