"""The plain loop that the harness is held against: no harness, one process.

Reads a line, measures for 50 ms, prints the latencies in ns as one JSON line.
Usage: python plain_loop.py MODEL
"""

import json
import sys
import time

import numpy as np
import onnxruntime as ort

settings = ort.SessionOptions()
settings.intra_op_num_threads = 1
session = ort.InferenceSession(sys.argv[1], settings, ["CPUExecutionProvider"])
shape = [n if isinstance(n, int) else 1 for n in session.get_inputs()[0].shape]
inputs = np.random.default_rng(0).random(shape, dtype=np.float32)
binding = session.io_binding()
binding.bind_cpu_input(session.get_inputs()[0].name, inputs)
binding.bind_output(session.get_outputs()[0].name, "cpu")
session.run_with_iobinding(binding)
outputs = binding.get_outputs()
binding.clear_binding_outputs()
binding.bind_ortvalue_output(session.get_outputs()[0].name, outputs[0])

for _ in sys.stdin:
    latencies = []
    end = time.perf_counter() + 0.05
    while time.perf_counter() < end or len(latencies) < 20:
        start = time.perf_counter_ns()
        session.run_with_iobinding(binding)
        latencies.append(time.perf_counter_ns() - start)
    print(json.dumps(latencies), flush=True)
