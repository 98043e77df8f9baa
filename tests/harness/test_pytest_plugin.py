"""Whole sessions of pytest: what is measured for which tests, and what they say."""

import ast
import re
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import pytest
from support.components import missing
from support.plans import write_model
from support.pytest_runs import Session, command, session, write_tests

from tierbench.harness.pytest_plugin import pytest_addoption
from tierbench.harness.store import Store

MIXED = """
sim = pytest.mark.tierbench(path="model.onnx", target="sim")

@pytest.mark.tierbench(path="model.onnx", batch=(1, 8), target="sim")
def test_two_cases(bench):
    assert bench.latency.p90 <= ms(20)
    assert bench.status == "ok"

@pytest.mark.tierbench(batch=1, scenario="single_stream")
@pytest.mark.tierbench(path="model.onnx", target={"use": "sim", "latency_us": 500.0})
class TestClass:
    def test_too_slow(self, bench):
        assert bench.latency.p90 <= ms(0.2)

    @pytest.mark.parametrize("name", ["median", "p90"])
    def test_parametrized(self, name, bench):
        assert getattr(bench.latency, name) < ms(1)

    def test_without_the_fixture(self):
        pass

@sim
def test_unknown_quantity(bench):
    assert bench.accuracy >= 0.95

@sim
@pytest.mark.xfail(raises=AssertionError, strict=True)
def test_expected_to_fail(bench):
    assert bench.memory.peak <= mb(1)

@pytest.mark.tierbench(path="absent.onnx", target="sim")
def test_wrong_path(bench):
    pass

@pytest.mark.tierbench("defect")
def test_wrong_argument(bench):
    pass

@pytest.mark.tierbench(path="model.onnx", target="sim", batch=object())
def test_wrong_batch(bench):
    pass

@pytest.mark.skip(reason="not today")
@pytest.mark.tierbench(path="model.onnx", target={"use": "sim", "latency_us": 77.0})
def test_skipped(bench):
    pass

@sim
@pytest.mark.skipif("undefined_name")
def test_wrong_condition(bench):
    pass

@sim
def test_with_a_benchmark_of_its_own(bench, benchmark):
    assert benchmark(lambda: 1) == 1

class TestOfOtherPeople:
    @pytest.fixture
    def bench(self):
        return "theirs"

    def test_their_bench(self, bench):
        assert bench == "theirs"

def test_no_mark(bench):
    pass
"""


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Session:
    folder = tmp_path_factory.mktemp("mixed")
    write_model(folder)
    write_tests(folder, MIXED)
    return session(folder, "-W", "error")


def test_each_case_of_a_mark_is_a_test_that_asserts_on_what_was_measured(mixed) -> None:
    assert mixed.outcomes["test_two_cases[model-sim-single_stream-batch1]"] == "PASSED"
    assert mixed.outcomes["test_two_cases[model-sim-single_stream-batch8]"] == "PASSED"
    one = "TestClass::test_parametrized[model-sim-latency_us=500.0-single_stream-batch1"
    assert mixed.outcomes[f"{one}-p90]"] == "PASSED"
    assert mixed.outcomes["TestClass::test_without_the_fixture"] == "PASSED"
    assert mixed.status == pytest.ExitCode.TESTS_FAILED


def test_a_failed_limit_is_readable(mixed) -> None:
    (line,) = [line for line in mixed.out.splitlines() if "<= 0.2 ms" in line]
    assert line.startswith("E ")
    assert re.search(r"0\.51\d+ ms \[0\.5\d+, 0\.5\d+\] <= 0\.2 ms$", line)
    assert "= <latency of model/as is on sim[latency_us=500.0]" in mixed.out
    assert "'case_key'" not in mixed.out  # the whole row would bury it


