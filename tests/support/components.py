"""Components that a test needs: missing ones skip, unless the run requires them."""

import os

import pytest


def missing(component: str, reason: str) -> None:
    """Skip, or fail where TIERBENCH_REQUIRE names the component."""
    if component in os.environ.get("TIERBENCH_REQUIRE", "").split(","):
        pytest.fail(f"{component} is required: {reason}")
    pytest.skip(reason)
