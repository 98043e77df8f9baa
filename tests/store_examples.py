"""Made-up runs and results, and how they compare."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from tierbench.harness.store import result_id
from tierbench.harness.values import (
    Accuracy,
    Block,
    BlockKind,
    Case,
    Clock,
    Environment,
    Evidence,
    Memory,
    ModelProfile,
    Phase,
    Result,
    Run,
    Scenario,
    Series,
    Status,
    TensorSpec,
    Variant,
    WorkerRecord,
    Workload,
)

ODD = "'\"; DROP TABLE run;--<script>&\n../../etc/\u202e\\ %s :x ?"

int64s = st.integers(-(2**63), 2**63 - 1)
int32s = st.integers(-(2**31), 2**31 - 1)
names = st.sampled_from(["latency", "gap", ODD]) | st.text(
    st.characters(codec="utf-8", exclude_characters="\0")
)
json_maps = st.dictionaries(
    st.text(),
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    max_size=2,
)


def example_run(id="run1", **changes):
    run = Run(
        id=id,
        name="panel",
        sweep_sha256="5" * 64,
        sweep={"name": "panel", "target": [{"use": "sim", "threads": [1, 2]}]},
        started_at_ns=1,
        trigger="manual",
        tierbench_version="0.1.0",
    )
    return replace(run, **changes)


def example_case(name="fp32", **changes):
    tensor = TensorSpec(name="x", dtype="int8", shape=(-1, 3), scale=0.5, zero_point=-3)
    profile = ModelProfile(
        format="onnx",
        inputs=(tensor,),
        outputs=(replace(tensor, scale=None, zero_point=None),),
        operators={"Conv": 3},
        parameters=None,
        macs={"conv": 12},
        peak_activation_bytes=5,
        weight_bits=8,
        activation_bits=None,
    )
    variant = Variant(
        model="defect",
        name=name,
        format="onnx",
        size_bytes=2**40,
        sha256="a" * 64,
        profile=profile,
        weight_bits=8,
        activation_bits=None,
        lineage=({"recipe": "int8", "seed": 3, "of": [1, None, 0.5]},),
        path=Path("/models") / "defect.onnx",
    )
    workload = Workload(scenario=Scenario.SERVER, batch=1, profile="nightly")
    case = Case(variant=variant, target="sim", options={"n": 1}, workload=workload)
    return replace(case, **changes)


def example_environment(**changes):
    environment = Environment(
        device="board",
        tier="mcu",
        runtime="sim",
        runtime_version=None,
        identity={"driver": "1.2", "governor": None},
        details={"load": 0.5, "flags": ["a", "b"]},
    )
    return replace(environment, **changes)


def example_block(index=0, calls=20, seed=0, **changes):
    random = np.random.default_rng(seed)
    times = np.cumsum(random.integers(1, 99, calls))
    latency = Series(
        quantity="latency",
        unit="ns",
        values=random.integers(50_000, 70_000, calls),
        times=times,
    )
    off_cpu = Series(quantity="off_cpu", unit="ns", values=random.random(calls))
    block = Block(
        index=index,
        worker=index % 3,
        round=index // 3,
        kind=BlockKind.SLICE,
        phase=Phase.WARMUP if index < 3 else Phase.MEASURE,
        started_at_ns=1_700_000_000_000_000_000 + index,
        offset_ns=index,
        elapsed_ns=50_000_000,
        calls=calls,
        series=(latency, off_cpu),
        context={"involuntary": 3, "run_delay_ns": None},
    )
    return replace(block, **changes)


def example_result(run="run1", case=None, **changes):
    case = case or example_case()
    memory = Memory(scope="rss", peak_bytes=2**33)
    result = Result(
        id=result_id(run, case.key),
        run_id=run,
        case=case,
        environment=example_environment(),
        status=Status.OK,
        reason=None,
        started_at_ns=10,
        finished_at_ns=20,
        blocks=tuple(example_block(i, calls=i + 1, seed=i) for i in range(9)),
        workers=(
            WorkerRecord(worker=0, first_call_ns=9, open_ns=8, memory=memory, ran={}),
            WorkerRecord(
                worker=1, first_call_ns=9, open_ns=8, memory=None, ran={"a": 1}
            ),
        ),
        accuracy=Accuracy(metric="top1", value=0.9, low=0.8, high=0.95, n=100),
        evidence=Evidence.MEASURED,
        throttled="clean",
    )
    return replace(result, **changes)


@st.composite
def series(draw):
    length = draw(st.integers(0, 30))
    random = np.random.default_rng(draw(st.integers(0, 99)))
    values = random.integers(-(2**63), 2**63 - 1, length)
    times = draw(st.sampled_from([None, random.integers(0, 99, length)]))
    return Series(
        quantity=draw(names),
        unit=draw(st.sampled_from(["ns", "W"])),
        values=draw(st.sampled_from([values, values.view(np.float64)])),
        times=times,
        clock=draw(st.sampled_from(Clock)),
        evidence=draw(st.sampled_from(Evidence)),
    )


blocks = st.builds(
    Block,
    index=int32s,
    worker=st.integers(0, 2),
    round=int32s,
    kind=st.sampled_from(BlockKind),
    phase=st.sampled_from(Phase),
    started_at_ns=int64s,
    offset_ns=int64s,
    elapsed_ns=int64s,
    calls=int64s,
    series=st.lists(series(), max_size=4).map(tuple),
    context=json_maps,
)
workers = st.builds(
    WorkerRecord,
    worker=int32s,
    first_call_ns=int64s,
    open_ns=int64s,
    memory=st.none()
    | st.builds(Memory, scope=names, peak_bytes=st.none() | st.integers()),
    ran=json_maps,
)
cases = st.builds(
    example_case,
    st.text(),
    options=st.dictionaries(st.text(), st.text() | st.integers() | st.booleans()),
    target=names,
    data_sha256=st.none() | st.text(),
)
results = st.builds(
    example_result,
    case=cases,
    environment=st.none()
    | st.builds(example_environment, details=json_maps, device=st.text()),
    status=st.sampled_from(Status),
    reason=st.none() | names,
    started_at_ns=int64s,
    finished_at_ns=int64s,
    blocks=st.lists(blocks, max_size=5).map(tuple),
    workers=st.lists(workers, max_size=3).map(tuple),
    accuracy=st.none()
    | st.builds(
        Accuracy,
        metric=st.text(),
        value=st.floats(),
        low=st.floats(),
        high=st.floats(),
        n=st.integers(),
    ),
    accuracy_reason=st.none() | st.text(),
    evidence=st.sampled_from(Evidence),
    throttled=st.text(),
    throttled_reason=st.none() | st.text(),
)


def content(value):
    """Return a result or a part of it in a form that compares exactly."""
    if isinstance(value, np.ndarray):
        return value.dtype.name, value.tobytes()
    if isinstance(value, dict):
        return {key: content(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [content(item) for item in value]
    if is_dataclass(value):
        return type(value), [content(getattr(value, f.name)) for f in fields(value)]
    return type(value), repr(value)


def urls(path):
    return f"sqlite:///{path}"


@contextmanager
def raw(store):
    """Change the database behind the store's back."""
    connection = sqlite3.connect(store.path)
    try:
        with connection:
            yield connection
    finally:
        connection.close()


def one_line(caught):
    assert "\n" not in str(caught.value)
    return str(caught.value)
