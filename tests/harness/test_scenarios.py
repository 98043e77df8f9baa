"""What scenarios are told, and what does not fit them."""

from dataclasses import replace

import pytest
from support.plans import plan_of

from tierbench.harness.scenarios import LOAD_KEYS, Load, load_of, unfit
from tierbench.harness.values import Scenario, Workload

ALL = {
    "samples_per_query": 4,
    "server_p99_ms": 20,
    "frame_rate_fps": 60,
    "frame_deadline_ms": 12.5,
    "streams_max": 9,
}


def workload(scenario: Scenario, batch: int = 1) -> Workload:
    return Workload(scenario=scenario, batch=batch, profile="smoke")


@pytest.mark.parametrize(
    ("scenario", "keys"),
    [
        (Scenario.SINGLE_STREAM, {}),
        (Scenario.OFFLINE, {}),
        (Scenario.MULTI_STREAM, {"samples_per_query": 4}),
        (Scenario.SERVER, {"server_p99_ms": 20.0}),
        (
            Scenario.PIPELINE,
            {"frame_rate_fps": 60.0, "frame_deadline_ms": 12.5, "streams_max": 9},
        ),
    ],
)
def test_a_workload_holds_what_belongs_to_its_scenario(scenario, keys) -> None:
    found = load_of(ALL).applied(workload(scenario))
    assert {
        key: getattr(found, key) for key in LOAD_KEYS if getattr(found, key)
    } == keys


def test_what_may_be_left_out_has_a_default() -> None:
    multi = Load().applied(workload(Scenario.MULTI_STREAM))
    assert multi.samples_per_query == 8
    camera = Load(frame_rate_fps=50.0).applied(workload(Scenario.PIPELINE))
    assert (camera.frame_deadline_ms, camera.streams_max) == (20.0, 64)


def test_only_what_was_given_is_kept_with_a_run() -> None:
    assert Load().plain == {}
    assert load_of({"server_p99_ms": 20}).plain == {"server_p99_ms": 20.0}


def test_what_does_not_fit_says_what_would() -> None:
    multi = replace(workload(Scenario.MULTI_STREAM, 3), samples_per_query=8)
    assert "multiple" in (unfit(multi, has_images=False) or "")
    assert unfit(replace(multi, batch=4), has_images=False) is None
    assert "batch 1" in (unfit(workload(Scenario.PIPELINE, 2), has_images=True) or "")
    assert "folder" in (unfit(workload(Scenario.PIPELINE), has_images=False) or "")
    assert unfit(workload(Scenario.PIPELINE), has_images=True) is None
    assert unfit(workload(Scenario.SERVER), has_images=False) is None


@pytest.mark.parametrize(
    ("scenario", "given", "says"),
    [
        (Scenario.SERVER, {"server_p99_ms": 1200.0}, None),
        (Scenario.SERVER, {"server_p99_ms": 60_000.0}, "up to 1200 ms"),
        (Scenario.PIPELINE, {"frame_rate_fps": 20.0, "streams_max": 1}, None),
        (Scenario.PIPELINE, {"frame_rate_fps": 10.0, "streams_max": 1}, "1,000 frames"),
        (Scenario.PIPELINE, {"frame_rate_fps": 0.5, "streams_max": 64}, "frame_deadl"),
    ],
)
def test_a_load_that_cannot_be_judged_in_the_time_is_told_before(
    scenario, given, says
) -> None:
    """One window of the second would last up to 22 minutes, Ctrl-C or not."""
    found = unfit(Load(**given).applied(workload(scenario)), has_images=True)
    assert found is None if says is None else says in (found or "")


def test_a_plan_skips_what_does_not_fit(tmp_path) -> None:
    rest = '[workload]\nscenario = ["multi_stream", "pipeline"]\nbatch = [2, 3]\n'
    plan = plan_of(tmp_path, 'use = "sim"', rest=rest + "frame_rate_fps = 60\n")
    assert len(plan.cases) == 1
    assert len(plan.skipped) == 3
    real = plan_of(
        tmp_path,
        'use = "host-onnxruntime"',
        rest='[workload]\nscenario = "pipeline"\nframe_rate_fps = 60\n',
    )
    (skip,) = real.skipped
    assert "folder of images" in skip.reason or "not installed" in skip.reason
