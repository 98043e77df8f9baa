"""Untrusted names on a terminal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierbench.harness.terminal import printable


@given(st.text(st.characters(exclude_categories=())))
def test_nothing_but_printable_characters_is_left(text: str) -> None:
    assert printable(text).isprintable()


@given(st.text().filter(str.isprintable))
def test_printable_text_stays_as_it_is(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2Jgone", "\\x1b[2Jgone"),
        ("two\nlines", "two\\nlines"),
        ("\x9b31m", "\\x9b31m"),
        ("abc\u202edef", "abc\\u202edef"),
        ("\udc80", "\\udc80"),
        ("naïve 模型 🙂", "naïve 模型 🙂"),
    ],
)
def test_what_is_escaped_can_still_be_read(text: str, shown: str) -> None:
    assert printable(text) == shown
