"""JUnit files, pytest-benchmark's JSON and the last lines of a session."""

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.gated import STORE, declaration, outcome
from support.measured import a_block, a_case, a_result
from support.plans import write_model
from support.pytest_runs import Session, session, store_of, write_tests

from tierbench.harness.findings import Findings
from tierbench.harness.pytest_records import SAMPLES_MAX, properties, record, summary
from tierbench.harness.results import row
from tierbench.harness.store import Store
from tierbench.harness.summary import slice_values
from tierbench.harness.values import Scenario

HOSTILE = """<b>&"quoted"'"""
TESTS = f"""
@pytest.mark.tierbench(
    path="model.onnx", name={HOSTILE!r}, target={{"use": "sim", "latency_us": 500.0}}
)
def test_it(bench):
    assert bench.latency.median <= ms(1)

@pytest.mark.tierbench(
    path="model.onnx", target="sim", constraints={{"accuracy_min": 1}}
)
def test_bad(bench):
    print("said")

@pytest.mark.tierbench(path="model.onnx")
def test_no_target(bench):
    pass

@pytest.mark.tierbench(path="absent.onnx", target="sim")
def test_wrong(bench):
    pass
"""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Session:
    folder = tmp_path_factory.mktemp("recorded")
    write_model(folder)
    write_tests(folder, TESTS)
    return session(
        folder, "--junitxml=out.xml", "--benchmark-json=out.json", "-W", "error"
    )


# What Jenkins' schema junit-10.xsd allows of what pytest writes: attributes, and
# children in their order.
SCHEMA: dict[str, tuple[set[str], tuple[str, ...]]] = {
    "testsuites": ({"name"}, ("testsuite",)),
    "testsuite": (
        {"name", "errors", "failures", "skipped", "tests", "time", "timestamp"}
        | {"hostname"},
        ("properties", "testcase", "system-out", "system-err"),
    ),
    "properties": (set(), ("property",)),
    "property": ({"name", "value"}, ()),
    "testcase": (
        {"name", "classname", "time"},
        ("skipped", "error", "failure", "system-out", "system-err"),
    ),
    "skipped": ({"type", "message"}, ()),
    "error": ({"type", "message"}, ()),
    "failure": ({"type", "message"}, ()),
    "system-out": (set(), ()),
    "system-err": (set(), ()),
}
XUNIT1 = {"file", "line"}
"""Attributes of a test that the schema does not have, and the older family does."""


def check_schema(element: ET.Element, more: set[str]) -> None:
    attributes, children = SCHEMA[element.tag]
    own = attributes | (more if element.tag == "testcase" else set())
    assert set(element.attrib) <= own, element.tag
    places = [children.index(child.tag) for child in element]
    if element.tag != "testcase":  # of a test's children the schema fixes no order
        assert places == sorted(places), element.tag
    for child in element:
        check_schema(child, more)


def suite_properties(path: Path) -> dict[str, str]:
    root = ET.parse(path).getroot()
    found = [(p.attrib["name"], p.attrib["value"]) for p in root.iter("property")]
    assert len(found) == len(dict(found)), "a property stands there twice"
    return dict(found)


def test_the_junit_file_keeps_to_the_schema_and_holds_every_case(recorded) -> None:
    path = recorded.folder / "out.xml"
    check_schema(ET.parse(path).getroot(), set())
    found = suite_properties(path)
    label = f"{HOSTILE}/as is sim[latency_us=500.0] single_stream batch 1"
    assert float(found[f"{label}: median latency (ms)"]) == pytest.approx(0.5, rel=0.01)
    assert found[f"{label}: evidence"] == "SIMULATED"
    assert found[f"{label}: target"] == "sim[latency_us=500.0]"
    assert found[f"{label}: run"] == recorded.runs()[0].id
    assert "model/as is sim single_stream batch 1: size (bytes)" in found
    assert not any("accuracy" in name for name in found), "what is not known is absent"


def test_the_older_family_of_junit_keeps_to_its_form(recorded) -> None:
    folder = recorded.folder
    options = ("--junitxml=old.xml", "-o", "junit_family=xunit1", "-p", "no:benchmark")
    done = session(folder, *options)
    assert done.outcomes == recorded.outcomes
    check_schema(ET.parse(folder / "old.xml").getroot(), XUNIT1)
    assert suite_properties(folder / "old.xml").keys() == (
        suite_properties(folder / "out.xml").keys()
    )


def test_control_characters_do_not_spoil_the_junit_file(tmp_path: Path) -> None:
    from _pytest.junitxml import xml_key

    from tierbench.harness.pytest_records import to_junit

    class Xml(dict):
        def add_global_property(self, name: str, value: object) -> None:
            self[name] = value

    class Config:
        stash = pytest.Stash()

    xml = Config.stash[xml_key] = Xml()
    to_junit(Config, _outcome("evil\x00\x1b[31m"))
    assert xml
    assert all(name.isprintable() for name in xml)


def benchmarks(path: Path) -> dict[str, dict[str, Any]]:
    found = json.loads(path.read_text())["benchmarks"]
    return {one["name"].partition("[")[0]: one for one in found}


