"""Catalogues are entry points; one that breaks is named."""

import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from tierbench.harness import registry
from tierbench.harness.errors import InfrastructureError
from tierbench.harness.known_device import known_devices

GOOD = """
from tierbench.harness.known_device import KnownDevice
def devices():
    return (KnownDevice(name="x", title="X", targets=("sim",), facts={"tdp_w": 1.0}),)
"""


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (GOOD, None),
        ("def devices():\n    raise KeyError('tdp')", "breaks: KeyError"),
        ("devices = 3", "breaks: TypeError"),
        ("import no_such_module_at_all", "cannot be loaded"),
    ],
)
def test_a_plug_in_offers_devices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, reason: str | None
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "some_catalogue.py").write_text(code)
    sys.modules.pop("some_catalogue", None)
    point = EntryPoint("mine", "some_catalogue:devices", registry.CATALOGUES)
    monkeypatch.setattr(registry, "_points", lambda group: {"mine": point})
    if reason is None:
        assert [device.name for device in known_devices()] == ["x"]
    else:
        with pytest.raises(InfrastructureError, match=f"'mine' {reason}"):
            list(known_devices())
