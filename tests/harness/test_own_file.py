"""A model in a Python file that a user names."""

import pytest

from tierbench.harness.errors import InputError
from tierbench.harness.own_file import is_place, load_model

GOOD = """\
from neighbour import NAME
class Model:
    name, formats, variants, chains = NAME, ("onnx",), ("fp32",), ()
    def check(self, variant): ...
    def build(self, variant, format, cache): ...
model = Model()
number = 3
"""


def test_only_a_file_and_a_name_are_a_place() -> None:
    assert is_place("my_net.py:model")
    assert is_place("/a b/c.py:_x1")
    for text in ("defect", "my_net.py", "a.onnx", "a.py:b.c", "a.py:1", ":x", "a:b"):
        assert not is_place(text)


def test_the_model_is_found_and_its_neighbours_too(tmp_path) -> None:
    (tmp_path / "neighbour.py").write_text("NAME = 'mine'")
    (tmp_path / "my_net.py").write_text(GOOD)
    assert load_model(f"{tmp_path}/my_net.py:model").name == "mine"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x = 1\n", "no name in .*'model'; known: x"),
        ("model = 3\n", "is 'int' without name, formats"),
        ("\n1 / 0\n", "line 2: ZeroDivisionError: division by zero"),
        ("def f(:\n", "line 1: SyntaxError"),
        ("import sys; sys.exit(4)\n", "SystemExit: 4"),
    ],
)
def test_what_is_wrong_is_told_with_the_line(tmp_path, text, told) -> None:
    (tmp_path / "my_net.py").write_text(text)
    with pytest.raises(InputError, match=told):
        load_model(f"{tmp_path}/my_net.py:model")


def test_an_absent_file_is_told(tmp_path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        load_model(f"{tmp_path}/absent.py:model")
