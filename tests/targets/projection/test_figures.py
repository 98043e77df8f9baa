"""What a projection promises: order, what widens it, and where it says nothing."""

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.projected import profile

from tierbench.harness.evidence import Evidence
from tierbench.harness.figure import Figure
from tierbench.targets.projection.figures import project
from tierbench.targets.projection.prediction import Asked

M4 = Asked(core="cortex-m4", clock_mhz=120.0, stack="X-CUBE-AI", supply_v=1.8)


def width(figure: Figure) -> float:
    assert figure.low is not None
    assert figure.high is not None
    return figure.high / figure.low


def mid(figure: Figure) -> float:
    assert figure.mid is not None, figure.reason
    return figure.mid


@settings(deadline=None)
@given(
    factor=st.floats(0.1, 5),
    clock_mhz=st.floats(10, 1000),
    core=st.sampled_from(["cortex-m0+", "cortex-m4", "cortex-m33", "cortex-m7"]),
    stack=st.sampled_from([None, "X-CUBE-AI", "TFLM", "nobody's"]),
)
def test_a_band_is_ordered_and_projected(
    factor: float, clock_mhz: float, core: str, stack: str | None
) -> None:
    asked = Asked(core=core, clock_mhz=clock_mhz, stack=stack, supply_v=3.0)
    for figure in project(profile(factor), asked):
        assert figure.evidence is Evidence.PROJECTED
        if figure.reason is None:
            assert figure.coverage == 0.8
            assert 0 < (figure.low or 0) < mid(figure) < (figure.high or 0) < math.inf


@settings(deadline=None)
@given(factor=st.floats(0.1, 2), more=st.floats(1.1, 2))
def test_more_work_takes_longer_and_more_energy(factor: float, more: float) -> None:
    small, large = (project(profile(f), M4) for f in (factor, factor * more))
    assert all(mid(a) < mid(b) for a, b in zip(small, large, strict=True))


@settings(deadline=None)
@given(clock_mhz=st.floats(20, 500), more=st.floats(1.1, 2))
def test_a_faster_clock_is_faster_and_takes_no_less_energy(
    clock_mhz: float, more: float
) -> None:
    slow, fast = (
        project(profile(), replace(M4, clock_mhz=mhz))
        for mhz in (clock_mhz, clock_mhz * more)
    )
    assert mid(slow[0]) > mid(fast[0])
    assert mid(slow[1]) == pytest.approx(mid(fast[1]))


def test_an_unknown_stack_is_wider_and_says_so() -> None:
    known, _ = project(profile(), M4)
    strange, _ = project(profile(), replace(M4, stack="nobody's"))
    none, _ = project(profile(), replace(M4, stack=None))
    assert width(strange) > 1.2 * width(known)
    assert width(none) == width(strange)
    assert '"nobody\'s" is not among' in strange.basis["notes"][0]
    assert "no stack was told" in none.basis["notes"][0]


def test_a_version_is_narrower_than_its_family() -> None:
    family, _ = project(profile(), M4)
    version, _ = project(profile(), replace(M4, stack="x-cube-ai 9.0"))
    assert width(version) < width(family)
    assert mid(version) < mid(family)


def test_a_board_with_rows_of_its_own_is_narrower() -> None:
    any_board, _ = project(profile(), M4)
    own, _ = project(profile(), replace(M4, board="nucleo-l4r5zi"))
    assert width(own) < width(any_board)


def test_a_core_without_rows_leans_on_others_and_is_wider() -> None:
    seen, _ = project(profile(), M4)
    unseen, energy = project(profile(), replace(M4, core="cortex-m3"))
    assert width(unseen) > 1.3 * width(seen)
    assert any("leans on other cores" in note for note in unseen.basis["notes"])
    assert {row["core"] for row in unseen.basis["rests_on"]} >= {"cortex-m0+"}
    assert "no published row tells the power" in str(energy.reason)


def test_far_off_clocks_and_sizes_are_wider() -> None:
    inside, _ = project(profile(), M4)
    fast, _ = project(profile(), replace(M4, clock_mhz=400.0))
    large, _ = project(profile(12), M4)
    assert width(fast) > width(inside)
    assert width(large) > width(inside)


