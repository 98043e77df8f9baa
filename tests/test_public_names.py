"""The few names that ``import tierbench`` offers, and what they cost."""

import subprocess
import sys
from importlib.metadata import version

import pytest

import tierbench

NAMES = {
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
}


def test_the_public_names_are_few_and_sorted() -> None:
    assert set(tierbench.__all__) == NAMES
    assert tierbench.__all__ == sorted(tierbench.__all__)


def test_each_name_is_there() -> None:
    for name in tierbench.__all__:
        assert getattr(tierbench, name) is not None
    assert set(dir(tierbench)) >= NAMES
    assert tierbench.__version__ == version("tierbench")


def test_a_name_is_the_one_of_its_module() -> None:
    from tierbench.harness.store import Store
    from tierbench.harness.values import Result

    assert tierbench.Store is Store
    assert tierbench.Result is Result


def test_star_import_gives_just_them() -> None:
    found: dict[str, object] = {}
    exec("from tierbench import *", found)
    assert set(found) - {"__builtins__"} == NAMES


@pytest.mark.parametrize("name", ["nothing", "harness_", "np"])
def test_another_name_is_refused(name: str) -> None:
    with pytest.raises(AttributeError, match=f"no attribute '{name}'"):
        getattr(tierbench, name)


def test_importing_loads_nothing_else() -> None:
    code = (
        "import sys; before = set(sys.modules); import tierbench; dir(tierbench); "
        "print(sorted(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    loaded = {name.split(".")[0] for name in eval(done.stdout)}
    assert loaded - sys.stdlib_module_names == {"tierbench"}
    assert "tierbench.harness" not in done.stdout


@pytest.mark.parametrize("name", ["Status", "TierbenchError", "__version__"])
def test_a_light_name_loads_nothing_heavy(name: str) -> None:
    code = f"import sys; from tierbench import {name}; print(list(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert not {"numpy", "sqlalchemy", "scipy", "pydantic"} & set(eval(done.stdout))
