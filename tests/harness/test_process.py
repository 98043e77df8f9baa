"""A child that speaks the protocol, and those that do not."""

from pathlib import Path

import pytest

from tierbench.harness.errors import CaseError, TargetUnavailable, WorkerError
from tierbench.harness.process import Process


def test_an_unknown_request_is_refused() -> None:
    process = Process(())
    with pytest.raises(CaseError, match="does not know"):
        process.request("no such thing", 10.0)
    process.close()


def test_a_python_that_is_none_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(TargetUnavailable, match="cannot be started"):
        Process((), str(tmp_path / "python"))


def test_a_program_that_speaks_no_protocol_is_an_error(tmp_path: Path) -> None:
    impostor = tmp_path / "python"
    impostor.write_text("#!/bin/sh\necho hello there\n")
    impostor.chmod(0o755)
    process = Process((), str(impostor))
    with pytest.raises(WorkerError, match="not a frame"):
        process.greet()
    process.close()