def test_the_json_of_pytest_benchmark_holds_the_stores_samples(recorded) -> None:
    found = benchmarks(recorded.folder / "out.json")
    assert found.keys() == {"test_it", "test_bad"}
    extra = found["test_it"]["extra_info"]
    with Store.open(store_of(recorded.folder)) as store:
        (result,) = [r for r in store.results(extra["run"]) if r.case.chosen]
    blocks = slice_values(result.case, result.blocks).blocks
    samples_s = np.concatenate([block.values("latency") for block in blocks]) / 1e9
    stats = found["test_it"]["stats"]
    assert stats["data"] == samples_s.tolist()
    assert stats["rounds"] == len(samples_s)
    assert stats["iterations"] == 1
    for name, value in {
        "min": samples_s.min(),
        "max": samples_s.max(),
        "mean": samples_s.mean(),
        "median": np.median(samples_s),
        "stddev": samples_s.std(ddof=1),
        "ops": 1 / samples_s.mean(),
    }.items():
        assert stats[name] == pytest.approx(value), name
    assert extra["evidence"] == "SIMULATED"
    assert extra["case"] == result.case.key
    assert extra["median latency (ms)"] == pytest.approx(0.5, rel=0.01)


def test_pytest_benchmark_compares_and_fails_on_our_samples(tmp_path: Path) -> None:
    write_model(tmp_path)
    text = """
@pytest.mark.tierbench(path="model.onnx", target={"use": "sim", "device": "board"})
def test_it(bench):
    pass
"""
    write_tests(tmp_path, text)
    assert session(tmp_path, "--benchmark-autosave").status == 0
    slower = "--benchmark-compare-fail=median:5%"
    assert session(tmp_path, "--benchmark-compare", slower).status == 0
    (saved,) = (tmp_path / ".benchmarks").rglob("*.json")
    content = json.loads(saved.read_text())
    for name in ("median", "mean", "min", "max"):
        content["benchmarks"][0]["stats"][name] /= 1.5
    saved.write_text(json.dumps(content))
    done = session(tmp_path, "--benchmark-compare", slower)
    assert done.status == 1
    assert "Performance has regressed" in done.out
    listed = subprocess.run(
        [sys.executable, "-m", "pytest_benchmark", "compare", str(saved)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=True,
    )
    assert "test_it[model-sim-device=board-single_stream-batch1]" in listed.stdout


class Fixture:
    """What we use of pytest-benchmark's fixture."""

    def __init__(self, disabled: bool = False) -> None:
        self.disabled = disabled
        self.extra_info: dict[str, Any] = {}
        self.data: list[float] = []
        self.stats = self
        self._mode: str | None = None

    def _make_stats(self, iterations: int) -> "Fixture":
        assert iterations == 1
        return self


def _recorded(folder: Path, result, disabled: bool = False) -> Fixture:
    url = f"sqlite:///{folder / STORE}"
    from store_examples import example_run

    with Store.open(url) as store:
        store.add_run(example_run(result.run_id))
        store.add_result(result)
    told, fixture = row(result), Fixture(disabled)
    case = {"result": result.id, "row": told, "gate": None}
    record(fixture, case, Findings(told), url)
    return fixture


def test_a_switched_off_pytest_benchmark_is_given_no_samples(tmp_path: Path) -> None:
    fixture = _recorded(tmp_path, a_result(), disabled=True)
    assert fixture.data == []
    assert fixture._mode is not None


def test_of_very_many_samples_every_nth_is_given(tmp_path: Path) -> None:
    blocks = tuple(a_block(index, [1000.0] * 15_000) for index in range(3))
    fixture = _recorded(tmp_path, a_result(blocks=blocks))
    assert len(fixture.data) == 15_000
    assert len(fixture.data) <= SAMPLES_MAX


def test_of_offline_queries_a_samples_time_is_given(tmp_path: Path) -> None:
    result = a_result(case=a_case(scenario=Scenario.OFFLINE))
    fixture = _recorded(tmp_path, result)
    values = slice_values(result.case, result.blocks)
    assert fixture.data == (values.values_ns / 1e9).tolist()


def test_the_gates_verdict_is_a_property() -> None:
    told = row(a_result())
    gate = {"verdict": "slower", "message": "long", "ratio": 1.5}
    found = dict(properties({"row": told, "gate": gate}, Findings(told)))
    assert (found["gate"], found["ratio to baseline"]) == ("slower", 1.5)
    gate = {"verdict": None, "message": "no baseline: why", "ratio": None}
    found = dict(properties({"row": told, "gate": gate}, Findings(told)))
    assert found["gate"] == "no baseline: why"
    assert "ratio to baseline" not in found


def _outcome(model: str = "model", **changes: Any) -> dict[str, Any]:
    told = {**row(a_result()), "model": model}
    case = {"row": told, "gate": None, "failures": []}
    return {
        "run": "0123456789",
        "store": "sqlite:///a b.db",
        "baseline": None,
        "cases": {"one": {model: case}, "two": {model: case}},
        **changes,
    }


def test_the_last_lines_name_run_and_verdicts_and_what_shows_more() -> None:
    assert list(summary(_outcome())) == [
        "run 01234567: 1 ok",
        "tierbench report --store 'sqlite:///a b.db' --run 01234567",
    ]
    judged = _outcome(baseline=["abcdefghij"])
    case = judged["cases"]["one"]["model"]
    case["gate"] = {"role": "recorded", "paired": False, "verdict": "slower"}
    assert list(summary(judged))[1] == "against run abcdefgh: 1 unpaired slower"
    case["gate"] = {"role": "none", "paired": None, "verdict": None}
    assert list(summary(_outcome(baseline=[], cases=judged["cases"])))[1] == (
        "against no earlier run: 1 without baseline"
    )


def test_properties_of_a_gated_case_reach_the_outcome(tmp_path: Path) -> None:
    write_model(tmp_path)
    outcome(tmp_path)
    told = outcome(tmp_path, declaration(tmp_path), baseline="last")
    lines = list(summary(told))
    assert lines[0] == f"run {told['run'][:8]}: 1 ok (SIMULATED)"
    assert lines[1] == f"against run {told['baseline'][0][:8]}: 1 unchanged"
