"""Run the command line: ``python -m tierbench``."""

import sys

try:
    from .harness.cli import entry_point
except ModuleNotFoundError as exc:
    if exc.name != "tierbench.harness":
        raise
    sys.exit(
        "tierbench: this folder holds the sources, not what is installed; "
        "run 'tierbench', or 'python -P -m tierbench'"
    )

entry_point()
