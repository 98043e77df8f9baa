"""What a Python says of itself."""

import os
import platform
import sys

import numpy
import pytest

from tierbench.harness.errors import TargetUnavailable
from tierbench.harness.need import Kind
from tierbench.harness.probe import probe

NUMPY = (Kind.DISTRIBUTION, "numpy")


def test_this_python_tells_its_machine_and_versions() -> None:
    found = probe(None, (NUMPY, (Kind.DISTRIBUTION, "no-such-distribution")))
    assert found.executable == sys.executable
    assert found.version("numpy") == numpy.__version__
    assert found.version("no-such-distribution") is None
    assert found.cpu
    assert found.identity["architecture"] == platform.machine()
    assert found.identity["cpus"] == str(os.cpu_count())
    assert found.details["python"] == platform.python_version()


def test_identity_holds_nothing_that_changes_by_itself() -> None:
    probe.cache_clear()
    first = probe(None, (NUMPY,))
    probe.cache_clear()
    assert probe(None, (NUMPY,)).identity == first.identity


def test_a_runtime_is_not_imported(tmp_path, monkeypatch) -> None:
    (tmp_path / "fierce.py").write_text("raise SystemExit('imported')")
    info = tmp_path / "fierce-1.5.dist-info"
    info.mkdir()
    metadata = "Metadata-Version: 2.1\nName: fierce\nVersion: 1.5\n"
    (info / "METADATA").write_text(metadata)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    things = ((Kind.DISTRIBUTION, "fierce"), (Kind.MODULE, "fierce"))
    found = probe(None, things)
    assert found.version("fierce") == "1.5"
    assert found.found[things[1]] == str(tmp_path / "fierce.py")


@pytest.mark.parametrize(
    "script",
    ["#!/bin/sh\nexit 3\n", "#!/bin/sh\necho hello\n", "#!/nonexistent/python\n"],
)
def test_what_is_no_python_is_unavailable(tmp_path, script) -> None:
    impostor = tmp_path / "python"
    impostor.write_text(script)
    impostor.chmod(0o755)
    with pytest.raises(TargetUnavailable) as caught:
        probe(str(impostor), (NUMPY,))
    assert str(impostor) in str(caught.value)
    assert "give" in caught.value.remedy
    assert "\n" not in str(caught.value)
