"""What a Python says of itself."""

import os
import platform
import sys

import numpy
import pytest

from tierbench.harness.errors import TargetUnavailable
from tierbench.harness.probe import probe


def test_this_python_tells_its_machine_and_versions() -> None:
    found = probe(None, ("numpy", "no-such-distribution"))
    assert found.executable == sys.executable
    assert found.distributions == {
        "numpy": numpy.__version__,
        "no-such-distribution": None,
    }
    assert found.cpu
    assert found.identity["architecture"] == platform.machine()
    assert found.identity["cpus"] == str(os.cpu_count())
    assert found.details["python"] == platform.python_version()


def test_identity_holds_nothing_that_changes_by_itself() -> None:
    probe.cache_clear()
    first = probe(None, ("numpy",))
    probe.cache_clear()
    assert probe(None, ("numpy",)).identity == first.identity


def test_a_runtime_is_not_imported(tmp_path, monkeypatch) -> None:
    (tmp_path / "fierce.py").write_text("raise SystemExit('imported')")
    info = tmp_path / "fierce-1.5.dist-info"
    info.mkdir()
    metadata = "Metadata-Version: 2.1\nName: fierce\nVersion: 1.5\n"
    (info / "METADATA").write_text(metadata)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert probe(None, ("fierce",)).distributions == {"fierce": "1.5"}


@pytest.mark.parametrize(
    "script",
    ["#!/bin/sh\nexit 3\n", "#!/bin/sh\necho hello\n", "#!/nonexistent/python\n"],
)
def test_what_is_no_python_is_unavailable(tmp_path, script) -> None:
    impostor = tmp_path / "python"
    impostor.write_text(script)
    impostor.chmod(0o755)
    with pytest.raises(TargetUnavailable) as caught:
        probe(str(impostor), ("numpy",))
    assert str(impostor) in str(caught.value)
    assert "give" in caught.value.remedy
    assert "\n" not in str(caught.value)
