"""From a sweep to its cases."""

import numpy as np
import pytest
from support.plans import plan_of, write_model

from tierbench.harness.errors import SweepError
from tierbench.harness.plan import make_plan
from tierbench.harness.sweep import parse_sweep
from tierbench.harness.target import Unavailable
from tierbench.harness.values import Scenario
from tierbench.targets.sim import Sim

LOADS = '[workload]\nscenario = ["single_stream", "offline"]\nbatch = [1, 8]\n'


def plan_text(folder, text):
    return make_plan(parse_sweep(text, "test.toml", folder))


def test_every_combination_is_a_case_in_the_sweeps_order(tmp_path) -> None:
    plan = plan_of(
        tmp_path, 'use = "sim"\nlatency_us = [1.0, 2.0]\nnoise = [0.0, 0.1]', rest=LOADS
    )
    told = [
        (
            planned.case.options["latency_us"],
            planned.case.options["noise"],
            planned.case.workload.scenario,
            planned.case.workload.batch,
        )
        for planned in plan.cases
    ]
    assert told == [
        (latency, noise, scenario, batch)
        for latency in (1.0, 2.0)
        for noise in (0.0, 0.1)
        for scenario in (Scenario.SINGLE_STREAM, Scenario.OFFLINE)
        for batch in (1, 8)
    ]
    assert len({planned.case.key for planned in plan.cases}) == 16
    assert not plan.skipped


def test_a_case_holds_every_option_and_names_those_chosen(tmp_path) -> None:
    (planned,) = plan_of(tmp_path, 'use = "sim"\nlatency_us = 5.0').cases
    assert planned.case.options == Sim({"latency_us": 5.0}).settings
    assert planned.case.chosen == ("latency_us",)
    assert planned.case.place == "sim[latency_us=5.0]"
    assert planned.case.tier == "simulated"


def test_keys_are_the_same_in_another_folder(tmp_path) -> None:
    keys = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        keys.append([p.case.key for p in plan_of(folder, 'use = "sim"').cases])
    assert keys[0] == keys[1]


def test_weights_decide_a_case_wherever_they_lie(tmp_path) -> None:
    keys = set()
    for constant in (1.0, 2.0):
        write_weights_beside(tmp_path, constant)
        (planned,) = plan_of(tmp_path, 'use = "sim"').cases
        variant = planned.case.variant
        keys.add(planned.case.key)
        files = [tmp_path / "model.onnx", tmp_path / "weights.bin"]
        assert variant.size_bytes == sum(file.stat().st_size for file in files)
        (tmp_path / "weights.bin").unlink()
    assert len(keys) == 2


def write_weights_beside(folder, constant) -> None:
    """Write a model whose weights lie in ``weights.bin``."""
    from onnx import load, numpy_helper, save

    model = load(write_model(folder, "inside.onnx"))
    weights = numpy_helper.from_array(np.full(4, constant, np.float32), "c")
    model.graph.initializer[0].CopyFrom(weights)
    beside = {"location": "weights.bin", "size_threshold": 0}
    save(model, folder / "model.onnx", save_as_external_data=True, **beside)


def test_data_decide_a_case(tmp_path) -> None:
    write_model(tmp_path)
    text = 'name = "t"\n[[model]]\npath = "model.onnx"\n{}[[target]]\nuse = "sim"\n'
    keys = [plan_text(tmp_path, text.format("")).cases[0].case.key]
    for seed in (0, 1):
        values = np.random.default_rng(seed).random((3, 4), np.float32)
        np.savez(tmp_path / "data.npz", input=values, labels=np.arange(3))
        (planned,) = plan_text(tmp_path, text.format('data = "data.npz"\n')).cases
        assert planned.data is not None
        np.testing.assert_array_equal(planned.data.data.inputs["input"], values)
        keys.append(planned.case.key)
    assert len(set(keys)) == 3


def test_a_format_that_a_target_does_not_run_is_skipped(tmp_path) -> None:
    (tmp_path / "model.onnx").unlink(missing_ok=True)
    plan = plan_of(tmp_path, 'use = "host-litert"', 'use = "sim"')
    assert [planned.case.target for planned in plan.cases] == ["sim"]
    (skip,) = plan.skipped
    assert "tflite" in skip.reason or "not installed" in skip.reason


def test_a_reference_model_comes_in_the_targets_format(tmp_path) -> None:
    text = (
        'name = "t"\n[[model]]\nuse = "defect"\nvariants = ["fp32"]\n'
        '[[target]]\nuse = "host-litert"\n[[target]]\nuse = "sim"\n'
    )
    plan = plan_text(tmp_path, text)
    cases = [entry.case for entry in (*plan.cases, *plan.skipped)]
    formats = {case.target: case.variant.format for case in cases}
    assert formats == {"host-litert": "tflite", "sim": "onnx"}
    assert {case.variant.name for case in cases} == {"fp32"}
    assert all(case.variant.lineage for case in cases)
    assert all(case.data_sha256 for case in cases)


def test_a_target_that_is_unavailable_is_skipped_with_its_remedy(
    tmp_path, monkeypatch
) -> None:
    missing = Unavailable(reason="no driver", remedy="install it")
    monkeypatch.setattr(Sim, "unavailable", lambda self: missing)
    plan = plan_of(tmp_path, 'use = "sim"\nlatency_us = [1.0, 2.0]')
    assert not plan.cases
    assert [skip.reason for skip in plan.skipped] == ["no driver; install it"] * 2


def test_what_a_target_refuses_is_skipped_in_its_words(tmp_path, monkeypatch) -> None:
    def check(self, variant, workload):
        return "too large a batch" if workload.batch > 1 else None

    monkeypatch.setattr(Sim, "check", check)
    plan = plan_of(tmp_path, 'use = "sim"', rest="[workload]\nbatch = [1, 8]\n")
    assert [planned.case.workload.batch for planned in plan.cases] == [1]
    assert [skip.reason for skip in plan.skipped] == ["too large a batch"]


def test_models_that_cannot_be_used_are_all_named(tmp_path) -> None:
    (tmp_path / "one.onnx").write_bytes(b"garbage")
    (tmp_path / "two.tflite").write_bytes(b"")
    write_model(tmp_path)
    np.savez(tmp_path / "data.npz", input=np.zeros((3, 5), np.float32))
    models = ("one.onnx", "two.tflite", "model.onnx")
    text = 'name = "t"\n' + "".join(
        f'[[model]]\npath = "{path}"\ndata = "data.npz"\n' for path in models
    )
    with pytest.raises(SweepError) as caught:
        plan_text(tmp_path, text + '[[target]]\nuse = "sim"\n')
    assert [mistake.where for mistake in caught.value.mistakes] == [
        "model[0]",
        "model[1]",
        "model[2]",
    ]
    assert "'input'" in str(caught.value)


def test_two_pythons_cannot_share_a_case(tmp_path) -> None:
    """A case is known by its settings, so results of two Pythons would mix."""
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\n")
    python.chmod(0o755)
    with pytest.raises(SweepError, match="name them once"):
        plan_of(tmp_path, 'use = "sim"', 'use = "sim"\npython = "python"')
