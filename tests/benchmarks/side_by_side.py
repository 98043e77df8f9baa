"""Time one loaded model by a plain loop and by the harness's, turn by turn.

Both use the same session in the same process: two processes differ by some percent in
where their weights lie, which is not the harness's doing.
Usage: python side_by_side.py MODEL ROUNDS SEED; prints medians in ns as JSON.
"""

from __future__ import annotations

import json
import random
import statistics
import sys
import time

import numpy as np

from tierbench.harness.device import clock
from tierbench.harness.device.wire import Tensor
from tierbench.targets.host_onnxruntime import HostOnnxruntime
from tierbench.targets.host_onnxruntime.device import open_session

CALLS_MIN, DURATION_NS = 20, 50_000_000

model, rounds, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
options = HostOnnxruntime().settings
session = open_session(model, options, 1)
(spec,) = session.inputs()
inputs = np.random.default_rng(0).random(spec["shape"], dtype=np.float32)
session.bind([Tensor(spec["name"], "float32", inputs.shape, inputs.data)])
session.infer()
session.after_first_call()
runtime, binding = session._session, session._binding


def plain() -> float:
    latencies = []
    end = time.perf_counter() + DURATION_NS / 1e9
    while time.perf_counter() < end or len(latencies) < CALLS_MIN:
        start = time.perf_counter_ns()
        runtime.run_with_iobinding(binding)
        latencies.append(time.perf_counter_ns() - start)
    return statistics.median(latencies)


def harness() -> float:
    stretch = clock.run_calls(session, CALLS_MIN, 10_000, DURATION_NS)
    return statistics.median(stretch.latency_ns)


sides = {"plain": plain, "harness": harness}
medians: dict[str, list[float]] = {name: [] for name in sides}
chance = random.Random(seed)
for _ in range(rounds):
    for name in chance.sample(sorted(sides), 2):
        medians[name].append(sides[name]())
print(json.dumps(medians))
