"""A chip of each version of HailoRT, over arithmetic."""

import os
from pathlib import Path

import pytest
from support.hefs import Chip


@pytest.fixture(params=["4.23.0", "5.2.0"])
def chip(request, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Chip:
    found = Chip(tmp_path, request.param)
    for name, value in found.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PATH", f"{found.programs}:{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return found
