"""What the monitor at 100 Hz does to the p99 of a model of half a millisecond.

Blocks with the monitor and blocks without it take turns in random order. Those without
are of two arms that are alike: what these two differ by is noise.
"""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
from benchmarks.test_overhead import chain
from support.machine_tree import CPU
from support.sysfs_tree import write_tree, zone

from tierbench.harness.monitor import Monitor
from tierbench.harness.values import BlockKind
from tierbench.harness.watch import LINUX
from tierbench.harness.worker import Limits, Stretch, SubprocessWorker
from tierbench.targets.host_onnxruntime import HostOnnxruntime

ROUNDS = 60
WARM_UP_ROUNDS = 3
PERIOD_NS = 10_000_000
MODEL_NS = 500_000
BLOCK = Stretch(
    kind=BlockKind.SLICE, calls_min=20, calls_max=20_000, duration_ns=250_000_000
)
DRAWS = 500
MACHINE = {
    f"{CPU}/cpufreq/policy{n}/{name}": value
    for n in range(8)
    for name, value in {
        "scaling_cur_freq": 2_000_000,
        "scaling_max_freq": 2_000_000,
        "cpuinfo_max_freq": 2_000_000,
        "scaling_governor": "performance",
        "affected_cpus": n,
    }.items()
} | {k: v for n in range(9) for k, v in zone(n, f"zone{n}").items()}


def test_the_monitor_disturbs_less_than_noise(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "root", MACHINE)
    (root / "proc").mkdir()
    (root / "proc/stat").symlink_to("/proc/stat")
    readers = [(reader.module, {"root": str(root)}) for reader in LINUX]
    modules = tuple(reader.module for reader in LINUX)
    with Monitor(modules, readers) as monitor, _half_a_millisecond(tmp_path) as worker:
        arms = _measure(worker, monitor)
    median_us = np.median(np.concatenate(arms["off"])) / 1e3
    noise = _ratios(arms["off again"], arms["off"])
    low, high = np.quantile(noise, [0.025, 0.975])
    ratio = _p99(arms["on"]) / _p99(arms["off"] + arms["off again"])
    print(
        f"\nmodel {median_us:.0f} us, p99 {_p99(arms['off']) / 1e3:.0f} us; monitor "
        f"on / off: {ratio:.3f}; off / off: [{low:.3f}, {high:.3f}]"
    )
    assert 250 < median_us < 1000
    assert ratio <= max(high, 1 / low)


def _half_a_millisecond(folder: Path) -> SubprocessWorker:
    """Return a worker with a model whose call takes about that long, ready to run."""
    layers = 12
    for _ in range(3):
        worker = _worker(chain(folder, layers, 256))
        (spec,) = worker.open().inputs
        worker.bind({spec.name: np.ones((1, 256), np.float32)})
        took_ns = float(np.median(worker.block(BLOCK).latency_ns))
        if 0.7 < took_ns / MODEL_NS < 1.4:
            break
        worker.close()
        layers = max(1, round(layers * MODEL_NS / took_ns))
    return worker


def _worker(path: Path) -> SubprocessWorker:
    return SubprocessWorker(
        modules=HostOnnxruntime.device_modules,
        artifact=path,
        options=HostOnnxruntime().settings,
        batch=1,
        limits=Limits(),
    )


def _measure(worker: SubprocessWorker, monitor: Monitor) -> dict[str, list[np.ndarray]]:
    arms: dict[str, list[np.ndarray]] = {"on": [], "off": [], "off again": []}
    chance = random.Random(0)
    for _ in range(WARM_UP_ROUNDS + ROUNDS):
        for arm in chance.sample(sorted(arms), 3):
            if arm == "on":
                monitor.start(PERIOD_NS)
            arms[arm].append(worker.block(BLOCK).latency_ns)
            if arm == "on":
                sampled = monitor.stop()
                assert len(sampled[0].values) >= 10, "the monitor did not keep up"
    return {arm: blocks[WARM_UP_ROUNDS:] for arm, blocks in arms.items()}


def _p99(blocks: list[np.ndarray]) -> float:
    return float(np.quantile(np.concatenate(blocks), 0.99))


def _ratios(ones: list[np.ndarray], others: list[np.ndarray]) -> list[float]:
    """Return ratios of p99 over rounds drawn with replacement."""
    chance = np.random.default_rng(0)
    found = []
    for _ in range(DRAWS):
        drawn = chance.integers(0, len(ones), len(ones))
        found.append(_p99([ones[i] for i in drawn]) / _p99([others[i] for i in drawn]))
    return found
