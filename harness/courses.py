"""Which course a case takes, by its scenario."""

from __future__ import annotations

from .course import Course
from .profiles import Profile
from .search import PipelineCourse, ServerCourse
from .values import Clock, Scenario, Workload
from .windows import WindowCourse

_COURSES: dict[Scenario, type[Course]] = {
    Scenario.SERVER: ServerCourse,
    Scenario.PIPELINE: PipelineCourse,
}


def course_of(
    workload: Workload, profile: Profile, clock: Clock | None = Clock.HOST
) -> Course:
    """Return the course of a case on a target that is timed by this clock, or none."""
    kind = _COURSES.get(workload.scenario, Course)
    if clock is Clock.DEVICE:
        kind = WindowCourse
    return kind(workload=workload, profile=profile)
