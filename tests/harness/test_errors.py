"""The tree of errors, the exit status of each, and what messages say."""

import inspect

import pytest

from tierbench.harness import errors
from tierbench.harness.errors import (
    CaseError,
    InfrastructureError,
    InputError,
    Mistake,
    NotComparable,
    NotFound,
    SweepError,
    TargetUnavailable,
    TierbenchError,
)

CLASSES = [
    found
    for _, found in inspect.getmembers(errors, inspect.isclass)
    if issubclass(found, Exception) and found.__module__ == errors.__name__
]


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_error_is_in_the_tree(kind) -> None:
    assert issubclass(kind, TierbenchError)
    assert kind.__name__ in (errors.__doc__ or "")
    if issubclass(kind, InputError):
        assert kind.exit_status == 2
    if issubclass(kind, InfrastructureError):
        assert kind.exit_status == 3
    assert not issubclass(kind, InputError) or not issubclass(kind, InfrastructureError)


def test_a_refused_case_is_no_fault_of_the_infrastructure() -> None:
    assert not issubclass(CaseError, (InputError, InfrastructureError))


def test_not_found_lists_what_is_known_and_the_nearest() -> None:
    error = NotFound("target", "host-litet", ["sim", "host-litert"])
    assert str(error) == (
        "no target 'host-litet'; known: host-litert, sim; did you mean 'host-litert'?"
    )
    assert str(NotFound("run", "x", [])) == "no run 'x'; known: none"


def test_not_comparable_names_the_field_and_both_values() -> None:
    assert str(NotComparable("unit", "ns", "W")) == (
        "not comparable: unit is 'ns' and 'W'"
    )


def test_an_unavailable_target_says_why_and_what_to_do() -> None:
    error = TargetUnavailable("npu", "no driver", "install it")
    assert str(error) == "target 'npu' is not available: no driver; install it"


def test_a_sweep_error_is_one_line_a_mistake() -> None:
    mistakes = [
        Mistake(where="name", problem="is missing", line=3),
        Mistake(where="model[0]", problem="no file"),
    ]
    error = SweepError("a.toml", mistakes)
    assert error.mistakes == tuple(mistakes)
    assert str(error).splitlines() == [
        "a.toml: line 3, name: is missing",
        "a.toml: model[0]: no file",
    ]
