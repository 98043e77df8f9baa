"""Names of Pythons on other machines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierbench.harness.errors import InputError
from tierbench.harness.remote import Remote, is_remote, machine_of, remote_problem

NAMES = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True)
PATHS = st.from_regex(r"/[A-Za-z0-9_./ '$;-]{1,40}", fullmatch=True)


@given(
    host=NAMES,
    user=st.none() | NAMES,
    port=st.none() | st.integers(1, 65535),
    path=PATHS,
)
def test_what_was_put_together_is_taken_apart(host, user, port, path) -> None:
    at = "" if user is None else f"{user}@"
    name = f"ssh://{at}{host}{'' if port is None else f':{port}'}{path}"
    found = Remote.parse(name)
    assert found == Remote(host=host, user=user, port=port, python=path)
    assert machine_of(name) == (host if port is None else f"{host}:{port}")


@given(st.text().map("ssh://".__add__))
def test_any_text_is_a_name_or_a_problem(name: str) -> None:
    problem = remote_problem(name)
    if problem is not None:
        assert "\n" not in problem
        with pytest.raises(InputError):
            Remote.parse(name)
        return
    found = Remote.parse(name)
    for part in (found.host, found.user or "x"):
        assert not part.startswith("-")
        assert part.isascii()
        assert " " not in part
    assert found.python.startswith("/")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ssh://", "host ''"),
        ("ssh:///usr/bin/python3", "host ''"),
        ("ssh://board", "the path of the Python there is missing"),
        ("ssh://board/", "the path of the Python there is missing"),
        ("ssh://-oProxyCommand=evil/usr/bin/python3", "host '-oProxyCommand=evil'"),
        ("ssh://-l@board/usr/bin/python3", "user '-l'"),
        ("ssh://@board/usr/bin/python3", "user ''"),
        ("ssh://board:0/usr/bin/python3", "port '0'"),
        ("ssh://board:/usr/bin/python3", "port ''"),
        ("ssh://board:65536/usr/bin/python3", "port '65536'"),
        ("ssh://board:22x/usr/bin/python3", "port '22x'"),
        ("ssh://[::1/usr/bin/python3", "names no Python on another host"),
        ("ssh://[nonsense]/usr/bin/python3", "host '[nonsense]'"),
        ("ssh://a@b@c/usr/bin/python3", "names no Python on another host"),
        ("ssh://board/usr/bin/py\nthon", "printable"),
    ],
)
def test_each_wrong_part_is_named(name: str, said: str) -> None:
    problem = remote_problem(name)
    assert problem is not None
    assert said in problem
    assert "ssh://[user@]host[:port]/path/to/python" in problem


def test_all_wrong_parts_are_named_at_once() -> None:
    problem = remote_problem("ssh://-a@-b:x/")
    assert problem is not None
    for part in ("user '-a'", "host '-b'", "port 'x'", "path"):
        assert part in problem


def test_an_ipv6_address_stands_in_brackets() -> None:
    found = Remote.parse("ssh://pi@[fe80::1%eth0]:2222/usr/bin/python3")
    assert found.host == "fe80::1%eth0"
    assert found.machine == "[fe80::1%eth0]:2222"
    assert found.destination == ["-p", "2222", "-l", "pi", "--", "fe80::1%eth0"]


def test_this_machine_has_no_name() -> None:
    assert not is_remote(None)
    assert not is_remote("/usr/bin/python3")
    assert machine_of("/usr/bin/python3") is None
