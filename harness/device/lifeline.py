"""The end of a worker whose host is gone, whatever call it hangs in.

A worker's standard input is the link to its host. On another machine there is a
lifeline besides, see ``board``: a link that was cut leaves standard input open for
hours.
"""

from __future__ import annotations

import os
import select
import signal
import threading
import time

GRACE_S = 2.0
"""How long a worker whose input closed may take to end by itself."""


def follow(source: int, lifeline: str) -> None:
    """End this process when its input closes or its lifeline is let go.

    A thread waits in the kernel for either; it takes no time while a call is measured.

    Args:
        source: the descriptor of the link to the host.
        lifeline: the named pipe that ``board`` holds.
    """
    held = os.open(lifeline, os.O_RDONLY | os.O_NONBLOCK)
    threading.Thread(target=_await_end, args=(source, held), daemon=True).start()


def _await_end(source: int, held: int) -> None:
    """Wait for the other side's end: that of a socket shows as RDHUP alone."""
    poll = select.poll()
    poll.register(source, select.POLLRDHUP)
    poll.register(held, 0)
    ended = [descriptor for descriptor, _ in poll.poll()]
    if held not in ended:
        time.sleep(GRACE_S)
    os.kill(os.getpid(), signal.SIGKILL)