def test_it_rests_on_rows_that_can_be_looked_up() -> None:
    latency, energy = project(profile(), M4)
    rows = latency.basis["rests_on"]
    assert {row["core"] for row in rows} >= {"cortex-m4", "cortex-m7"}
    assert all("mlcommons/tiny_results" in row["source"] for row in rows)
    assert {row["board"].upper() for row in energy.basis["rests_on"]} == {
        "NUCLEO-L4R5ZI",
        "NUCLEO-L4R5ZI-P",
    }


def test_it_tells_what_it_was_projected_for() -> None:
    told = project(profile(), replace(M4, stack="x-cube-ai"))[0].basis
    assert (told["core"], told["clock_mhz"]) == ("cortex-m4", 120.0)
    assert told["stack"] == "X-CUBE-AI"
    assert project(profile(), replace(M4, stack="x"))[0].basis["stack"] is None


def test_dead_channels_count_as_a_stack_treats_them() -> None:
    whole, dead = profile(), profile(live_share=0.5)

    def ratio(stack: str) -> float:
        asked = replace(M4, stack=stack)
        return mid(project(dead, asked)[0]) / mid(project(whole, asked)[0])

    assert ratio("Bosch HALE") == pytest.approx(1)
    assert ratio("X-CUBE-AI 10.2") == pytest.approx(0.5, rel=0.01)
    assert 0.5 < ratio("X-CUBE-AI") < 1
    family, _ = project(dead, M4)
    assert width(family) > width(project(whole, M4)[0])
    assert any("inferred" in note for note in family.basis["notes"])


def test_energy_goes_with_the_supply() -> None:
    low, high = (
        mid(project(profile(), replace(M4, supply_v=supply_v))[1])
        for supply_v in (1.8, 3.0)
    )
    assert high / low == pytest.approx(3.0 / 1.8)


def test_energy_is_near_what_its_own_board_was_published_with() -> None:
    own = replace(M4, board="nucleo-l4r5zi", stack="X-CUBE-AI 7.3")
    latency, energy = project(profile(), own)
    assert mid(energy) / (mid(latency) * 1e-9) * 1e3 == pytest.approx(45, rel=0.15)
    other = project(profile(), M4)[1]
    assert width(other) > 1.5 * width(energy)


def test_without_a_supply_there_is_no_energy() -> None:
    latency, energy = project(profile(), replace(M4, supply_v=None))
    assert latency.reason is None
    assert energy.reason == "the supply is not known; tell supply_v in volts"


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (replace(M4, core="cortex-m55"), "no published row for a plain cortex-m55"),
        (replace(M4, core="cortex-m0"), "no published row for cortex-m0, and it lies"),
        (replace(M4, core="cortex-m23"), "no published row for cortex-m23, nor"),
        (replace(M4, core="cortex-m33", has_dsp=False), "has no DSP extension"),
        (replace(M4, core="xtensa-lx7"), "nothing is published of 'X-CUBE-AI' on"),
    ],
)
def test_hardware_without_evidence_gets_a_reason(asked: Asked, reason: str) -> None:
    latency, energy = project(profile(), asked)
    assert reason in str(latency.reason)
    assert energy.reason == f"its latency is not known: {latency.reason}"


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (profile(weight_bits=32), "only int8 models were published"),
        (profile(0.01), "fitted were 264192 to 12501632"),
        (profile(100), "fitted were 264192 to 12501632"),
        (profile(operators=["UNIDIRECTIONAL_SEQUENCE_LSTM"]), "no published model has"),
        (profile(format="onnx"), "it is onnx"),
        (profile(live_share=0.0), "all its weights are zero"),
        (replace(profile(), macs=None), "cannot be counted"),
        (
            replace(profile(), macs={**(profile().macs or {}), "other": 9}),
            "multiplies in operators",
        ),
    ],
)
def test_models_outside_of_what_was_fitted_get_a_reason(
    model: object, reason: str
) -> None:
    latency, _ = project(model, M4)  # type: ignore[arg-type]
    assert reason in str(latency.reason)


def test_an_esp32_s3_rests_on_kernels_and_is_wide() -> None:
    asked = Asked(core="xtensa-lx7", clock_mhz=240.0)
    latency, energy = project(profile(), asked)
    assert width(latency) > 4
    assert len(latency.basis["rests_on"]) == 5
    assert "never checked against a whole network" in latency.basis["notes"][0]
    assert energy.reason is not None
