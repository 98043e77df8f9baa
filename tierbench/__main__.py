"""Run the command line: ``python -m tierbench``."""

from .harness.cli import entry_point

entry_point()
