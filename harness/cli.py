"""The command line: ``tierbench COMMAND``.

Nothing heavy is imported before a command needs it: ``tierbench --help`` needs click
and the commands' own thin modules.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from .errors import InfrastructureError, TierbenchError

BUILT_IN = (
    "compare",
    "demo",
    "doctor",
    "export",
    "mlperf",
    "models",
    "plan",
    "published",
    "results",
    "run",
    "targets",
)

BAD_INPUT = 2
INFRASTRUCTURE = 3
INTERRUPTED = 3


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
        try:
            found: click.Command = registry.find(registry.COMMANDS, name)
        except InfrastructureError as exc:
            return _broken(name, exc)
        return found

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; it is no error where nobody reads its output on."""
        try:
            status = super().invoke(ctx)
            sys.stdout.flush()
            return status
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0


def _broken(name: str, error: InfrastructureError) -> click.Command:
    """Return a command that only says what is wrong: help still lists all others."""

    def fail() -> None:
        raise error

    anything = {"ignore_unknown_options": True, "allow_extra_args": True}
    return click.Command(
        name, callback=fail, help=str(error), context_settings=anything
    )


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
        for line in exc.lines:
            _complain(line)
        return exc.exit_status
    except click.exceptions.NoArgsIsHelpError as exc:
        exc.show()
        return BAD_INPUT
    except click.ClickException as exc:
        _complain(_usage(exc))
        return BAD_INPUT
    except (click.Abort, KeyboardInterrupt):
        _complain("interrupted")
        return INTERRUPTED
    except OSError as exc:
        _complain(_refusal(exc))
        return INFRASTRUCTURE
    except Exception as exc:
        return _internal_error(exc)
    return status if isinstance(status, int) else 0


def _usage(exc: click.ClickException) -> str:
    """Return what is wrong with the command line, and where help is to be had."""
    said = " ".join(exc.format_message().split()).removesuffix(".")
    context = exc.ctx if isinstance(exc, click.UsageError) else None
    return f"{said}; see '{context.command_path if context else 'tierbench'} --help'"


def _refusal(exc: OSError) -> str:
    """Return what the system refused that no module of ours could foresee."""
    what = "the system" if exc.filename is None else repr(exc.filename)
    return f"{what}: {exc.strerror or exc}; check permissions and the free disk space"


def _internal_error(exc: Exception) -> int:
    """Keep the traceback in a file: a person needs one line, a developer all."""
    import traceback

    from .cache import cache_folder

    trace = "".join(traceback.format_exception(exc))
    try:
        path = cache_folder("crashes") / f"{os.getpid()}.txt"
        path.write_text(trace, encoding="utf-8", errors="backslashreplace")
        where = f"please report it with {str(path)!r}"
    except (OSError, InfrastructureError) as why:
        where = f"please report it; its traceback could not be kept: {why}"
    _complain(
        f"internal error: {type(exc).__name__}: {exc}; this is a bug of tierbench, "
        f"{where}"
    )
    return INFRASTRUCTURE


def _complain(line: str) -> None:
    from .terminal import printable

    click.echo(f"tierbench: {printable(line)}", err=True)


def entry_point() -> Any:
    """Run from the console script."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A name that the terminal's encoding lacks is shown escaped.
        sys.stdout.reconfigure(errors="backslashreplace")
    sys.exit(main())
