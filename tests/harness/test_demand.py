"""Demands as they travel."""

import pytest

from tierbench.harness.demand import Frames, Poisson, Queries, Stages


@pytest.mark.parametrize(
    ("demand", "plain"),
    [
        (Queries(calls=3), {"kind": "queries", "calls": 3}),
        (
            Poisson(rate_per_s=2.5, seed="1/2"),
            {"kind": "poisson", "rate_per_s": 2.5, "seed": "1/2"},
        ),
        (Stages(), {"kind": "stages"}),
        (
            Frames(rate_per_s=60.0, streams=4),
            {"kind": "frames", "rate_per_s": 60.0, "streams": 4},
        ),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_a_demand_is_its_kind_and_its_fields(demand, plain) -> None:
    assert demand.plain == plain
