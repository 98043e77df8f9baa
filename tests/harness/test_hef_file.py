"""Hailo Executable Format: its header, and the operators that it tells of."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.hefs import ARGMAX, CORE, NMS, SOFTMAX, hef_bytes, write_hef

from tierbench.harness.errors import ModelError
from tierbench.harness.formats import inspect_model
from tierbench.harness.formats.__main__ import answer
from tierbench.harness.formats.hef_file import DISTINCT, read_hef


@pytest.mark.parametrize("version", DISTINCT)
@pytest.mark.parametrize("architecture", ["hailo8", "hailo8l", "hailo15h"])
def test_every_version_is_read(tmp_path: Path, version: int, architecture: str) -> None:
    path = write_hef(tmp_path / "a.hef", version=version, architecture=architecture)
    found = read_hef(str(path))
    assert (found.version, found.architecture) == (version, architecture)
    assert found.compiler == "3.33.0"
    assert found.operators == {"hailo_core": 1}
    assert found.on_host == {}


def test_operators_on_the_host_are_told_apart(tmp_path: Path) -> None:
    operators = (CORE, CORE, NMS, SOFTMAX, ARGMAX)
    found = read_hef(str(write_hef(tmp_path / "a.hef", operators=operators)))
    assert found.operators == {"hailo_core": 2, "nms": 1, "softmax": 1, "argmax": 1}
    assert found.on_host == {"nms": 1, "softmax": 1, "argmax": 1}


def test_older_files_list_no_operators(tmp_path: Path) -> None:
    path = write_hef(tmp_path / "a.hef", operators=())
    assert read_hef(str(path)).operators == {"hailo_core": 1}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"\x01HE", "not a HEF: it starts with"),
        (b"\x00" * 64, "not a HEF"),
        (b"\x01HEF\x00\x00\x00\x09" + b"\x00" * 60, "HEF of version 9; known are 0, 1"),
        (hef_bytes()[:30], "its header is cut off"),
        (hef_bytes()[:-1], "bytes and .* follow; copy it again"),
        (hef_bytes() + b"x", "bytes and .* follow; copy it again"),
        (hef_bytes(version=3)[:-1], "bytes and .* follow"),
    ],
)
def test_what_is_no_hef_is_a_mistake(tmp_path: Path, content, problem: str) -> None:
    (tmp_path / "a.hef").write_bytes(content)
    with pytest.raises(ModelError, match=problem):
        inspect_model(tmp_path / "a.hef")


@given(data=st.data())
def test_damage_is_a_mistake_or_another_file(tmp_path_factory, data) -> None:
    content = bytearray(hef_bytes(version=data.draw(st.sampled_from(sorted(DISTINCT)))))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("hef") / "a.hef"
    path.write_bytes(content)
    found = answer(path)
    assert found.keys() in ({"profile"}, {"error"})
    assert "damaged (" not in str(found.get("error"))  # no exception but our own


def test_another_format_under_its_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.hef").write_bytes(b"\x1c\x00\x00\x00TFL3" + bytes(100))
    with pytest.raises(ModelError, match="not a HEF: it starts with"):
        inspect_model(tmp_path / "a.hef")
