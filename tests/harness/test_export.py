"""Files for other programs: complete, and inert in a spreadsheet."""

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest
from store_examples import ODD, example_environment, example_run
from support.measured import a_block, a_case, a_result
from support.variants import DATA, a_variant, right_but

from tierbench.harness.export import (
    FORMULA_STARTS,
    OUTCOME_COLUMNS,
    SAMPLE_COLUMNS,
    write_json,
    write_outcomes,
    write_rows,
    write_samples,
)
from tierbench.harness.results import rows
from tierbench.harness.store import Store
from tierbench.harness.values import Phase, Series, Status, WorkerRecord

HOSTILE = ["=cmd()", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", ODD, '",=1,"']


@pytest.fixture
def store(tmp_path):
    with Store.open(f"sqlite:///{tmp_path / 'results.db'}") as opened:
        opened.add_run(example_run("run1"))
        yield opened


def written(write, store: Store, run: str | None = None) -> str:
    file = io.StringIO(newline="")
    write(store, run, file)
    return file.getvalue()


def table(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("name", HOSTILE)
def test_no_cell_is_a_formula(store, name: str) -> None:
    case = a_case(name)
    case = replace(
        case,
        variant=replace(case.variant, model=name),
        options={"device": name, "n": -1},
        target=name,
    )
    ran = {"provider": name, "list": [name, 1], "nested": {"deep": name}}
    record = WorkerRecord(worker=0, first_call_ns=1, open_ns=1, memory=None, ran=ran)
    environment = example_environment(device=name, runtime=name)
    result = a_result(
        case=case,
        environment=environment,
        status=Status.FAILED,
        reason=name,
        workers=(record,),
    )
    store.add_result(result)
    header, *found = table(written(write_rows, store))
    for cell in (*header, *(cell for line in found for cell in line)):
        assert not cell.startswith(FORMULA_STARTS) or is_number(cell), cell
    (line,) = found
    told = dict(zip(header, line, strict=True))
    mark = "'" if name.startswith(FORMULA_STARTS) else ""
    assert told["model"] == mark + name
    assert told["ran.list"] == f"{mark}{name} 1"
    assert told["options.n"] == "-1"


def is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def test_rows_hold_what_results_hold(store) -> None:
    store.add_result(a_result())
    (expected,) = rows(store)
    header, line = table(written(write_rows, store))
    told = dict(zip(header, line, strict=True))
    assert len(header) == len(set(header))
    assert float(told["latency_ms.median"]) == expected["latency_ms"]["median"]
    ends = [float(part) for part in told["latency_ms.median_ci95"].split()]
    assert ends == expected["latency_ms"]["median_ci95"]
    assert told["power"] == ""
    assert told["power_reason"] == expected["power_reason"]


def test_rows_of_different_cases_share_their_columns(store) -> None:
    store.add_result(a_result())
    failed = {"status": Status.FAILED, "reason": "died", "blocks": ()}
    store.add_result(a_result(case=a_case("int8"), **failed))
    header, *lines = table(written(write_rows, store))
    assert [len(line) for line in lines] == [len(header)] * 2
    medians = {line[header.index("latency_ms.median")] for line in lines}
    assert "" in medians
    assert len(medians) == 2


def test_json_is_what_results_print(store) -> None:
    store.add_result(a_result())
    assert json.loads(written(write_json, store)) == rows(store)


def test_every_raw_sample_is_there_in_the_order_of_measuring(store) -> None:
    off_cpu = Series(quantity="off_cpu", unit="ns", values=np.array([7, 8]))
    warm = a_block(0, [9.0, 8.0], phase=Phase.WARMUP)
    block = a_block(1, [1.5, 2.5])
    block = replace(block, series=(*block.series, off_cpu))
    result = a_result(blocks=(warm, block))
    store.add_result(result)
    header, *lines = table(written(write_samples, store, "run1"))
    assert tuple(header) == SAMPLE_COLUMNS
    told = [dict(zip(header, line, strict=True)) for line in lines]
    assert [
        (t["block"], t["phase"], t["call"], t["latency_ns"], t["off_cpu_ns"])
        for t in told
    ] == [
        ("0", "warmup", "0", "9000", ""),
        ("0", "warmup", "1", "8000", ""),
        ("1", "measure", "0", "1500", "7"),
        ("1", "measure", "1", "2500", "8"),
    ]
    assert {t["case_key"] for t in told} == {result.case.key}
    assert {t["run"] for t in told} == {"run1"}


def test_an_empty_store_gives_empty_tables(store) -> None:
    assert table(written(write_samples, store)) == [list(SAMPLE_COLUMNS)]
    assert json.loads(written(write_json, store)) == []
    assert written(write_rows, store).strip() == ""


def test_of_a_soak_the_calls_that_were_kept_keep_their_numbers(store) -> None:
    context = {"soak_s": 180.0, "kept_every": 3}
    thinned = a_block(0, [1.0, 2.0, 3.0], phase=Phase.SOAK, calls=8, context=context)
    store.add_result(a_result(blocks=(thinned,)))
    found = list(csv.DictReader(io.StringIO(written(write_samples, store))))
    assert [row["call"] for row in found] == ["0", "3", "6"]
    assert {row["phase"] for row in found} == {"soak"}


def test_each_judged_sample_has_its_outcome(store) -> None:
    store.add_result(a_variant("=int8", right_but(1, n=3)))
    store.add_result(a_variant("fp32", np.linspace(0.25, 5, 20)))
    store.add_result(a_result(case=a_case("int4")))  # of a version that kept none
    header, *lines = table(written(write_outcomes, store, "run1"))
    assert tuple(header) == OUTCOME_COLUMNS
    told = [dict(zip(header, line, strict=True)) for line in lines]
    right = [t for t in told if t["metric"] == "top1"]
    assert [(t["sample"], t["outcome"]) for t in right] == [
        ("0", "1"),
        ("1", "0"),
        ("2", "1"),
    ]
    assert {t["variant"] for t in told} == {"'=int8", "fp32"}
    assert {t["data_sha256"] for t in told} == {DATA}
    errors = [float(t["outcome"]) for t in told if t["metric"] == "mae"]
    assert errors == np.linspace(0.25, 5, 20).tolist()
