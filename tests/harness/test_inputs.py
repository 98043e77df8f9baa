"""What a case is timed with."""

import numpy as np
from support.plans import plan_of

from tierbench.harness.inputs import timed_inputs
from tierbench.harness.values import TensorSpec

SPECS = (TensorSpec(name="input", dtype="float32", shape=(1, 4)),)


def test_it_is_made_up_by_the_seed_without_data(tmp_path) -> None:
    (planned,) = plan_of(tmp_path, 'use = "sim"').cases
    one, other = timed_inputs(planned, SPECS), timed_inputs(planned, SPECS)
    assert one["input"].shape == (1, 4)
    np.testing.assert_array_equal(one["input"], other["input"])
    assert timed_inputs(planned, ()) == {}


def test_it_is_the_datas_first_samples(tmp_path) -> None:
    samples = np.arange(12, dtype=np.float32).reshape(3, 4)
    np.savez(tmp_path / "data.npz", input=samples, labels=np.array([0, 1, 2]))
    text = '[[model]]\npath = "model.onnx"\nname = "judged"\ndata = "data.npz"\n'
    plan = plan_of(tmp_path, 'use = "sim"', rest=f"{text}[workload]\nbatch = 2\n")
    (planned,) = (p for p in plan.cases if p.case.variant.model == "judged")
    specs = (TensorSpec(name="input", dtype="float32", shape=(2, 4)),)
    np.testing.assert_array_equal(timed_inputs(planned, specs)["input"], samples[:2])
