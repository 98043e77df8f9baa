"""The README's support table says what reports show, and nothing else."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

FOLDER = Path(__file__).parents[1] / "docs" / "conformance"


@pytest.fixture(scope="module")
def support() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "support_table", FOLDER / "support_table.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with one report and two declarations."""
    for name in ("host-litert", "ethos-u"):
        with (tmp_path / "targets.toml").open("a") as file:
            file.write(f'[{name}]\nruntime = "it | <b>"\nnote = "so *it* is"\n')
    with (tmp_path / "targets.toml").open("a") as file:
        file.write('proof = "run on a simulator"\n')
    report = FOLDER / "host-litert.json"
    (tmp_path / "host-litert.json").write_text(report.read_text())
    return tmp_path


def change(folder: Path, **fields: object) -> None:
    path = folder / "host-litert.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def test_the_readme_is_not_stale(support: ModuleType) -> None:
    assert support.main(["--check"]) == 0, (
        "run python docs/conformance/support_table.py"
    )


def test_every_report_is_of_this_machine_kind_of_claim(support: ModuleType) -> None:
    """A report without failures, or one whose row says how many there are."""
    written = support.table(support.targets())
    for path in FOLDER.glob("*.json"):
        report = support.read_report(path)
        failed = report.count(support.Outcome.FAILED)
        (row,) = (r for r in written.splitlines() if f"`{report.target}`" in r)
        assert ("failed" in row) == bool(failed)
        assert str(report.proof) in row


def test_a_row_says_what_its_report_shows(support: ModuleType, folder: Path) -> None:
    litert, ethos = support.table(["host-litert", "ethos-u"], folder).splitlines()[2:]
    assert litert.startswith("| `host-litert` | it \\| \\<b\\> | run on the device (")
    assert "checks passed" in litert
    assert litert.endswith("(docs/conformance/host-litert.json); so \\*it\\* is |")
    assert ethos.endswith("| run on a simulator; so \\*it\\* is |")


def test_failed_checks_are_told(support: ModuleType, folder: Path) -> None:
    checks = json.loads((folder / "host-litert.json").read_text())["checks"]
    checks[0].update(outcome="failed", reason="it did")
    change(folder, checks=checks)
    assert "**1 failed**" in support.table(["host-litert", "ethos-u"], folder)


def test_a_report_is_nobodys_markdown(support: ModuleType, folder: Path) -> None:
    change(folder, device="a | b](http://x) <script>")
    row = support.table(["host-litert", "ethos-u"], folder).splitlines()[2]
    assert "a \\| b\\](http://x) \\<script\\>" in row


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["host-litert", "ethos-u", "new"], "new: targets.toml says nothing of it"),
        (["host-litert"], "ethos-u: no such target"),
        (["ethos-u"], "host-litert: no such target"),
    ],
)
def test_what_has_no_proof_ends_it(support, folder, names, said) -> None:
    with pytest.raises(SystemExit, match=said):
        support.table(names, folder)


def test_without_a_report_a_claim_is_refused(support, folder) -> None:
    (folder / "host-litert.json").unlink()
    with pytest.raises(SystemExit, match="host-litert: no report, and proof None"):
        support.table(["host-litert", "ethos-u"], folder)


def test_the_strongest_proof_cannot_be_declared(support, folder) -> None:
    text = (folder / "targets.toml").read_text()
    stronger = text.replace("run on a simulator", "run on the device")
    (folder / "targets.toml").write_text(stronger)
    with pytest.raises(SystemExit, match="ethos-u: no report, and proof 'run on the"):
        support.table(["host-litert", "ethos-u"], folder)


def test_a_report_of_another_target_is_refused(support, folder) -> None:
    change(folder, target="sim")
    with pytest.raises(SystemExit, match="is a report of 'sim'"):
        support.table(["host-litert", "ethos-u"], folder)


def test_a_report_and_a_declaration_are_one_too_many(support, folder) -> None:
    text = (folder / "targets.toml").read_text()
    both = text.replace("[ethos-u]", 'proof = "run on a simulator"\n[ethos-u]')
    (folder / "targets.toml").write_text(both)
    with pytest.raises(SystemExit, match="it has a report; leave out its proof"):
        support.table(["host-litert", "ethos-u"], folder)
