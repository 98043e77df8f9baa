"""Latency as a search takes it, on the simulated device."""

from pathlib import Path

import pytest
from support.gated import slower_artifacts
from support.plans import write_model

from tierbench.harness.errors import InfrastructureError
from tierbench.harness.hashing import file_sha256
from tierbench.harness.model import BuiltVariant
from tierbench.harness.store import Store
from tierbench.models.search.latency import REFERENCE, LeftEarly, Refused, Stopwatch
from tierbench.targets.sim import Sim


@pytest.fixture
def store(tmp_path):
    with Store.open(f"sqlite:///{tmp_path / 'results.db'}") as opened:
        yield opened


@pytest.fixture
def network(tmp_path):
    return write_model(tmp_path, "network.onnx", constant=2.0)


def stopwatch(folder: Path, store: Store, **changes):
    reference = BuiltVariant(
        path=write_model(folder, "reference.onnx"),
        recipe=REFERENCE,
        weight_bits=32,
        activation_bits=32,
        lineage=(),
    )
    settings = {"latency_us": 300.0, "noise": 0.02}
    told = {"target": Sim(settings), "search": {"toy": 1}, **changes}
    return Stopwatch(model="toy", reference=reference, store=store, seed=1, **told)


def test_ratio_is_paired_with_the_reference(tmp_path, store, network, monkeypatch):
    slower_artifacts(monkeypatch)[file_sha256(network)] = 1.5
    found = stopwatch(tmp_path, store)("8-1", network)
    assert found.ratio == pytest.approx(1.5, rel=0.05)
    assert found.interval is not None
    assert found.interval.low < found.ratio < found.interval.high
    assert found.rounds >= 9
    assert found.median_ns == pytest.approx(1.5 * found.reference_ns, rel=0.1)


def test_every_trial_is_measured_anew_and_kept(tmp_path, store, network):
    watch = stopwatch(tmp_path, store)
    watch("8-1", network)
    watch("8-1", network)
    assert len(store.runs()) == 2
    names = sorted(r.case.variant.name for r in store.results(store.runs()[0].id))
    assert names == ["8-1", REFERENCE]


def test_what_was_measured_together_is_not_measured_again(tmp_path, store, network):
    watch = stopwatch(tmp_path, store)
    first = watch.together({"8-1": network}, None)
    again = watch.together({"8-1": network}, None)
    assert len(store.runs()) == 1
    assert again["8-1"].id == first["8-1"].id


def test_leaving_early_is_told(tmp_path, store, network):
    with pytest.raises(LeftEarly):
        stopwatch(tmp_path, store, stopping=lambda: True)("8-1", network)


def test_a_network_that_fails_is_refused(tmp_path, store, network, monkeypatch):
    launch = Sim.launch

    def fail(self, case, artifact, limits):
        if case.variant.name == "8-1":
            raise RuntimeError("no kernel for it")
        return launch(self, case, artifact, limits)

    monkeypatch.setattr(Sim, "launch", fail)
    with pytest.raises(Refused, match="no kernel for it"):
        stopwatch(tmp_path, store)("8-1", network)


def test_a_reference_that_fails_ends_the_search(tmp_path, store, network, monkeypatch):
    def fail(self, case, artifact, limits):
        raise RuntimeError("no device")

    monkeypatch.setattr(Sim, "launch", fail)
    with pytest.raises(InfrastructureError, match="no device"):
        stopwatch(tmp_path, store)("8-1", network)
