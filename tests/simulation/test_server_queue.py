"""The server scenario against the theory of queues: M/D/1, on the simulated device.

Random arrivals, one service time, one server. The mean wait is
rho / (2 mu (1 - rho)) (Pollaczek and Khinchine); its distribution is Erlang's (1909).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from store_examples import example_case
from support.benches import a_bench, measured
from support.plans import plan_of

from tierbench.harness.course import ask
from tierbench.harness.demand import Poisson
from tierbench.harness.load_rows import load_rows
from tierbench.harness.profiles import NIGHTLY
from tierbench.harness.values import BlockKind, Status
from tierbench.harness.worker import Limits, Measured, Stretch
from tierbench.targets.sim import Sim

pytestmark = pytest.mark.simulation

SERVICE_NS = 1_000_000
QUERIES = 100_000
_devices = count()


def window(rho: float, seed: int, queries: int = QUERIES, **settings) -> Measured:
    """Return one window at a share of what the device can serve."""
    fixed = {"latency_us": SERVICE_NS / 1e3, "noise": 0.0}
    sim = Sim({**fixed, "device": f"queue {next(_devices)}", **settings})
    case = example_case(options={})
    worker = sim.launch(case, case.variant.path, Limits())
    worker.open()
    worker.bind({})
    demand = Poisson(rate_per_s=rho * 1e9 / SERVICE_NS, seed=str(seed))
    stretch = Stretch(
        kind=BlockKind.WINDOW,
        calls_min=1,
        calls_max=queries,
        duration_ns=10**15,
        demand=demand,
    )
    return ask(worker, stretch)


def waits_ns(rho: float) -> Iterator[np.ndarray]:
    """Yield the waits of ten windows, their first tenth, empty queue, left out."""
    for seed in range(10):
        found = window(rho, seed)
        yield (found.latency_ns - found.more["service"])[QUERIES // 10 :]


def wait_cdf(rho: float, services: float) -> float:
    """Return the chance to wait no longer than so many service times (Erlang)."""
    total = 0.0
    for k in range(int(services) + 1):
        x = rho * (services - k)
        total += (-x) ** k / math.factorial(k) * math.exp(x)
    return (1 - rho) * total


@pytest.mark.parametrize("rho", [0.1, 0.3, 0.5, 0.7, 0.8, 0.9])
def test_waits_are_those_of_an_m_d_1_queue(rho: float) -> None:
    waits = list(waits_ns(rho))
    means = np.array([taken.mean() for taken in waits])
    error = means.std(ddof=1) / math.sqrt(len(means))
    theory = rho / (2 * (1 - rho)) * SERVICE_NS
    assert abs(means.mean() - theory) < 3.5 * error
    assert error < 0.03 * theory
    together = np.concatenate(waits) / SERVICE_NS
    for services in (0.5, 1.0, 2.0, 5.0):
        seen = float(np.mean(together <= services))
        assert seen == pytest.approx(wait_cdf(rho, services), abs=0.01)
    print(
        f"rho {rho}: mean wait {means.mean() / 1e6:.4f} +- {error / 1e6:.4f} ms, "
        f"theory {theory / 1e6:.4f} ms"
    )


def test_a_stall_of_the_server_shows_in_the_tail() -> None:
    stall = {"stall_ms": 200.0, "stall_after_s": 1.0}
    calm, stalled = (window(0.5, 7, 5000, **told) for told in ({}, stall))
    p99_ms = [float(np.quantile(w.latency_ns, 0.99)) / 1e6 for w in (calm, stalled)]
    assert p99_ms[0] < 6
    # 100 queries come while it stands still, and 100 more until they are worked off:
    # 4 in 100 wait, the hundredth longest of them some 150 ms.
    assert 100 < p99_ms[1] < 201
    service = stalled.more["service"]
    assert np.quantile(service, 0.99) == SERVICE_NS, "one call alone was slow"
    print(f"p99 {p99_ms[0]:.2f} ms, with one stall of 200 ms {p99_ms[1]:.1f} ms")


def test_the_highest_rate_is_found(tmp_path: Path) -> None:
    limit = 5.0
    low, high = 0.0, 1.0  # where p99 of M/D/1 is the limit, in services
    for _ in range(40):
        rho = (low + high) / 2
        low, high = (rho, high) if wait_cdf(rho, limit - 1) > 0.99 else (low, rho)
    truth = low * 1e9 / SERVICE_NS
    ratios = []
    for seed in range(40):
        rest = f'[workload]\nscenario="server"\nserver_p99_ms={limit}\nseed={seed}\n'
        table = f'use = "sim"\nnoise = 0.0\ndevice = "search {seed}"'
        (planned,) = plan_of(tmp_path, table, profile="nightly", rest=rest).cases
        result = measured(a_bench(planned, profile=NIGHTLY), 1000).close()
        assert result.status is Status.OK
        server = load_rows(result, "")["server"]
        best, beyond = server["rate_per_s"], server["next_rate_per_s"]
        assert beyond / best < 1.065
        ratios.append((best + beyond) / 2 / truth)
    mean, deviation = float(np.mean(ratios)), float(np.std(ratios, ddof=1))
    print(f"truth {truth:.1f}/s; found {mean:.1%} of it, deviation {deviation:.1%}")
    assert mean == pytest.approx(1.0, abs=0.03)
    assert deviation < 0.06
