"""Which progress is told where."""

import io

from tierbench.harness.live import LiveProgress
from tierbench.harness.progress import PlainProgress
from tierbench.harness.telling import progress_for


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_is_drawn_on_and_a_pipe_written_to() -> None:
    assert type(progress_for(io.StringIO())) is PlainProgress
    assert isinstance(progress_for(Terminal()), LiveProgress)
