import gc
import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from store_examples import example_run
from support.measured import a_case, a_result

from tierbench.harness import distribution, results, summary
from tierbench.harness.errors import InputError, NotFound, StoreError
from tierbench.harness.store import Store, result_id
from tierbench.harness.summary import Summary, summarise
from tierbench.harness.values import (
    Case,
    Environment,
    ModelProfile,
    Result,
    Run,
    Scenario,
    Status,
    Variant,
    Workload,
)
from tierbench.reports import command
from tierbench.reports.bought import Techniques


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, examples: SimpleNamespace) -> list[object]:
    """Replace the store; return what was asked of it."""
    calls: list[object] = []

    def read(store_url: str, run_id: str | None) -> object:
        calls.append((store_url, run_id))
        rows = examples.sweep_rows()
        histograms = examples.histograms(rows)
        environments = examples.environments
        return rows, examples.runs, environments, histograms, Techniques(), []

    monkeypatch.setattr(command, "_read", read)
    return calls


def test_the_path_is_printed_and_the_page_is_there(
    tmp_path: Path, asked: list[object], examples: SimpleNamespace
) -> None:
    out = tmp_path / "x.html"
    arguments = ["--store", "sqlite:///a.db", "--run", "r1", "--out", str(out)]
    result = CliRunner().invoke(command.report, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    assert result.stdout == f"{out}\n"
    assert asked == [("sqlite:///a.db", "r1")]
    page = examples.Page(out.read_text(encoding="utf-8"))
    assert page.find("h1") == ["panel-defect"]
    assert list(tmp_path.iterdir()) == [out]


def test_the_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: list[object]
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(command.report, [], catch_exceptions=False)
    assert (tmp_path / "report.html").exists()
    assert result.stdout == "report.html\n"
    assert asked == [("sqlite:///results/tierbench.db", None)]


@pytest.mark.usefixtures("asked")
def test_a_missing_folder_is_an_input_error(tmp_path: Path) -> None:
    out = tmp_path / "absent" / "x.html"
    with pytest.raises(InputError, match=r"absent.*--out"):
        CliRunner().invoke(command.report, ["--out", str(out)], catch_exceptions=False)


@pytest.mark.usefixtures("asked")
def test_an_old_report_survives_a_failed_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "x.html"
    out.write_text("old")

    def full(self: Path, *args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(InputError, match="No space left"):
        CliRunner().invoke(command.report, ["--out", str(out)], catch_exceptions=False)
    assert out.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [out]


@pytest.fixture
def store_url(tmp_path: Path) -> str:
    """Return a store with one skipped case of one run."""
    url = f"sqlite:///{tmp_path / 'real.db'}"
    profile = ModelProfile(
        format="onnx",
        inputs=(),
        outputs=(),
        operators={},
        parameters=None,
        macs=None,
        peak_activation_bytes=None,
        weight_bits=8,
        activation_bits=8,
    )
    variant = Variant(
        model="<b>m</b>",
        name="int8",
        format="onnx",
        size_bytes=2048,
        sha256="a" * 64,
        profile=profile,
        weight_bits=8,
        activation_bits=8,
        path=tmp_path / "m.onnx",
    )
    work = Workload(scenario=Scenario.SINGLE_STREAM, batch=1, profile="smoke")
    case = Case(
        variant=variant,
        target="host",
        options={"threads": 2},
        workload=work,
        chosen=("threads",),
    )
    run = Run(
        id="run-1",
        name="nightly <i>",
        sweep_sha256="b" * 64,
        sweep={"profile": "smoke"},
        started_at_ns=10**18,
        trigger="manual",
    )
    result = Result(
        id=result_id(run.id, case.key),
        run_id=run.id,
        case=case,
        environment=Environment(
            device="board 9",
            tier="host",
            runtime="ort",
            runtime_version="1.2.3",
            identity={"governor": "performance"},
        ),
        status=Status.SKIPPED,
        reason="no kernel for int8",
        started_at_ns=10**18,
        finished_at_ns=10**18,
    )
    with Store.open(url) as store:
        store.add_run(run)
        store.add_result(result)
    return url


@pytest.mark.parametrize("more", [[], ["--run", "run"]])
def test_a_real_store_becomes_a_page(
    tmp_path: Path, store_url: str, more: list[str], examples: SimpleNamespace
) -> None:
    out = tmp_path / "x.html"
    arguments = ["--store", store_url, "--out", str(out), *more]
    CliRunner().invoke(command.report, arguments, catch_exceptions=False)
    page = examples.Page(out.read_text(encoding="utf-8"))
    text = " ".join(page.find("main"))
    assert page.find("h1") == ["nightly <i>"]
    assert "int8 on host[threads=2]" in text
    assert "no kernel for int8" in text
    assert "identity.governor" in text
    assert "2001-09-09 01:46:40 UTC" in text


def test_the_latencies_of_a_store_are_drawn(
    tmp_path: Path, examples: SimpleNamespace
) -> None:
    url = f"sqlite:///{tmp_path / 'results.db'}"
    made = a_result("run1")
    with Store.open(url) as store:
        store.add_run(example_run("run1"))
        store.add_result(made)
    out = tmp_path / "x.html"
    arguments = ["--store", url, "--out", str(out)]
    CliRunner().invoke(command.report, arguments, catch_exceptions=False)
    page = examples.Page(out.read_text(encoding="utf-8"))
    (text,) = page.find("script", type="application/json", id="distributions")
    found = json.loads(text)
    assert list(found) == [made.case.key]
    assert sum(found[made.case.key]["counts"]) == 60
    assert "60 calls" in " ".join(page.find("details"))


def test_a_big_store_is_read_part_by_part_and_each_result_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path / 'results.db'}"
    with Store.open(url) as store:
        store.add_run(example_run("run1"))
        for index in range(60):
            store.add_result(a_result("run1", a_case(f"variant {index}")))
    summarised, held = [], []

    def counted(result: Result) -> Summary:
        summarised.append(result.id)
        held.append(sum(type(found) is Result for found in gc.get_objects()))
        return summarise(result)

    for module in (summary, results, distribution):
        monkeypatch.setattr(module, "summarise", counted, raising=False)
    gc.collect()
    before = sum(type(found) is Result for found in gc.get_objects())
    rows, _, _, histograms, _, _ = command._read(url, None)
    assert len(rows) == len(histograms) == len(set(summarised)) == 60
    assert len(summarised) == 60
    assert max(held) - before < 40


def test_an_unknown_run_is_named(store_url: str) -> None:
    arguments = ["--store", store_url, "--run", "absent"]
    with pytest.raises(NotFound, match="absent"):
        CliRunner().invoke(command.report, arguments, catch_exceptions=False)


def test_a_missing_store_is_a_store_error(tmp_path: Path) -> None:
    arguments = ["--store", f"sqlite:///{tmp_path / 'none.db'}"]
    with pytest.raises(StoreError):
        CliRunner().invoke(command.report, arguments, catch_exceptions=False)
