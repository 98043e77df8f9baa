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
        "devices": [],
    }
    keys = {"name", "tier", "available", "reason", "remedy", "devices"}
    for row in rows.values():
        assert set(row) == keys
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


def test_a_target_stands_for_the_devices_of_the_catalogue(call) -> None:
    rows = {row["name"]: row for row in json.loads(call("targets", "--json").out)}
    assert "nucleo-l4r5zi" in rows["cortex-m"]["devices"]
    assert set(rows["ethos-u"]["devices"]) < set(rows["cortex-m"]["devices"])
    assert "corstone-300-u55" in rows["ethos-u"]["devices"]
    assert rows["host-onnxruntime"]["devices"] == []


def test_devices_are_listed_with_their_targets(call) -> None:
    rows = {
        d["name"]: d for d in json.loads(call("targets", "--devices", "--json").out)
    }
    assert rows["l4"]["targets"] == ["nvidia", "nvidia-onnxruntime"]
    assert rows["mi300x"]["facts"]["memory_bytes"] == 192 << 30
    assert rows["nucleo-l4r5zi"]["facts"]["core"] == "cortex-m4"
    assert "hailo8l" in call("targets", "--devices").out


def test_every_fact_of_a_device_is_shown_with_its_source_or_reason(call) -> None:
    told = call("targets", "--device", "jetson-agx-orin").out
    lines = {line.split()[0]: line for line in told.splitlines()}
    assert "https://" in lines["peak_sparse_ops_per_s.int8"]
    assert "1.4e+13" in lines["power_modes.15W.peak_sparse_ops_per_s.int8"]
    assert "no source was found" in lines["bandwidth_bytes_per_s"]
    device = json.loads(call("targets", "--device", "rb5", "--json").out)
    assert device["facts"]["peak_ops_per_s"] == {}
    assert "no source" in device["unknown"]["peak_ops_per_s"]


def test_an_unknown_device_names_a_near_one(call) -> None:
    said = call("targets", "--device", "l44")
    assert said.status == 2
    assert "did you mean 'l4'?" in said.err


def test_a_broken_catalogue_costs_only_the_devices(call, tmp_path, monkeypatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "broken_catalogue.py").write_text("def devices():\n    return 1 / 0\n")
    sys.modules.pop("broken_catalogue", None)
    group = registry.CATALOGUES
    point = EntryPoint("mine", "broken_catalogue:devices", group)
    known = registry._points
    monkeypatch.setattr(
        registry,
        "_points",
        lambda asked: {"mine": point} if asked == group else known(asked),
    )
    said = call("targets", "--json")
    assert said.status == 0
    assert "catalogue 'mine' breaks: ZeroDivisionError" in said.err
    assert all(row["devices"] == [] for row in json.loads(said.out))
    assert call("targets", "--devices").status == 3
