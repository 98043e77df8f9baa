"""Finding what is installed, and living with what is broken."""

import sys
from importlib.metadata import EntryPoint

import pytest

from tierbench.harness import registry
from tierbench.harness.errors import InfrastructureError, NotFound
from tierbench.targets.sim import Sim


@pytest.fixture
def offer(monkeypatch, tmp_path):
    """Offer a plug-in whose module holds this code."""
    monkeypatch.syspath_prepend(tmp_path)

    def add(group: str, name: str, code: str) -> None:
        module = f"plugin_{name}"
        (tmp_path / f"{module}.py").write_text(code)
        sys.modules.pop(module, None)
        point = EntryPoint(name, f"{module}:thing", group)
        found = {**registry._points(group), name: point}
        known = registry._points
        monkeypatch.setattr(
            registry, "_points", lambda asked: found if asked == group else known(asked)
        )

    return add


def test_built_in_targets_come_the_same_way_as_others() -> None:
    assert {"host-litert", "host-onnxruntime", "sim"} <= set(
        registry.names(registry.TARGETS)
    )
    assert registry.find(registry.TARGETS, "sim") is Sim
    assert registry.names(registry.TARGETS) == sorted(registry.names(registry.TARGETS))


def test_an_unknown_name_lists_what_is_known() -> None:
    with pytest.raises(NotFound, match=r"no model 'defekt'.*did you mean 'defect'"):
        registry.find(registry.MODELS, "defekt")


def test_a_plug_in_is_found_by_its_name(offer) -> None:
    offer(registry.MODELS, "mine", "thing = 7")
    assert registry.find(registry.MODELS, "mine") == 7
    assert "mine" in registry.names(registry.MODELS)


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("import no_such_runtime", "ModuleNotFoundError"),
        ("1 / 0", "ZeroDivisionError"),
        ("other = 1", "AttributeError"),
        ("raise SystemExit(5)", "SystemExit: 5"),
        ("def", "SyntaxError"),
    ],
)
def test_a_plug_in_that_fails_is_named_with_its_error(offer, code, why) -> None:
    offer(registry.TARGETS, "broken", code)
    with pytest.raises(InfrastructureError, match=why) as caught:
        registry.find(registry.TARGETS, "broken")
    assert "'broken'" in str(caught.value)
    assert "reinstall" in str(caught.value)
    assert registry.find(registry.TARGETS, "sim") is Sim