def test_a_limit_on_what_is_not_known_fails_with_the_reason(mixed) -> None:
    name = "test_unknown_quantity[model-sim-single_stream-batch1]"
    assert mixed.outcomes[name] == "FAILED"
    assert "accuracy is not known: no evaluation data was given" in mixed.out
    assert mixed.outcomes["test_expected_to_fail[model-sim-single_stream-batch1]"] == (
        "XFAIL"
    )


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("test_wrong_path", "'absent.onnx' does not exist"),
        (
            "test_wrong_argument",
            "has ['defect'] without a name; sweep=FILE, model=NAME",
        ),
        ("test_wrong_batch", "workload.batch: must be a whole number from 1 to"),
    ],
)
def test_a_wrong_mark_fails_its_own_test_alone(mixed, name: str, words: str) -> None:
    assert mixed.outcomes[f"{name}[wrong-mark]"] == "ERROR"
    assert f"test_it.py::{name}: " in mixed.out
    assert words in mixed.out


def test_the_fixture_without_a_mark_says_what_is_missing(mixed) -> None:
    assert mixed.outcomes["test_no_mark"] == "ERROR"
    assert "the fixture 'bench' needs a mark that says what to measure" in mixed.out


def test_fixtures_of_others_are_left_alone(mixed) -> None:
    assert mixed.outcomes["TestOfOtherPeople::test_their_bench"] == "PASSED"
    own = "test_with_a_benchmark_of_its_own[model-sim-single_stream-batch1]"
    assert mixed.outcomes[own] == "PASSED"


def test_what_several_tests_want_is_measured_once_and_what_none_runs_not_at_all(
    mixed,
) -> None:
    (run,) = mixed.runs()
    assert run.trigger == "pytest"
    found = [(r.case.place, r.case.workload.batch) for r in mixed.results()]
    assert sorted(found) == [("sim", 1), ("sim", 8), ("sim[latency_us=500.0]", 1)]
    assert "3 cases to measure" in mixed.out
    assert f"run {run.id[:8]}: 3 ok (SIMULATED)" in mixed.out


SWEEP = """\
name = "kept"
[[model]]
path = "model.onnx"
[[target]]
use = "sim"
[[target]]
use = "host-litert"
python = "no-python"
[constraints]
latency_p90_ms_max = 0.5
"""
FROM_SWEEP = """
@pytest.mark.tierbench(sweep="kept.toml")
def test_kept(bench):
    pass

@pytest.mark.tierbench(path="model.onnx", target="host-litert")
def test_elsewhere(bench):
    pass

def test_plain():
    pass
"""


def test_a_sweep_files_constraints_hold_or_the_test_fails(tmp_path: Path) -> None:
    write_model(tmp_path)
    _write_sweep(tmp_path, SWEEP)
    write_tests(tmp_path, FROM_SWEEP)
    done = session(tmp_path, "-p", "no:benchmark", "--tier-target", "sim")
    assert done.outcomes["test_kept[model-sim-single_stream-batch1]"] == "FAILED"
    assert "latency_p90_ms_max = 0.5 does not hold: p90 latency is 1.0" in done.out
    assert done.outcomes["test_elsewhere[no-target]"] == "SKIPPED"
    assert "it is declared for other targets than sim" in done.out
    assert done.outcomes["test_plain"] == "PASSED"


def test_a_target_that_is_not_available_skips_with_reason_and_remedy(
    tmp_path: Path,
) -> None:
    write_model(tmp_path)
    _write_sweep(tmp_path, SWEEP)
    write_tests(tmp_path, FROM_SWEEP)
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\ntier_target = host-litert\ntier_store = sqlite:///own.db\n"
    )
    done = session(tmp_path, "-k", "kept", "--benchmark-disable", "-W", "error")
    assert done.status == 0
    assert list(done.outcomes.values()) == ["SKIPPED"]
    reason = done.out.partition("SKIPPED [1]")[2]
    assert "it does not run the worker" in reason
    assert "; give a Python of version" in reason
    assert (tmp_path / "own.db").exists()


def _write_sweep(folder: Path, text: str) -> None:
    """Write a sweep with a target whose Python is there but cannot run."""
    (folder / "kept.toml").write_text(text)
    (folder / "no-python").write_text("#!/bin/false\n")
    (folder / "no-python").chmod(0o755)


UNTOUCHED = """
@pytest.mark.tierbench(path="model.onnx", target="sim")
def test_it(bench):
    pass

def test_plain():
    pass
"""


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("untouched")
    write_model(folder)
    write_tests(folder, UNTOUCHED)
    return folder


