"""What every reader of a device's state keeps to."""

import ast
import sys
from importlib import import_module
from pathlib import Path

import pytest

from tierbench.harness.device import quantities
from tierbench.harness.device.reader import Reader
from tierbench.targets import state

FOLDER = Path(state.__file__).parent
DEVICE = Path(quantities.__file__).parent
MODULES = sorted(path for path in FOLDER.glob("*.py") if path.stem != "__init__")


@pytest.mark.parametrize("path", [*MODULES, *DEVICE.glob("*.py")], ids=lambda p: p.stem)
def test_the_syntax_is_that_of_an_old_python(path: Path) -> None:
    ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 9))


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.stem)
def test_a_vendors_library_is_imported_only_when_it_is_opened(path: Path) -> None:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            names = {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = {(node.module or "").split(".")[0]}
        else:
            continue
        assert names <= sys.stdlib_module_names


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.stem)
def test_it_offers_a_reader(path: Path) -> None:
    module = import_module(f"tierbench.targets.state.{path.stem}")
    kinds = [k for k in vars(module).values() if isinstance(k, type)]
    assert any(issubclass(kind, Reader) and kind is not Reader for kind in kinds)
    assert callable(module.open_reader)
