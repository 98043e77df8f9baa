"""Windows under load with chosen latencies, for tests of what is made of them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tierbench.harness.load import OFFERED
from tierbench.harness.values import Block, BlockKind, Scenario, Series, Workload

from .measured import a_block

SERVER = Workload(
    scenario=Scenario.SERVER, batch=1, profile="lenient", server_p99_ms=10.0
)
PIPELINE = Workload(
    scenario=Scenario.PIPELINE,
    batch=1,
    profile="lenient",
    frame_rate_fps=50.0,
    frame_deadline_ms=20.0,
    streams_max=8,
)


def a_window(
    index: int,
    offered: float,
    latencies_us: Sequence[float],
    service_us: float = 100.0,
    unserved: int = 0,
) -> Block:
    """Return a window under a load."""
    block = a_block(index, latencies_us, kind=BlockKind.WINDOW)
    service = np.full(len(latencies_us), round(1e3 * service_us))
    series = (*block.series, Series(quantity="service", unit="ns", values=service))
    context = {OFFERED: offered, "unserved": unserved}
    return replace(block, series=series, context=context)