@pytest.mark.parametrize(
    "options",
    [
        ["--collect-only"],
        ["-k", "plain"],
        ["--benchmark-skip"],
        ["--setup-plan"],
        ["--benchmark-skip", "-n", "2"],
    ],
    ids=" ".join,
)
def test_nothing_is_measured_for_tests_that_do_not_run(untouched, options) -> None:
    done = session(untouched, *options)
    assert done.status == 0
    assert "to measure" not in done.out
    assert not (untouched / "results").exists()


def test_nothing_is_measured_where_collecting_failed(tmp_path: Path) -> None:
    write_tests(tmp_path, UNTOUCHED)
    write_tests(tmp_path, "import no_such_module", "test_broken.py")
    done = session(tmp_path)
    assert done.status == pytest.ExitCode.INTERRUPTED
    assert not (tmp_path / "results").exists()


def test_of_a_mark_only_the_chosen_cases_are_measured(tmp_path: Path) -> None:
    write_model(tmp_path)
    write_tests(tmp_path, UNTOUCHED.replace("target=", "batch=[1, 2, 4], target="))
    name = "test_it[model-sim-single_stream-batch2]"
    done = session(tmp_path, f"test_it.py::{name}")
    assert done.outcomes == {name: "PASSED"}
    assert [result.case.workload.batch for result in done.results()] == [2]


def test_benchmark_only_runs_our_tests(tmp_path: Path) -> None:
    write_model(tmp_path)
    write_tests(tmp_path, UNTOUCHED)
    done = session(tmp_path, "--benchmark-only")
    assert done.outcomes == {
        "test_it[model-sim-single_stream-batch1]": "PASSED",
        "test_plain": "SKIPPED",
    }


def test_what_failed_last_is_measured_alone(tmp_path: Path) -> None:
    write_model(tmp_path)
    write_tests(
        tmp_path,
        """
@pytest.mark.tierbench(path="model.onnx", target={"use": "sim", "seed": 1})
def test_good(bench):
    pass

@pytest.mark.tierbench(path="model.onnx", target={"use": "sim", "seed": 2})
def test_bad(bench):
    assert bench.latency.median < ms(0.1)
""",
    )
    assert len(session(tmp_path).results()) == 2
    again = session(tmp_path, "--lf")
    assert [result.case.options["seed"] for result in again.results()] == [2]


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("--tier-target=smi", "unknown target 'smi'; known: amd, coral"),
        ("--tier-profile=fast", "unknown profile 'fast'; known: smoke, nightly"),
    ],
)
def test_an_unknown_name_lists_the_known_ones(untouched, option, words) -> None:
    done = session(untouched, option)
    assert done.status == pytest.ExitCode.USAGE_ERROR
    assert words in done.out


def test_a_store_that_cannot_be_used_is_told_by_the_tests_that_need_it(
    untouched,
) -> None:
    done = session(untouched, "--tier-store", "sqlite:////proc/none/tierbench.db")
    assert done.outcomes["test_it[model-sim-single_stream-batch1]"] == "ERROR"
    assert done.outcomes["test_plain"] == "PASSED"
    assert "Traceback" not in done.out
    assert "/proc/none" in done.out


def test_an_unknown_baseline_is_told_and_nothing_is_measured(tmp_path: Path) -> None:
    write_model(tmp_path)
    write_tests(tmp_path, UNTOUCHED)
    done = session(tmp_path, "--tier-baseline", "abc")
    assert done.outcomes["test_it[model-sim-single_stream-batch1]"] == "ERROR"
    assert "no run 'abc'; known: none" in done.out
    assert not done.runs()


