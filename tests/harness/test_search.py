"""The search for the highest load, on a device in virtual time."""

from dataclasses import replace
from itertools import count
from pathlib import Path
from unittest import mock

import pytest
from support.benches import a_bench, measured, sim_benches
from support.loads import PIPELINE, SERVER, a_window
from support.plans import plan_of

from tierbench.harness.courses import course_of
from tierbench.harness.load import OFFERED, bracket, levels
from tierbench.harness.load_rows import load_rows
from tierbench.harness.profiles import SMOKE
from tierbench.harness.recording import Recovered
from tierbench.harness.results import row
from tierbench.harness.stretches import CALLS_MAX
from tierbench.harness.values import BlockKind, Phase, Status
from tierbench.harness.worker import Stretch

PLAIN = Stretch(kind=BlockKind.SLICE, calls_min=20, calls_max=100, duration_ns=10**7)
_devices = count()


def ended(folder: Path, rest: str, profile=SMOKE, **settings):
    """Return the result of one case on a device of its own."""
    settings = {"noise": 0.0, "device": f"search {next(_devices)}", **settings}
    table = "\n".join(['use = "sim"', *(f"{k} = {v!r}" for k, v in settings.items())])
    (bench,) = sim_benches(folder, table, rest=f"[workload]\n{rest}", profile=profile)
    return measured(bench, 2000).close()


def server(limit_ms: float, **more) -> str:
    keys = {"scenario": "server", "server_p99_ms": limit_ms, **more}
    return "".join(f"{key} = {value!r}\n" for key, value in keys.items())


def test_the_answer_is_enclosed_as_closely_as_the_profile_asks(tmp_path) -> None:
    result = ended(tmp_path, server(5.0))
    assert (result.status, result.reason) == (Status.OK, None)
    found = row(result)
    told = found["server"]
    assert told["rate_per_s"] < told["next_rate_per_s"] < 1000
    assert told["next_rate_per_s"] / told["rate_per_s"] <= 1 + 2 * SMOKE.half_width
    assert told["p99_ms"] <= 5.0 < told["next_p99_ms"]
    assert found["throughput_per_s"] == told["rate_per_s"]
    assert "searched for" in found["throughput_per_s_ci95_reason"]
    assert found["latency_ms"]["median"] < 5.0


def test_a_generous_limit_ends_below_what_the_device_can_serve(tmp_path) -> None:
    told = row(ended(tmp_path, server(500.0)))["server"]
    assert 750 <= told["rate_per_s"] <= 1000
    assert told["next_rate_per_s"] <= 1200


def test_a_call_that_alone_takes_too_long_ends_the_search_at_once(tmp_path) -> None:
    result = ended(tmp_path, server(0.5))
    found = row(result)
    assert result.status is Status.OK
    assert found["throughput_per_s"] is None
    assert "a call alone takes longer" in found["throughput_per_s_reason"]
    for key in ("latency_ms", "off_cpu_share"):
        assert found[f"{key}_reason"] == found["throughput_per_s_reason"]
    assert found["server"]["rate_per_s"] is None
    assert len(found["server"]["levels"]) == 1


def test_a_limit_that_leaves_no_room_to_wait_is_not_met_by_any_rate(tmp_path) -> None:
    result = ended(tmp_path, server(1.0001))
    found = row(result)
    assert found["throughput_per_s"] is None
    assert "the lowest rate that was tried" in found["throughput_per_s_reason"]
    assert min(found["server"]["levels"][0].values()) < 50


def test_an_overloaded_device_ends_and_says_so(tmp_path) -> None:
    """The first calls are quick, later ones 100 times slower: nothing can be met."""
    hot = {"throttle_after_s": 1.0, "throttle_factor": 100.0}
    result = ended(tmp_path, server(50.0), **hot)
    assert row(result)["throughput_per_s"] is None
    windows = [b for b in result.blocks if OFFERED in b.context]
    assert any(block.context["unserved"] for block in windows)


def test_all_workers_take_part_in_every_load_that_was_met(tmp_path) -> None:
    result = ended(tmp_path, server(5.0))
    best, _ = bracket(levels(result.case.workload, result.blocks))
    windows = [b for b in result.blocks if b.context.get(OFFERED) == best.offered]
    assert {block.worker for block in windows} == {0, 1, 2}
    assert best.queries >= SMOKE.queries_min
    assert {block.kind for block in windows} == {BlockKind.WINDOW}


def test_a_search_without_end_is_given_up_with_what_was_reached(tmp_path) -> None:
    brief = replace(SMOKE, load_limit_s=1.0)
    result = ended(tmp_path, server(5.0), profile=brief)
    assert result.status is Status.NOT_CONVERGED
    assert "was sought between" in result.reason
    assert result.reason.endswith("within 1 s")


def test_progress_grows_to_the_end_of_a_search(tmp_path) -> None:
    table = 'use = "sim"\nnoise = 0.0\ndevice = "progress"'
    (bench,) = sim_benches(tmp_path, table, rest="[workload]\n" + server(5.0))
    measured(bench, 0)
    shares = [bench.share_done()]
    for index in range(200):
        if bench.ended():
            break
        bench.measure(index)
        shares.append(bench.share_done())
    assert shares[0] == 0.0
    assert shares[-1] == 1.0
    assert len(set(shares)) > 3
    assert max(shares[:-2]) <= 1.0


