"""TensorFlow Lite Micro's interpreter in a process of its own: it may abort."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np

CODE = """
import sys
import numpy as np
from tflite_micro import runtime

model, count, out = sys.argv[1], int(sys.argv[2]), sys.argv[3]
interpreter = runtime.Interpreter.from_file(model, arena_size=1 << 20)
detail = interpreter.get_input_details(0)
rng, shape = np.random.default_rng(7), tuple(detail["shape"])
inputs, outputs, places = [], [], int(sys.argv[4])
for number in range(count):
    if number % 2:  # noise, or something smoother
        values = rng.integers(-128, 128, shape)
    else:
        values = np.cumsum(rng.normal(0, 6, int(np.prod(shape)))).reshape(shape)
    x = np.clip(values, -128, 127).astype(np.int8)
    interpreter.set_input(x, 0)
    interpreter.invoke()
    inputs.append(x)
    outputs.append([interpreter.get_output(i).copy() for i in range(places)])
found = {f"y{i}": np.stack([row[i] for row in outputs]) for i in range(places)}
np.savez(out, x=np.stack(inputs), **found)
"""


def interpreted(
    model: Path, folder: Path, samples: int, outputs: int = 1
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return random inputs, and the interpreter's outputs for them by output."""
    out = folder / "interpreted.npz"
    words = [str(model), str(samples), str(out), str(outputs)]
    done = subprocess.run(
        [sys.executable, "-c", CODE, *words],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = np.load(out)
    return found["x"], [found[f"y{i}"] for i in range(outputs)]