@pytest.mark.parametrize("options", [["-n", "2"], ["-n", "0"]], ids=" ".join)
def test_under_xdist_one_process_measures_for_all(tmp_path: Path, options) -> None:
    write_model(tmp_path)
    write_tests(
        tmp_path,
        """
@pytest.mark.tierbench(path="model.onnx", batch=[1, 2, 4], target="sim")
def test_it(bench):
    assert bench.latency.median < ms(3)

@pytest.mark.tierbench(path=__file__, target="sim")
def test_wrong(bench):
    pass

def test_plain():
    pass
""",
    )
    done = session(tmp_path, *options, "-W", "error", "--junitxml=out.xml")
    name = "test_it[model-sim-single_stream-batch{}]"
    assert done.outcomes == {
        name.format(1): "PASSED",
        name.format(2): "PASSED",
        name.format(4): "FAILED",
        "test_wrong[wrong-mark]": "ERROR",
        "test_plain": "PASSED",
    }
    assert len(done.runs()) == 1
    assert "run " + done.runs()[0].id[:8] in done.out
    text = (tmp_path / "out.xml").read_text()
    assert text.count("batch 4: median latency (ms)") == 1


def test_each_process_of_dist_each_runs_all_tests(tmp_path: Path) -> None:
    write_model(tmp_path)
    write_tests(tmp_path, UNTOUCHED)
    done = session(tmp_path, "--dist", "each", "--tx", "2*popen")
    assert "4 passed" in done.out
    assert len(done.runs()) == 1


LONG = """
@pytest.mark.tierbench(
    path="model.onnx", target={"use": "sim", "clock": "real", "latency_us": 20000.0}
)
def test_it(bench):
    assert bench.latency.median > ms(1)
"""


@pytest.mark.parametrize("options", [[], ["-n", "1"]], ids=["alone", "xdist"])
def test_a_session_that_is_left_or_killed_goes_on_where_it_was(
    tmp_path: Path, options
) -> None:
    write_model(tmp_path)
    write_tests(tmp_path, LONG)
    said = _ended_by(signal.SIGINT, tmp_path, *options)
    assert "leaving after this round; press again to leave at once" in said
    assert "early; the same command goes on with it" in said
    assert "Traceback" not in said
    if not options:
        _ended_by(signal.SIGKILL, tmp_path)
    done = session(tmp_path, *options)
    assert done.status == 0, done.out
    (run,) = done.runs()
    (result,) = done.results()
    assert run.status == "finished"
    workers = {block.worker for block in result.blocks}
    assert len(workers) > 3, "what was measured before is not there"


def _ended_by(number: signal.Signals, folder: Path, *options: str) -> str:
    """Start a session, signal it while it measures, and return what it wrote."""
    journals = folder / "results" / "journal"
    began = sum(path.stat().st_size for path in journals.glob("*"))
    with subprocess.Popen(
        command(*options),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as child:
        deadline = time.monotonic() + 60
        while sum(path.stat().st_size for path in journals.glob("*")) < began + 2000:
            assert child.poll() is None, child.communicate()[0]
            assert time.monotonic() < deadline
            time.sleep(0.02)
        child.send_signal(number)
        said = child.communicate(timeout=60)[0]
    expected = pytest.ExitCode.INTERRUPTED if number is signal.SIGINT else -number
    assert child.returncode == expected, said
    return said


GATED = """
@pytest.mark.tierbench(path="model.onnx", target="host-onnxruntime")
def test_it(bench):
    pass

@pytest.mark.tierbench(path="model.onnx", target="host-onnxruntime", slower_max=500)
def test_lenient(bench):
    pass
"""


def test_the_gate_fails_what_became_slower_until_it_is_accepted(tmp_path: Path) -> None:
    if find_spec("onnxruntime") is None:
        missing("host", "onnxruntime is not installed")
    _write_chain(tmp_path / "model.onnx", layers=1)
    write_tests(tmp_path, GATED)
    first = session(tmp_path, "--tier-baseline", "last")
    assert first.status == 0
    assert "against no earlier run: 1 without baseline" in first.out
    _write_chain(tmp_path / "model.onnx", layers=40)
    for _ in range(2):  # a run that failed is no baseline
        slow = session(tmp_path, "--tier-baseline", "last")
        it, lenient = (
            f"{name}[model-host-onnxruntime-single_stream-batch1]"
            for name in ("test_it", "test_lenient")
        )
        assert slow.outcomes == {it: "FAILED", lenient: "PASSED"}, slow.out
        told = slow.out.partition(" became slower: ")[2]
        assert f"of run {first.runs()[-1].id[:8]}" in told
        assert "up to 1.000 is allowed" in told
        assert "paired: both were measured in the same" in told
        assert "against run" in told
        assert "1 paired slower" in told
    accepted = slow.runs()[0].id
    assert session(tmp_path, "--tier-baseline", accepted).status == 0
    assert session(tmp_path, "--tier-baseline", "last").status == 0


def _write_chain(path: Path, layers: int) -> None:
    """Write a model that does the same work once or several times."""
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper, save

    weights = np.eye(256, dtype=np.float32)
    names = ["input", *(f"y{layer}" for layer in range(layers))]
    nodes = [
        helper.make_node("MatMul", [one, "w"], [other])
        for one, other in pairwise(names)
    ]
    ends = [
        helper.make_tensor_value_info(end, TensorProto.FLOAT, [1, 64, 256])
        for end in (names[0], names[-1])
    ]
    stored = [numpy_helper.from_array(weights, "w")]
    graph = helper.make_graph(nodes, "chain", ends[:1], ends[1:], stored)
    opset = [helper.make_opsetid("", 17)]
    save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)


