"""The arena's layout: the planner's rules, and known sizes of real builds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.microcontroller import needs_published, published

from tierbench.targets.cortex_m.arena import ERROR_BYTES, ERROR_SHARE
from tierbench.targets.cortex_m.kernels import sizeof
from tierbench.targets.cortex_m.memory_plan import Buffer, plan
from tierbench.targets.cortex_m.sizing import size_model

BUFFERS = st.lists(
    st.tuples(st.integers(1, 64), st.integers(0, 9), st.integers(0, 4)), max_size=12
).map(lambda found: [Buffer(size=16 * s, first=f, last=f + n) for s, f, n in found])

# arena_used_bytes of firmware built from tflite-micro 90b983c2 and CMSIS-NN 99f736a6.
FIRMWARE = {
    "kws_ref_model": (22_916, 22_868, 27_396),
    "pretrainedResnet_quant": (55_092, 54_436, 55_092),
    "vww_96_int8": (100_804, 100_756, 100_852),
    "ad01_int8": (2_676, 2_372, 5_268),
}


@given(BUFFERS)
def test_a_plan_is_no_smaller_than_what_lives_at_once(buffers) -> None:
    alive = [
        sum(b.size for b in buffers if b.first <= step <= b.last) for step in range(14)
    ]
    assert max(alive) <= plan(buffers) <= sum(buffer.size for buffer in buffers)


def test_of_equal_buffers_the_last_is_placed_first() -> None:
    # The first activations of MLPerf Tiny's VWW: 55 296 bytes live at once at most.
    buffers = [
        Buffer(size=27_648, first=0, last=1),
        Buffer(size=18_432, first=1, last=2),
        Buffer(size=18_432, first=2, last=3),
        Buffer(size=36_864, first=3, last=4),
    ]
    assert plan(buffers) == 73_728


@pytest.mark.parametrize(
    ("fields", "on_32_bit", "on_64_bit"),
    [("ppi", 12, 24), ("p" * 8, 32, 64), ("bi", 8, 8), ("id", 16, 16), ("bhb", 6, 6)],
)
def test_structures_are_padded(fields: str, on_32_bit: int, on_64_bit: int) -> None:
    assert (sizeof(fields, 4), sizeof(fields, 8)) == (on_32_bit, on_64_bit)


@needs_published
@pytest.mark.parametrize("model", FIRMWARE)
def test_the_estimate_is_within_its_stated_error_of_firmware(model: str) -> None:
    arenas = size_model(published(f"{model}.tflite")).arenas
    names = ("cmsis-nn dsp", "reference", "cmsis-nn mve")
    for name, known in zip(names, FIRMWARE[model], strict=True):
        used = arenas[name].used
        error = max(ERROR_BYTES, ERROR_SHARE * used)
        assert abs(used - known) <= error, (name, used, known)
