"""Frames timed whole and stage by stage."""

import time

import pytest

from tierbench.harness.device.session import Camera, Session
from tierbench.harness.device.stages import run_frame, run_stages


class Noting(Session):
    """A session whose call takes its time and is noted."""

    def __init__(self) -> None:
        self.acts: list[str] = []

    def inputs(self):
        return []

    def bind(self, tensors):
        pass

    def infer(self):
        self.acts.append("infer")
        time.sleep(0.002)

    def outputs(self):
        return []

    def ran(self):
        return {}


class Lens(Camera):
    def __init__(self, acts: list[str]) -> None:
        self.acts = acts

    def preprocess(self):
        self.acts.append("preprocess")
        time.sleep(0.004)

    def postprocess(self):
        self.acts.append("postprocess")
        time.sleep(0.001)


@pytest.fixture
def session():
    return Noting()


def test_every_second_frame_is_timed_by_stage(session) -> None:
    found = run_stages(session, Lens(session.acts), 3, 3, 10**12)
    assert len(found.latency_ns) == 3
    assert len(found.gap_ns) == 2
    assert len(found.preprocess_ns) == len(found.inference_ns) == 3
    assert session.acts == ["preprocess", "infer", "postprocess"] * 6


def test_each_stage_has_its_own_time(session) -> None:
    found = run_stages(session, Lens(session.acts), 1, 2, 10**12)
    assert min(found.preprocess_ns) >= 4_000_000
    assert min(found.inference_ns) >= 2_000_000
    assert min(found.postprocess_ns) >= 1_000_000
    assert min(found.latency_ns) >= 7_000_000


def test_the_time_ends_a_block_after_its_least_frames(session) -> None:
    found = run_stages(session, Lens(session.acts), 2, 100, 1)
    assert len(found.latency_ns) == 2
    assert found.elapsed_ns >= sum(found.latency_ns)


def test_a_frame_is_all_three(session) -> None:
    run_frame(session, Lens(session.acts))
    assert session.acts == ["preprocess", "infer", "postprocess"]
