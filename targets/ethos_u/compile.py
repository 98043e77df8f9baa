"""Run Vela within bounds: ``python compile.py`` with Vela's own arguments.

It is run by file name in the target's Python, so it imports nothing of ours.
"""

import resource
import sys

MEMORY_BYTES = 8 << 30
FILE_BYTES = 1 << 28

if __name__ == "__main__":
    for limit, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_FSIZE, FILE_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (most, most))
    from ethosu.vela.vela import main

    sys.exit(main(sys.argv[1:]))
