"""What others measured: matched by name, marked, linked, and no more than is read."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from tierbench.harness.published.result import Citation, PublishedResult, published_row
from tierbench.reports.page import render
from tierbench.reports.published import ALIKE_MAX, LINES_MAX, published_tables

HOSTILE = "\"'><img src=x onerror=alert(1)></script>{{7*7}}"
RESULT = PublishedResult(
    key="1",
    model="resnet",
    network="resnet50",
    device="NVIDIA L4",
    device_name="l4",
    scenario="offline",
    throughput_per_s=12881.7,
    counted="samples",
    citation=Citation(
        title="MLPerf Inference v3.1",
        url="https://example.org/x",
        round="v3.1",
        submitter="NVIDIA",
    ),
    caveats=("batches as the submitter chose",),
)
ENVIRONMENTS = {"e1": {"device": "NVIDIA L4"}, "e2": {"device": "AMD EPYC"}}


def own(**changes: Any) -> dict[str, Any]:
    return {
        "model": "resnet50-v1-12",
        "variant": "as is",
        "target": "nvidia",
        "options": {},
        "environment": "e2",
        "evidence": "MEASURED",
        "status": "ok",
        "scenario": "single_stream",
        "batch": 1,
        "runtime": "onnxruntime",
        "runtime_version": "1.32",
        "latency_ms": {"median": 2.0, "median_ci95": [1.9, 2.1]},
        **changes,
    }


def tables(rows: list[dict[str, Any]], *results: PublishedResult):
    return published_tables(rows, [published_row(r) for r in results], ENVIRONMENTS)


def test_the_same_network_stands_beside_ones_own() -> None:
    ((table,), used) = tables([own()], RESULT)
    mine, other = table.lines
    assert (mine.evidence, mine.values[0]) == ("MEASURED", ("2.00 ms", "± 0.10"))
    assert other.evidence == "PUBLISHED"
    assert other.values == (("12 882 samples/s".replace(" ", "\u202f", 1), ""),)
    assert other.url == "https://example.org/x"
    assert other.source == "MLPerf Inference v3.1: NVIDIA"
    assert len(used) == 1


def test_the_same_device_stands_beside_ones_own() -> None:
    row = own(model="defect", environment="e1")
    ((table,), used) = tables([row], RESULT, replace(RESULT, key="2", device_name=None))
    assert table.title == "l4, other networks"
    assert len(table.lines) == 2
    assert len(used) == 1


def test_a_board_that_was_asked_for_counts_as_device() -> None:
    board = replace(RESULT, network="mlperf-tiny-kws", device_name="nucleo-l4r5zi")
    row = own(model="bearing", options={"board": "nucleo-l4r5zi"})
    ((table,), _) = tables([row], board)
    assert table.title == "nucleo-l4r5zi, other networks"


def test_what_matches_nothing_is_not_shown() -> None:
    assert tables([own(model="defect")], RESULT) == ([], [])
    assert tables([own()], replace(RESULT, network=None)) == ([], [])
    assert tables([], RESULT) == ([], [])


def test_the_newest_rounds_are_shown_and_the_rest_is_counted() -> None:
    rounds = [
        replace(
            RESULT,
            key=str(i),
            citation=replace(RESULT.citation, title=f"v{i}", round=f"v{i}"),
        )
        for i in range(5)
    ]
    ((table,), used) = tables([own()], *rounds)
    shown = [line.source for line in table.lines[1:]]
    assert shown == ["v4: NVIDIA", "v3: NVIDIA"]
    assert (len(shown), table.more, len(used)) == (ALIKE_MAX, 3, 5)
    many = [
        replace(RESULT, key=str(i), device=f"D{i}", device_name=None)
        for i in range(LINES_MAX)
    ]
    ((table,), _) = tables([own(environment="e1")], *many, RESULT)
    assert (len(table.lines), table.more) == (LINES_MAX + 1, 1)
    assert table.lines[1].device == "NVIDIA L4"  # one's own device comes first


def test_values_say_what_they_are() -> None:
    result = replace(
        RESULT,
        latency_ms=0.349,
        latency_percentile=90.0,
        throughput_per_s=None,
        energy_mj=20.1,
        batch=1,
        accelerators=8,
    )
    ((table,), _) = tables([own()], result)
    line = table.lines[1]
    assert line.values == (("p90 0.349 ms", ""), ("20.1 mJ", ""))
    assert line.scenario == "offline, batch\N{NO-BREAK SPACE}1"
    assert line.device == "8\N{NO-BREAK SPACE}\N{MULTIPLICATION SIGN} NVIDIA L4"


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "data:text/html,x", "//x", "https://", "http://[", ""],
)
def test_only_addresses_of_the_web_are_links(url: str) -> None:
    citation = replace(RESULT.citation, url=url)
    ((table,), _) = tables([own()], replace(RESULT, citation=citation))
    assert table.lines[1].url == ""


def test_texts_are_shown_and_never_interpreted(examples: SimpleNamespace) -> None:
    citation = Citation(
        title=HOSTILE, url=f"https://example.org/{HOSTILE}", submitter=HOSTILE
    )
    result = replace(
        RESULT,
        device=HOSTILE,
        system=HOSTILE,
        software=HOSTILE,
        citation=citation,
        caveats=(HOSTILE,),
    )
    page = examples.Page(
        render(
            [own()],
            title="t",
            environments=ENVIRONMENTS,
            published=[published_row(result)],
        )
    )
    assert "What others measured" in page.find("h2")
    assert page.find("img") == []
    links = [given for name, given in page.elements if name == "a"]
    assert f"https://example.org/{HOSTILE}" in [link.get("href") for link in links]


def test_published_rows_stand_on_no_front(examples: SimpleNamespace) -> None:
    rows = [own(accuracy={"metric": "top1", "value": 0.7})]
    given = {"title": "t", "environments": ENVIRONMENTS}
    with_, without = (
        render(rows, published=published, **given)
        for published in ([published_row(RESULT)], [])
    )
    assert "What others measured" not in without
    page, plain = examples.Page(with_), examples.Page(without)
    for name in ("rows", "chart", "distributions"):
        found = {"type": "application/json", "id": name}
        assert page.find("script", **found) == plain.find("script", **found)