def test_a_search_goes_on_where_it_was_interrupted(tmp_path) -> None:
    table = 'use = "sim"\nnoise = 0.0\ndevice = "interrupted"'
    rest = "[workload]\n" + server(5.0)
    (planned,) = plan_of(tmp_path, table, rest=rest).cases
    before = measured(a_bench(planned), rounds=8)
    tried = {b.context[OFFERED] for b in before.blocks if OFFERED in b.context}
    left = Recovered(blocks=tuple(before.blocks), workers=tuple(before.records))
    after = measured(a_bench(planned, recovered=left), 1000, first_round=8)
    fresh = [b for b in after.blocks[len(before.blocks) :] if OFFERED in b.context]
    settled = {
        level.offered
        for level in levels(planned.case.workload, before.blocks)
        if level.met is False
    }
    assert tried
    assert settled
    assert not settled & {block.context[OFFERED] for block in fresh}
    assert after.close().status is Status.OK


@pytest.mark.parametrize(
    ("service_us", "streams"),
    [(20_000.0, 0), (16_000.0, 1), (4_000.0, 4), (1_000.0, 16), (250.0, 64)],
)
def test_60_fps_are_judged_rightly_for_1_to_64_cameras(
    tmp_path, service_us: float, streams: int
) -> None:
    keys = 'scenario = "pipeline"\nframe_rate_fps = 60\n'
    split = {
        "latency_us": 0.5 * service_us,
        "preprocess_us": 0.4 * service_us,
        "postprocess_us": 0.1 * service_us,
    }
    told = row(ended(tmp_path, keys, **split))["pipeline"]
    holds = [n * service_us <= 1e6 / 60 for n in range(1, 65)]
    assert holds.count(True) == streams
    assert (told["streams"] or 0) == streams
    assert told["next_streams"] == (None if streams == 64 else streams + 1)
    for level in told["levels"]:
        assert level["met"] is holds[level["streams"] - 1]
    assert told["whole_ms"] == pytest.approx(service_us / 1e3)
    assert told["preprocess_ms"] == pytest.approx(0.4 * service_us / 1e3)


def test_every_number_of_cameras_is_judged_rightly_one_by_one() -> None:
    """Without a search: 1 to 64 cameras at 60 fps, a service time of 0.9 ms."""
    from tierbench.harness.course import ask
    from tierbench.harness.demand import Frames
    from tierbench.targets.sim import Sim
    from tierbench.targets.sim.worker import SimWorker

    settings = {**Sim({"latency_us": 900.0, "noise": 0.0}).settings, "worker": 0}
    worker = SimWorker(machine="cameras", settings=settings, batch=1)
    worker.open()
    deadline_ns = 1e9 / 60
    for streams in range(1, 65):
        demand = Frames(rate_per_s=60.0, streams=streams)
        stretch = replace(
            PLAIN, calls_max=streams * 60, duration_ns=10**10, demand=demand
        )
        found = ask(worker, stretch)
        in_time = (found.latency_ns <= deadline_ns).mean()
        assert (in_time >= 0.999) == (streams * 900_000 <= deadline_ns)
        assert found.context[OFFERED] == streams


def test_a_longer_deadline_does_not_bear_more_than_the_device_can_serve(tmp_path):
    keys = 'scenario = "pipeline"\nframe_rate_fps = 50\nframe_deadline_ms = 500\n'
    told = row(ended(tmp_path, keys, latency_us=3000.0))["pipeline"]
    assert (told["streams"], told["next_streams"]) == (6, 7)


@pytest.mark.parametrize("workers", [2, 3, 4])
def test_slices_and_windows_both_go_through_all_workers(tmp_path, workers) -> None:
    profile = replace(SMOKE, workers=workers, slices_min=4)
    rest = 'scenario = "pipeline"\nframe_rate_fps = 60\n'
    (bench,) = sim_benches(
        tmp_path,
        f'use = "sim"\ndevice = "{workers}"',
        rest=f"[workload]\n{rest}",
        profile=profile,
    )
    with mock.patch.object(type(bench.planned.target), "workers_min", workers):
        measured(bench, 2 * workers)
    blocks = [block for block in bench.blocks if block.phase is Phase.MEASURE]
    for kind in (BlockKind.SLICE, BlockKind.WINDOW):
        took = {block.worker for block in blocks if block.kind is kind}
        assert took == set(range(workers))


def test_frames_in_a_row_and_many_cameras_take_turns(tmp_path) -> None:
    keys = 'scenario = "pipeline"\nframe_rate_fps = 60\n'
    result = ended(tmp_path, keys, latency_us=3000.0)
    kinds = [b.kind for b in result.blocks if b.phase is Phase.MEASURE]
    assert kinds[:4] == [BlockKind.SLICE, BlockKind.WINDOW] * 2
    told = load_rows(result, "")["pipeline"]
    assert told["streams"] == 5
    assert row(result)["throughput_per_s"] == 300.0
    assert row(result)["latency_ms"]["median_ci95"] is not None


@pytest.mark.parametrize("workload", [SERVER, PIPELINE])
def test_before_anything_is_measured_nothing_is_done(workload) -> None:
    assert course_of(workload, SMOKE).share_done([]) == 0.0


def test_windows_hold_whole_periods_and_stay_within_bounds() -> None:
    course = course_of(PIPELINE, SMOKE)
    slice_ = a_window(0, 1.0, [100.0])
    slice_ = replace(slice_, context={})
    stretch = course.stretch(PLAIN, [slice_])
    assert stretch.demand.kind == "frames"
    assert stretch.calls_max % stretch.demand.streams == 0
    warm = replace(slice_, phase=Phase.WARMUP)
    hasty = course_of(replace(SERVER, server_p99_ms=1e7), SMOKE)
    assert hasty.stretch(PLAIN, [warm]).calls_max <= CALLS_MAX
    assert hasty.stretch(PLAIN, [warm]).demand.rate_per_s == 5000.0
