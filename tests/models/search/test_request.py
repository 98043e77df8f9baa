"""What is wrong is told at once, before any time is spent."""

import pytest

from tierbench.harness.errors import InfrastructureError, InputError
from tierbench.models.search import request as module
from tierbench.models.search.request import request
from tierbench.targets.sim import Sim

RIGHT = {"trials": 40, "seed": 0, "sampler": "tpe"}


def refused(model="bearing", target="sim", **changes):
    with pytest.raises(InputError) as caught:
        request(model, target, **{**RIGHT, **changes})
    return caught.value.lines


def test_all_mistakes_at_once():
    lines = refused("bering", "host-onxruntime", trials=0, seed=-1, sampler="grid")
    told = "\n".join(lines)
    assert len(lines) == 5
    assert "did you mean 'bearing'?" in told
    assert "did you mean 'host-onnxruntime'?" in told
    assert "--trials 0: must be 1 to 1000" in told
    assert "--seed -1: must be 0 to 4294967295" in told
    assert "'grid': must be one of tpe, nsga2, random" in told


def test_no_more_trials_than_there_are_networks():
    (line,) = refused("keyword", trials=241)
    assert line == "--trials 241: must be 1 to 240"


def test_networks_are_written_as_the_target_takes_them(monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda name: object())
    for target, format in (("sim", "onnx"), ("host-litert", "tflite")):
        assert request("bearing", target, **RIGHT).format == format


def test_a_target_that_takes_no_such_files(monkeypatch):
    monkeypatch.setattr(Sim, "formats", ("gguf",))
    (line,) = refused(target="sim")
    assert "runs gguf files, and a search makes onnx or tflite" in line


def test_a_missing_extra_names_its_remedy(monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(InfrastructureError, match=r"pip install 'tierbench\[host,tr"):
        request("bearing", "sim", **RIGHT)


def test_a_request_says_what_the_search_is(monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda name: object())
    asked = request("bearing", "sim", **RIGHT)
    assert asked.plain["model"] == "bearing"
    assert asked.plain["target"] == "sim"
    assert "trials" not in asked.plain, "a longer search is the same one"
