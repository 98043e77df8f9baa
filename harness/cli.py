"""The command line: ``tierbench COMMAND``.

Nothing heavy is imported before a command needs it: ``tierbench --help`` needs click
and the commands' own thin modules.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from .errors import TierbenchError

BUILT_IN = ("compare", "demo", "export", "plan", "results", "run", "targets")

INTERNAL_ERROR = 3
INTERRUPTED = 130


class Commands(click.Group):
    """The built-in commands and those of the entry point group."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, sorted."""
        from . import registry

        return sorted({*BUILT_IN, *registry.names(registry.COMMANDS)})

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Return a command, imported when asked for; None where there is none."""
        if name in BUILT_IN:
            module = import_module(f".commands.{name}", __package__)
            command: click.Command = module.command
            return command
        from . import registry

        if name not in registry.names(registry.COMMANDS):
            return None
        found: click.Command = registry.find(registry.COMMANDS, name)
        return found


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit status: 0 all well; 1 a case failed or a gate found a regression; "
    "2 bad input; 3 infrastructure (device, network, store).",
)
@click.version_option(package_name="tierbench", message="%(package)s %(version)s")
def tierbench() -> None:
    """Benchmark models for the edge, with evidence.

    Which variant of this model, on which hardware, should we ship or buy?
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status; never shows a traceback."""
    try:
        status = tierbench.main(
            args=None if arguments is None else list(arguments),
            prog_name="tierbench",
            standalone_mode=False,
        )
    except TierbenchError as exc:
        for line in str(exc).splitlines() or [type(exc).__name__]:
            _complain(line)
        return exc.exit_status
    except click.ClickException as exc:
        exc.show()
        return exc.exit_code
    except (click.Abort, KeyboardInterrupt):
        _complain("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as exc:
        return _internal_error(exc)
    return status if isinstance(status, int) else 0


def _internal_error(exc: Exception) -> int:
    """Keep the traceback in a file: a person needs one line, a developer all."""
    from .cache import cache_folder

    path = cache_folder("crashes") / f"{os.getpid()}.txt"
    path.write_text("".join(traceback.format_exception(exc)), encoding="utf-8")
    _complain(
        f"internal error: {type(exc).__name__}: {exc}; this is a bug of tierbench, "
        f"please report it with {path}"
    )
    return INTERNAL_ERROR


def _complain(line: str) -> None:
    from .terminal import printable

    click.echo(f"tierbench: {printable(line)}", err=True)


def entry_point() -> Any:
    """Run from the console script."""
    sys.exit(main())
