"""What an exception means for its case."""

import pytest

from tierbench.harness.errors import CaseError, WorkerTimeout
from tierbench.harness.failure import Failure, failure_of
from tierbench.harness.values import Status


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        (CaseError("it refuses"), Status.FAILED, "it refuses"),
        (WorkerTimeout("too slow"), Status.TIMED_OUT, "too slow"),
        (OSError("a\n b"), Status.FAILED, "the target failed: OSError: a b"),
    ],
)
def test_every_exception_is_a_failure(error, status, reason) -> None:
    assert failure_of(error) == Failure(status=status, reason=reason)
