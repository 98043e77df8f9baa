import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tierbench.harness.chain import Step, chain_text, normal, parse_chain
from tierbench.harness.errors import ChainError

NAMES = st.from_regex(r"[a-z0-9][a-z0-9-]{0,8}", fullmatch=True)
WORDS = st.from_regex(r"[A-Za-z0-9_.-]{1,8}", fullmatch=True)
LONGEST = 200
STEPS = st.builds(
    Step,
    name=NAMES,
    value=st.none() | WORDS,
    options=st.dictionaries(NAMES, WORDS, max_size=3),
)


@given(st.lists(STEPS, min_size=1, max_size=3).map(tuple))
def test_a_chain_is_read_back_as_it_was_written(steps):
    text = chain_text(steps)
    assume(len(text) <= LONGEST)  # a longer one is refused, see below
    assert parse_chain(text) == steps


def test_spaces_and_the_order_of_options_do_not_matter():
    found = parse_chain("distil( 0.5 )>prune(0.5,seed=1,epochs=2) >  qat(int8)")
    assert chain_text(found) == "distil(0.5) > prune(0.5, epochs=2, seed=1) > qat(int8)"


def test_a_step_without_an_option_is_another_step():
    (step,) = parse_chain("qat(int4, seed=2, epochs=1)")
    assert str(step.without("seed")) == "qat(int4, epochs=1)"


@given(st.text(max_size=60))
def test_any_text_is_a_chain_or_refused(text):
    try:
        found = parse_chain(text)
    except ChainError:
        return
    assert parse_chain(chain_text(found)) == found


@pytest.mark.parametrize(
    "text",
    [
        *("", ">", "int8 >", "Int8", "int8()", "a b", "qat(int8) x", "../int8"),
        *("qat(int8", "qat(a, b)", "qat(qat(int8))", "qat(<b>)"),
        *("qat(seed=)", "qat(=1)", "qat(seed=1, int8)", "qat(seed=1, seed=2)"),
    ],
)
def test_what_is_no_chain_is_quoted(text):
    with pytest.raises(ChainError, match="valid is a name such as 'int8'"):
        parse_chain(text)


def test_a_name_without_end_is_cut_in_the_message():
    with pytest.raises(ChainError, match="5000 characters") as caught:
        parse_chain("a" * 5000)
    assert len(str(caught.value)) < 200


def test_what_is_no_chain_is_left_as_it_is():
    assert normal("prune(0.5)>int8") == "prune(0.5) > int8"
    assert normal("../x") == "../x"
