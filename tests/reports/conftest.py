"""Made-up rows for tests of reports."""

from types import SimpleNamespace

import pytest
from support.report_rows import EXAMPLES


@pytest.fixture(scope="session")
def examples() -> SimpleNamespace:
    """Return the makers of rows, runs and environments, and the parser."""
    return EXAMPLES
