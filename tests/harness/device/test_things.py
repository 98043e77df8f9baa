"""What a target needs is found where it lies, and nothing is imported for it."""

import sys

import pytest

from tierbench.harness.device.things import find


def test_a_distribution_is_told_by_its_version() -> None:
    assert find("distribution", "pytest") == pytest.__version__
    assert find("distribution", "no-such-thing") is None


def test_a_module_is_found_without_its_parents_being_imported(
    tmp_path, monkeypatch
) -> None:
    package = tmp_path / "fierce" / "deep"
    package.mkdir(parents=True)
    for folder in (package, package.parent):
        (folder / "__init__.py").write_text("raise SystemExit('imported')")
    (package / "leaf.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    assert find("module", "fierce.deep.leaf") == str(package / "leaf.py")
    assert find("module", "fierce") == str(package.parent / "__init__.py")
    assert find("module", "fierce.deep.twig") is None
    assert find("module", "json.no_such") is None
    assert find("module", "no_such.json") is None
    assert "fierce" not in sys.modules


def test_a_package_without_a_file_of_its_own_is_one_too(tmp_path, monkeypatch) -> None:
    (tmp_path / "hollow").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    assert find("module", "hollow") == str(tmp_path / "hollow")


def test_a_program_is_looked_for_on_the_path(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find("program", "mychip") is None
    (tmp_path / "mychip").write_text("")
    (tmp_path / "mychip").chmod(0o755)
    assert find("program", "mychip") == str(tmp_path / "mychip")


def test_a_file_may_have_to_hold_a_text(tmp_path) -> None:
    for name, vendor in (("1-1", "046d\n"), ("1-2", "1a6e\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "idVendor").write_text(vendor)
    pattern = f"{tmp_path}/*/idVendor"
    assert find("file", pattern) == str(tmp_path / "1-1" / "idVendor")
    assert find("file", f"{pattern}=1a6e") == str(tmp_path / "1-2" / "idVendor")
    assert find("file", f"{pattern}=18d1") is None


def test_an_unknown_kind_is_nowhere() -> None:
    assert find("planet", "/") is None
