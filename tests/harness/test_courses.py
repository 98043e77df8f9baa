"""Which course a case takes."""

from support.loads import PIPELINE, SERVER

from tierbench.harness.course import Course
from tierbench.harness.courses import course_of
from tierbench.harness.profiles import NIGHTLY
from tierbench.harness.search import PipelineCourse, ServerCourse
from tierbench.harness.values import Scenario, Workload


def test_loads_are_searched_for() -> None:
    assert isinstance(course_of(SERVER, NIGHTLY), ServerCourse)
    assert isinstance(course_of(PIPELINE, NIGHTLY), PipelineCourse)
    assert course_of(SERVER, NIGHTLY).limit_s == NIGHTLY.load_limit_s


def test_others_end_by_their_interval() -> None:
    for scenario in (Scenario.SINGLE_STREAM, Scenario.OFFLINE, Scenario.MULTI_STREAM):
        course = course_of(
            Workload(scenario=scenario, batch=1, profile="nightly"), NIGHTLY
        )
        assert type(course) is Course