def test_a_mark_without_the_fixture_warns(tmp_path: Path) -> None:
    write_tests(
        tmp_path,
        """
@pytest.mark.tierbench(path="model.onnx", target="sim")
def test_it():
    pass
""",
    )
    done = session(tmp_path)
    assert "the mark tierbench does nothing without the fixture 'bench'" in done.out
    assert "1 passed, 1 warning" in done.out


def test_importing_the_plugin_imports_nothing_heavy() -> None:
    code = (
        "import sys, pytest; before = set(sys.modules)\n"
        "import tierbench.harness.pytest_plugin\n"
        "print(sorted(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert {name.partition(".")[0] for name in ast.literal_eval(done.stdout)} == {
        "tierbench"
    }


def test_a_session_that_uses_none_of_it_loads_nothing_heavy(tmp_path: Path) -> None:
    write_tests(tmp_path, "", "test_unrelated.py")
    (tmp_path / "test_unrelated.py").write_text(
        "import sys\n"
        "def test_modules():\n"
        "    for name in ('numpy', 'sqlalchemy', 'pydantic', 'click'):\n"
        "        assert name not in sys.modules\n"
    )
    done = session(tmp_path, "-p", "no:hypothesispytest", "-p", "no:benchmark")
    assert done.outcomes == {"test_modules": "PASSED"}


def test_a_store_that_another_run_holds_is_told(tmp_path: Path) -> None:
    write_model(tmp_path)
    write_tests(tmp_path, UNTOUCHED)
    url = f"sqlite:///{tmp_path / 'held.db'}"
    with Store.open(url) as store, store.lock():
        done = session(tmp_path, "--tier-store", url)
    assert done.outcomes["test_it[model-sim-single_stream-batch1]"] == "ERROR"
    assert str(tmp_path / "held.db") in done.out
    assert "Traceback" not in done.out


def test_the_page_for_users_lists_every_option_and_its_ini_key() -> None:
    docs = Path(__file__).parents[2] / "docs"
    page, kit = ((docs / name).read_text() for name in ("pytest.md", "conformance.md"))
    listed = re.findall(r"^\| `(--tier-\w+) [A-Z]+` \| `(\w+)` \|", page, re.M)
    of_the_kit = re.findall(r"^\| `(--tier-[a-z-]+)(?: [A-Z=]+)?` \|", kit, re.M)
    flags: list[str] = []
    keys: list[str] = []

    class Parser:
        def getgroup(self, *_: str) -> "Parser":
            return self

        def addoption(self, flag: str, **_: object) -> None:
            flags.append(flag)

        def addini(self, key: str, *_: object, **__: object) -> None:
            keys.append(key)

    pytest_addoption(Parser())  # type: ignore[arg-type]
    assert [key for _, key in listed] == keys
    assert [flag for flag, _ in listed] == [f for f in flags if key_of(f) in keys]
    assert {f for f in flags if key_of(f) not in keys} | {flags[0]} == {*of_the_kit}


def key_of(flag: str) -> str:
    return flag.removeprefix("--").replace("-", "_")
