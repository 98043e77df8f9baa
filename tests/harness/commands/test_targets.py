"""``tierbench targets``, with plug-ins of every kind of brokenness."""

import json
import sys
from importlib.metadata import EntryPoint

import pytest

from tierbench.harness import registry
from tierbench.harness.target import Tier

BROKEN = {
    "no-runtime": "import no_such_runtime_at_all",
    "raises": "raise RuntimeError('two\\nlines \\x1b[2J')",
    "leaves": "raise SystemExit(0)",
    "no-target": "Plugin = 7",
    "no-options": "class Plugin:\n    pass",
    "fails-late": (
        "from tierbench.targets.sim import Sim\n"
        "class Plugin(Sim):\n"
        "    def unavailable(self):\n"
        "        raise OSError('driver gone')"
    ),
}


@pytest.fixture
def broken(tmp_path, monkeypatch):
    """Install plug-ins that break."""
    monkeypatch.syspath_prepend(tmp_path)
    points = dict(registry._points(registry.TARGETS))
    for number, (name, code) in enumerate(BROKEN.items()):
        module = f"broken_plugin_{number}"
        (tmp_path / f"{module}.py").write_text(code)
        sys.modules.pop(module, None)
        points[name] = EntryPoint(name, f"{module}:Plugin", registry.TARGETS)
    known = registry._points
    monkeypatch.setattr(
        registry,
        "_points",
        lambda group: points if group == registry.TARGETS else known(group),
    )


def test_every_target_says_whether_it_can_run(call) -> None:
    rows = {row["name"]: row for row in json.loads(call("targets", "--json").out)}
    assert {"host-litert", "host-onnxruntime", "sim"} <= rows.keys()
    assert rows["sim"] == {
        "name": "sim",
        "tier": "simulated",
        "available": True,
        "reason": None,
        "remedy": None,
    }
    for row in rows.values():
        assert set(row) == {"name", "tier", "available", "reason", "remedy"}
        assert row["available"] or (row["reason"] and row["remedy"])
        assert row["tier"] in set(Tier)


def test_a_broken_plug_in_is_one_line(call, broken) -> None:
    said = call("targets")
    assert said.status == 0
    assert said.err == ""
    lines = said.out.splitlines()
    assert all(line.isprintable() for line in lines)
    named = [line.split()[0] for line in lines]
    assert named == ["target", *registry.names(registry.TARGETS)]


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_what_is_broken_is_unavailable_with_its_reason(call, broken, name) -> None:
    rows = {row["name"]: row for row in json.loads(call("targets", "--json").out)}
    assert rows[name]["available"] is False
    assert rows[name]["reason"]
    assert "reinstall" in rows[name]["remedy"]
    assert rows["sim"]["available"] is True
