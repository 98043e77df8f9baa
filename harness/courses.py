"""Which course a case takes, by its scenario."""

from __future__ import annotations

from .course import Course
from .profiles import Profile
from .search import PipelineCourse, ServerCourse
from .values import Scenario, Workload

_COURSES: dict[Scenario, type[Course]] = {
    Scenario.SERVER: ServerCourse,
    Scenario.PIPELINE: PipelineCourse,
}


def course_of(workload: Workload, profile: Profile) -> Course:
    """Return the course of a case."""
    kind = _COURSES.get(workload.scenario, Course)
    return kind(workload=workload, profile=profile)
