"""A Python on another machine, as people write it: ``ssh://[user@]host[:port]/path``.

A host is a name, an alias of the user's ssh configuration, or an address, IPv6 in
brackets. No part may begin so that ``ssh`` could take it for an option.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv6Address
from typing import Self

from .errors import InputError

SCHEME = "ssh://"
VALID = "ssh://[user@]host[:port]/path/to/python"
LENGTH_MAX = 1024

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,252}")
_PARTS = re.compile(
    r"ssh://(?:(?P<user>[^@/]*)@)?(?P<host>\[[^]/]*\]|[^:/@[\]]*)"
    r"(?::(?P<port>[^/]*))?(?P<path>/.*)?",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """An interpreter on another host; ``user`` and ``port`` as ssh has them if None."""

    host: str
    python: str
    user: str | None = None
    port: int | None = None

    @classmethod
    def parse(cls, name: str) -> Self:
        """Return what a name means.

        Raises:
            InputError: all that is wrong with it, in one line.
        """
        if problem := remote_problem(name):
            raise InputError(problem)
        parts = _PARTS.fullmatch(name)
        assert parts is not None
        return cls(
            host=parts["host"].strip("[]"),
            python=parts["path"],
            user=parts["user"],
            port=None if parts["port"] is None else int(parts["port"]),
        )

    @property
    def machine(self) -> str:
        """Name the machine, whoever logs in there."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"

    @property
    def destination(self) -> list[str]:
        """Return ssh's arguments that lead there, the last of its options first."""
        port = [] if self.port is None else ["-p", str(self.port)]
        user = [] if self.user is None else ["-l", self.user]
        return [*port, *user, "--", self.host]


def is_remote(python: str | None) -> bool:
    """Return whether a name of a Python means one on another machine."""
    return python is not None and python.startswith(SCHEME)


@cache
def machine_of(python: str | None) -> str | None:
    """Return the name of the machine that a Python is on, None for this one."""
    if python is None or not is_remote(python):
        return None
    return Remote.parse(python).machine


def remote_problem(name: str) -> str | None:
    """Return all that is wrong with a name that begins with ``ssh://``, or None."""
    if len(name) > LENGTH_MAX or not name.isprintable():
        what = f"must be at most {LENGTH_MAX} printable characters"
        return f"{what}, as {VALID}; it begins {_short(name)}"
    parts = _PARTS.fullmatch(name)
    if parts is None:
        return f"{_short(name)} names no Python on another host; valid: {VALID}"
    wrong = []
    if (user := parts["user"]) is not None and not _NAME.fullmatch(user):
        wrong.append(f"user {_short(user)} must be letters, digits, '.', '_' and '-'")
    if not _is_host(host := parts["host"]):
        wrong.append(
            f"host {_short(host)} must be letters, digits, '.', '_' and '-', not "
            "beginning with '-', or an IPv6 address in brackets"
        )
    if (port := parts["port"]) is not None and not _is_port(port):
        wrong.append(f"port {_short(port)} must be an integer from 1 to 65535")
    if len(parts["path"] or "") < 2:
        wrong.append("the path of the Python there is missing")
    if not wrong:
        return None
    return f"{'; '.join(wrong)}; valid: {VALID}"


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")


def _is_host(host: str) -> bool:
    if not host.startswith("["):
        return _NAME.fullmatch(host) is not None
    address, _, zone = host[1:-1].partition("%")
    try:
        IPv6Address(address)
    except ValueError:
        return False
    return "%" not in host or _NAME.fullmatch(zone) is not None


def _is_port(port: str) -> bool:
    return re.fullmatch(r"[1-9][0-9]{0,4}", port) is not None and int(port) <= 65535
