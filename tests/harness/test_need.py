"""What a target needs says what would do, and what is told where it is missing."""

import pytest

from tierbench.harness.need import Kind, Need

ANY = Need.any_of([("module", "pycoral"), ("distribution", "tflite-runtime")], "buy it")


def test_any_one_of_several_will_do() -> None:
    assert ANY.things == (
        (Kind.MODULE, "pycoral"),
        (Kind.DISTRIBUTION, "tflite-runtime"),
    )
    assert ANY.met({ANY.things[0]: None, ANY.things[1]: "2.14"}) == "2.14"
    assert ANY.met({ANY.things[0]: None}) is None
    assert ANY.label == "module pycoral or distribution tflite-runtime"
    assert "none of these is there for /py" in ANY.missing("/py")


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (Kind.DISTRIBUTION, "chip is not installed in /py"),
        (Kind.MODULE, "chip is not installed in /py"),
        (Kind.PROGRAM, "the program chip is not on the PATH"),
        (Kind.FILE, "chip is not there"),
    ],
)
def test_what_is_missing_is_named(kind: Kind, words: str) -> None:
    assert Need(kind, "chip", "buy it").missing("/py") == words


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="planet"):
        Need.any_of([("planet", "mars")], "")
