"""What every meter of tierbench's own keeps to."""

import ast
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tierbench.harness import registry
from tierbench.harness.meter import PowerMeter
from tierbench.harness.reader_meter import ReaderMeter

METERS = {
    name: registry.find(registry.METERS, name)
    for name in registry.names(registry.METERS)
}
READ = {name: kind for name, kind in METERS.items() if issubclass(kind, ReaderMeter)}


@pytest.mark.parametrize("name", METERS)
def test_a_meter_is_found_by_its_name_and_its_defaults_are_valid(name: str) -> None:
    kind = METERS[name]
    assert issubclass(kind, PowerMeter)
    assert kind.name == name
    for option in kind.options:
        if option.default != "":
            assert option.problem(option.default) is None


@pytest.mark.parametrize("name", READ)
def test_what_travels_keeps_to_old_syntax_and_imports_no_vendor(name: str) -> None:
    spec = find_spec(READ[name].module)
    assert spec is not None
    assert spec.origin is not None
    tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    ast.parse(Path(spec.origin).read_text(encoding="utf-8"), feature_version=(3, 9))
    for node in tree.body:  # vendors' libraries are imported where they are opened
        if isinstance(node, ast.Import):
            tops = {alias.name.split(".")[0] for alias in node.names}
            assert tops <= sys.stdlib_module_names
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            assert (node.module or "").split(".")[0] in sys.stdlib_module_names
