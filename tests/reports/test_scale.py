import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierbench.reports.scale import Scale, linear, logarithmic

positive = st.floats(1e-12, 1e15)


def check(scale: Scale, values: list[float]) -> None:
    assert scale.low < min(values)
    assert scale.high > max(values)
    assert len(scale.ticks) == len(scale.labels) <= 9
    assert list(scale.ticks) == sorted(set(scale.ticks))
    assert all(scale.low <= tick <= scale.high for tick in scale.ticks)


@given(st.lists(positive, min_size=1), st.booleans())
def test_a_logarithmic_scale_holds_its_values(
    values: list[float], in_bytes: bool
) -> None:
    check(logarithmic(values, (), in_bytes=in_bytes), values)


@given(st.lists(st.floats(-1e15, 1e15), min_size=1))
def test_a_linear_scale_holds_its_values(values: list[float]) -> None:
    check(linear(values, ()), values)


@pytest.mark.parametrize("scale", [linear, logarithmic])
def test_values_that_differ_by_rounding_have_an_axis(scale) -> None:
    values = [1e-12, 1.0000000000000002e-12]
    check(scale(values, ()), values)


def test_intervals_are_shown_whole_unless_they_reach_far() -> None:
    scale = logarithmic([1.0, 2.0], [0.9, 2.5])
    assert scale.low < 0.9
    assert scale.high > 2.5
    scale = logarithmic([1.0, 2.0], [-5.0, 1e9])
    assert 0.2 < scale.low < 1 / 3
    assert 6 < scale.high < 10
    assert linear([1.0], [0.0, 7.0]).high > 7


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([0.2, 120.0], ("0.3", "1", "3", "10", "30", "100")),
        ([0.151, 0.458], ("0.15", "0.20", "0.30", "0.50")),
        ([0.6, 0.63], ("0.60", "0.61", "0.62", "0.63")),
        ([1e-9, 1e3], ("1e-10", "1e-07", "0.0001", "0.1", "100")),
    ],
)
def test_ticks_are_round_and_alike(values: list[float], labels: tuple[str]) -> None:
    assert logarithmic(values, ()).labels[: len(labels)] == labels


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([40e3, 420e3], ("32 KiB", "64 KiB", "128 KiB", "256 KiB")),
        ([42e6, 162e6], ("50 MiB", "100 MiB", "150 MiB")),
        ([900.0, 3e9], ("256 B", "64 KiB", "16 MiB", "4 GiB")),
        ([3e12, 3e12], ("2600 GiB", "2800 GiB", "3000 GiB")),
    ],
)
def test_bytes_are_counted_in_their_units(
    values: list[float], labels: tuple[str]
) -> None:
    assert logarithmic(values, (), in_bytes=True).labels == labels
