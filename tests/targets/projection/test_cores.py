"""Names of cores, and which core without rows has neighbours."""

import pytest

from tierbench.targets.projection.cores import core_name, leaning_refusal

SEEN = frozenset({"cortex-m0+", "cortex-m4", "cortex-m33", "cortex-m85"})


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Cortex-M4", "cortex-m4"),
        ("cortex-m4f", "cortex-m4"),
        ("Cortex M33", "cortex-m33"),
        ("xtensa-lx7", "xtensa-lx7"),
    ],
)
def test_names_are_read_as_people_write_them(text: str, name: str) -> None:
    assert core_name(text) == name


def test_a_core_between_others_may_lean_on_them() -> None:
    assert leaning_refusal("cortex-m7", SEEN) is None
    assert leaning_refusal("cortex-m3", SEEN) is None


def test_a_core_beyond_all_others_may_not() -> None:
    assert "outside" in str(leaning_refusal("cortex-m0", SEEN))
    assert "outside" in str(leaning_refusal("cortex-m7", SEEN - {"cortex-m85"}))


def test_what_a_vector_unit_gives_is_not_carried_over() -> None:
    assert "vector unit" in str(leaning_refusal("cortex-m55", SEEN))
