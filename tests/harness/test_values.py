"""What identifies a case and an environment, and what does not."""

import hashlib
import os
import subprocess
import sys
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import pytest
from store_examples import example_case, example_environment
from support.measured import a_block

from tierbench.harness.plain import from_plain
from tierbench.harness.values import Scenario, Workload, canonical_json

KEY = """
import sys
sys.path.insert(0, sys.argv[1])
from store_examples import example_case
print(example_case(options={"b": 1, "a": "x", "c": 0.5}).key)
"""


def with_variant(**changes):
    case = example_case()
    return replace(case, variant=replace(case.variant, **changes))


def with_workload(**changes):
    case = example_case()
    return replace(case, workload=replace(case.workload, **changes))


@pytest.mark.parametrize(
    "changed",
    [
        with_variant(model="other"),
        with_variant(name="other"),
        with_variant(sha256="b" * 64),
        with_workload(scenario=Scenario.OFFLINE),
        with_workload(batch=2),
        with_workload(profile="smoke"),
        with_workload(seed=1),
        with_workload(server_p99_ms=20.0),
        with_workload(samples_per_query=8),
        with_workload(frame_rate_fps=60.0, frame_deadline_ms=16.0, streams_max=64),
        example_case(target="other"),
        example_case(options={"n": 2}),
        example_case(options={"m": 1}),
        example_case(data_sha256="c" * 64),
    ],
)
def test_a_case_is_another_where_its_content_is(changed) -> None:
    assert changed.key != example_case().key


@pytest.mark.parametrize(
    "same",
    [
        with_variant(path=Path("/elsewhere/model.onnx")),
        with_variant(lineage=()),
        example_case(tier="server"),
        example_case(chosen=("n",)),
    ],
)
def test_a_case_is_the_same_wherever_it_lies(same) -> None:
    assert same.key == example_case().key


def test_a_key_is_the_same_in_every_process() -> None:
    keys = set()
    for seed in ("0", "1", "77"):
        done = subprocess.run(
            [sys.executable, "-c", KEY, str(Path(__file__).parents[1])],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        keys.add(done.stdout)
    own = example_case(options={"c": 0.5, "a": "x", "b": 1}).key
    assert keys == {own + "\n"}


def test_a_label_names_only_what_the_sweep_chose() -> None:
    plain = example_case(options={"threads": 2, "level": "all"})
    assert plain.place == "sim"
    chosen = replace(plain, chosen=("threads", "level"))
    assert chosen.place == "sim[level=all, threads=2]"
    assert chosen.label == "defect/fp32 sim[level=all, threads=2] server batch 1"


@pytest.mark.parametrize(
    "change",
    [
        {"device": "other"},
        {"runtime": "other"},
        {"runtime_version": "2"},
        {"identity": {"driver": "1.3", "governor": None}},
        {"identity": {"driver": "1.2", "governor": "performance"}},
    ],
)
def test_reuse_rests_on_the_identity(change) -> None:
    before, after = example_environment(), example_environment(**change)
    assert before.identity_sha256 != after.identity_sha256


def test_details_of_an_environment_decide_nothing() -> None:
    before, after = example_environment(), example_environment(details={"load": 0.9})
    assert before.identity_sha256 == after.identity_sha256
    assert before.sha256 != after.sha256


def test_a_block_without_a_quantity_has_none() -> None:
    block = a_block(0, [1.0, 2.0])
    assert block.values("latency").tolist() == [1000, 2000]
    assert block.values("energy") is None


def test_a_profile_without_multiply_accumulates_has_no_total() -> None:
    profile = example_case().variant.profile
    assert profile.macs_total == 12
    assert replace(profile, macs=None).macs_total is None
    assert replace(profile, macs={}).macs_total == 0


def test_values_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        example_case().target = "other"


def test_equal_values_are_equal_json() -> None:
    assert canonical_json({"b": [1, None], "a": "é"}) == canonical_json(
        dict(reversed([("b", [1, None]), ("a", "é")]))
    )
    assert canonical_json({"a": {"c": 1, "b": 2}}) == '{"a":{"b":2,"c":1}}'


def test_keys_that_a_workload_does_not_hold_change_no_hash() -> None:
    """A result of before they came is still found, and its case still read."""
    case = example_case()
    old = {"scenario": "server", "batch": 1, "profile": "nightly", "seed": 0}
    assert case.workload.content == old
    assert from_plain(Workload, old) == case.workload
    content = {
        "model": case.variant.model,
        "variant": case.variant.name,
        "sha256": case.variant.sha256,
        "target": case.target,
        "options": case.options,
        "workload": old,
        "data": None,
    }
    text = canonical_json(content)
    assert case.key == hashlib.sha256(text.encode()).hexdigest()


def test_a_workload_tells_what_one_latency_is_of() -> None:
    assert with_workload(batch=4).workload.samples == 4
    multi = with_workload(batch=4, samples_per_query=8).workload
    assert (multi.samples, multi.load) == (8, {"samples_per_query": 8})
    assert with_workload(batch=4).workload.load == {}
