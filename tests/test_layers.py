"""Who may import whom, and what an import may cost."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

FOLDERS = ("harness", "targets", "models", "reports")
ALLOWED = {
    "harness": {"harness"},
    "targets": {"targets", "harness"},
    "models": {"models", "harness"},
    "reports": {"reports", "harness"},
}
HEAVY_FOR_HELP = ("numpy", "scipy", "sqlalchemy", "pydantic", "rich", "onnx", "jinja2")


def folder_of(name: str) -> Path:
    spec = find_spec(f"tierbench.{name}")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def modules(name: str) -> Iterator[tuple[Path, str]]:
    root = folder_of(name)
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        dotted = ".".join(("tierbench", name, *parts)).removesuffix(".__init__")
        yield path, dotted


def imported(path: Path, module: str) -> Iterator[str]:
    """Yield the absolute name of everything that a module imports."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1]
            prefix = ".".join(base) if node.level else ""
            whole = ".".join(filter(None, (prefix, node.module)))
            yield from (f"{whole}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("name", FOLDERS)
def test_folders_import_only_what_lies_below_them(name: str) -> None:
    for path, module in modules(name):
        for target in imported(path, module):
            parts = target.split(".")
            if parts[0] == "tierbench" and len(parts) > 1:
                assert parts[1] in ALLOWED[name], f"{module} imports {target}"


SHARED = {
    ("cortex_m", "catalogue"),
    ("projection", "catalogue"),
    ("ethos_u", "catalogue"),
    ("cortex_m", "projection"),
    ("cortex_m_qemu", "cortex_m"),
    ("ethos_u", "cortex_m"),
    ("amd", "onnxruntime"),
    ("host_onnxruntime", "onnxruntime"),
    ("nvidia_onnxruntime", "onnxruntime"),
    ("qualcomm", "onnxruntime"),
    ("jetson", "tensorrt"),
    ("nvidia", "tensorrt"),
}
"""Which may know which other: boards, firmware, what a file needs, projections, the
runtime that several targets share."""


def test_targets_of_one_folder_do_not_know_another() -> None:
    root = folder_of("targets")
    folders = {path.name for path in root.iterdir() if path.is_dir()}
    for path, module in modules("targets"):
        own = module.split(".")[2] if module.count(".") > 1 else ""
        for target in imported(path, module):
            parts = target.split(".")
            if parts[:2] == ["tierbench", "targets"] and len(parts) > 2:
                assert (
                    parts[2] == own
                    or parts[2] not in folders
                    or (own, parts[2]) in SHARED
                ), module


def test_shipped_code_imports_itself_relatively() -> None:
    for name in FOLDERS:
        for path, module in modules(name):
            if "migrations" in path.parts:  # Alembic runs these as files
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ImportFrom) and node.level == 0:
                    top = (node.module or "").split(".")[0]
                    assert top != "tierbench", f"{module} imports {node.module}"


def test_device_halves_need_only_the_standard_library_and_their_runtime() -> None:
    for path, module in modules("harness"):
        if ".device" not in module:
            continue
        for target in imported(path, module):
            top = target.split(".")[0]
            assert top in sys.stdlib_module_names or target.startswith(
                "tierbench.harness.device"
            ), f"{module} imports {target}"


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from tierbench.harness.cli import main; main(['--help']); "
        "print([m for m in sys.modules if '.' not in m])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    loaded = set(ast.literal_eval(done.stdout.splitlines()[-1]))
    assert not loaded & set(HEAVY_FOR_HELP)


def test_every_package_on_disk_is_packaged() -> None:
    root = Path(__file__).parents[1]
    config = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    listed = set(config["tool"]["setuptools"]["packages"])
    found = {
        ".".join(("tierbench", *path.parent.relative_to(root).parts))
        for name in FOLDERS
        for path in (root / name).rglob("__init__.py")
    }
    assert listed == found | {"tierbench"}
