import base64
import hashlib
import json
import os
import re
import subprocess
import sys
from dataclasses import asdict
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tierbench.harness.errors import InputError
from tierbench.reports.interactive import bundle
from tierbench.reports.page import render

NAMES = ("variant", "target", "model", "scenario", "device", "format", "reason")
HOSTILE = "\"'><img src=x onerror=alert(1)></script><script>\n]]>{{7*7}}../../$\\frac"


@pytest.fixture(scope="module")
def html(examples: SimpleNamespace) -> str:
    return page_of(examples, [*examples.sweep_rows(), examples.projected_row()])


def page_of(examples: SimpleNamespace, rows: list[dict[str, Any]]) -> str:
    return render(
        rows,
        title="t",
        runs=examples.runs,
        environments=examples.environments,
        distributions=examples.histograms(rows),
    )


def embedded(page: Any, name: str = "rows") -> Any:
    (text,) = page.find("script", type="application/json", id=name)
    return json.loads(text)


def scripts(page: Any) -> list[str]:
    return [
        page.inside[index]
        for index, (name, given) in enumerate(page.elements)
        if name == "script" and given.get("type") is None
    ]


def test_the_sections_are_there(html: str, examples: SimpleNamespace) -> None:
    page = examples.Page(html)
    assert page.find("h1") == ["t"]
    assert page.find("h2") == [
        "What was asked, and what came of it",
        "What accuracy costs",
        "How latencies spread",
        "All cases",
        "What is missing or unsettled, and why",
        "Where it ran",
        "How it was measured",
        "Raw rows",
    ]
    counts = dict(zip(page.find("dt")[:6], page.find("dd"), strict=False))
    assert (counts["cases"], counts["measured"], counts["skipped"]) == ("17", "13", "1")
    text = " ".join(page.find("main"))
    assert "worker died: signal 11 (SIGSEGV)" in text
    assert "avx2, avx512_vnni" in text
    assert "2026-11-23 16:00:00 UTC" in text
    assert "host-onnxruntime: threads 1, 2" in page.find("span")
    assert "2 of 7 cases are on the front" in text


def test_every_number_is_the_value_rounded(examples: SimpleNamespace) -> None:
    rows = examples.sweep_rows()
    page = examples.Page(page_of(examples, rows))
    shown = iter(
        page.inside[index]
        for index, (tag, attributes) in enumerate(page.elements)
        if tag == "td"
        and "data-sort" in attributes
        and attributes.get("class", "").startswith("number")
    )
    for row in rows:
        accuracy, median, p90, bound = (next(shown) for _ in range(4))
        throughput, peak, size = (next(shown) for _ in range(3))
        assert size.endswith("KiB")
        assert float(size.split()[0]) == pytest.approx(row["size_bytes"] / 1024, 0.01)
        if row["latency_ms"] is None:
            unknown = (accuracy, median, p90, bound, throughput, peak)
            assert {cell[:3] for cell in unknown} == {"n/a"}
            continue
        for text, (value, low, high) in (
            (median, (row["latency_ms"]["median"], *row["latency_ms"]["median_ci95"])),
            (accuracy, (row["accuracy"]["value"], *row["accuracy"]["ci95"])),
        ):
            half = Decimal(max(value - low, high - value))
            places = 1 - half.adjusted()
            rounded = [f"{x:.{places}f}" for x in (value, low, high)]
            assert text.startswith(rounded[0])
            assert f"[{rounded[1]}, {rounded[2]}]" in text
        places = 2 - Decimal(row["latency_ms"]["p90"]).adjusted()
        assert p90 == f"{row['latency_ms']['p90']:.{places}f}"
        assert bound == "0.917"
        assert throughput == f"{row['throughput_per_s']:.0f}"
        assert peak.startswith("58.5 MiB")
    assert next(shown, None) is None


def test_unknown_values_lead_to_their_reason(
    html: str, examples: SimpleNamespace
) -> None:
    page = examples.Page(html)
    notes = {
        attributes["id"]: page.inside[index]
        for index, (tag, attributes) in enumerate(page.elements)
        if tag == "li" and "id" in attributes
    }
    links = [g for tag, g in page.elements if tag == "a" and "title" in g]
    assert len(links) == 15
    for link in links:
        assert notes[link["href"].removeprefix("#")] == link["title"]


def test_the_rows_are_embedded_whole(examples: SimpleNamespace) -> None:
    rows = [*examples.sweep_rows(), examples.measured_row(variant=HOSTILE + "\u2028")]
    assert embedded(examples.Page(page_of(examples, rows))) == rows


def test_nothing_is_fetched_or_run_but_what_the_policy_allows(
    html: str, examples: SimpleNamespace
) -> None:
    page = examples.Page(html)
    policies = [g["content"] for _, g in page.elements if "http-equiv" in g]
    assert len(policies) == 1
    hashes = [f"'{digest(text)}'" for text in scripts(page)]
    assert len(hashes) == 3
    assert f"script-src {' '.join(hashes)};" in policies[0]
    assert f"style-src '{digest(page.find('style')[0])}';" in policies[0]
    assert len(page.find("style")) == 1
    assert policies[0].startswith("default-src 'none'; ")
    assert "unsafe" not in policies[0]
    own = html.replace(bundle(), "")
    assert len(own) < len(html)
    assert not re.search(r"https?://|@import|url\((?!#)", own)
    for tag, attributes in page.elements:
        assert tag not in {"link", "img", "iframe", "object", "embed", "base", "form"}
        for name, value in attributes.items():
            assert name != "style"
            assert not name.startswith("on")
            if name in ("href", "src", "xlink:href"):
                assert (value or "").startswith("#")


def digest(text: str) -> str:
    hashed = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(hashed).decode()}"


def test_ids_are_unique_and_links_resolve(html: str, examples: SimpleNamespace) -> None:
    page = examples.Page(html)
    ids = [given["id"] for _, given in page.elements if "id" in given]
    assert len(ids) == len(set(ids))
    targets = {g["href"][1:] for _, g in page.elements if "href" in g}
    targets |= set(re.findall(r"url\(#([^)]+)\)", html.replace(bundle(), "")))
    assert targets <= set(ids)


# Before a bracket, which options begin with, a line may break: it has an element.
TEXTS = st.text(st.characters(exclude_characters="["), max_size=40).map("x".__add__)


@settings(max_examples=10, deadline=None)
@given(name=st.sampled_from(NAMES), text=TEXTS)
@example(name="variant", text=HOSTILE)
@example(name="target", text=HOSTILE)
@example(name="model", text="x\x00\x1b\ud800\u202e")
@example(name="reason", text=HOSTILE * 50)
def test_names_are_inert(examples: SimpleNamespace, name: str, text: str) -> None:
    def page(value: str) -> Any:
        failed = examples.unmeasured_row("failed", "it died")
        return examples.Page(
            page_of(examples, [examples.measured_row(), failed | {name: value}])
        )

    hostile, plain = page(text), page("x")
    assert hostile.shape() == plain.shape()
    assert embedded(hostile)[1][name] == text


def test_titles_runs_and_environments_are_inert(examples: SimpleNamespace) -> None:
    def page(text: str) -> Any:
        row = examples.measured_row(environment=text)
        sweep = {
            "name": text,
            "profile": text,
            "models": [{"name": text, "variants": [text]}],
            "targets": [{"use": text, "settings": [{text: text}]}],
            "scenarios": [text],
            "batches": [text],
            "constraints": {text: 1.0},
        }
        runs = [dict.fromkeys(examples.runs[0], text) | {"sweep": sweep}]
        environments = {text: {text: {text: [text, text]}}}
        return examples.Page(
            render([row], title=text, runs=runs, environments=environments)
        )

    assert page(HOSTILE).shape() == page("x").shape()
    assert page("\ud800\x00\u202e").find("h1") == ["\\ud800\\x00\\u202e"]
    assert page(HOSTILE).find("h1") == [" ".join(HOSTILE.split())]


def test_hostile_metrics_are_inert(examples: SimpleNamespace) -> None:
    row = examples.measured_row(
        evidence=HOSTILE, status="ok", throttled=HOSTILE, size_bytes=HOSTILE
    )
    row["accuracy"] |= {"metric": HOSTILE, "n": HOSTILE}
    row["memory"] |= {"scope": HOSTILE}
    page = examples.Page(page_of(examples, [row]))
    tags = {tag for tag, _ in page.elements}
    assert "img" not in tags
    assert sum(tag == "script" for tag, _ in page.elements) == 6


def test_equal_input_gives_equal_bytes(html: str) -> None:
    program = (
        "import runpy, sys; from types import SimpleNamespace as S\n"
        "from tierbench.reports.page import render\n"
        "e = S(**runpy.run_path(sys.argv[1]))\n"
        "rows = [*e.sweep_rows(), e.projected_row()]\n"
        "page = render(rows, title='t', runs=e.RUNS, environments=e.ENVIRONMENTS,"
        " distributions=e.histograms(rows))\n"
        "sys.stdout.buffer.write(page.encode())\n"
    )
    support = os.path.join(os.path.dirname(__file__), "../support/report_rows.py")
    done = subprocess.run(
        [sys.executable, "-c", program, support],
        env={**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"},
        capture_output=True,
        check=True,
    )
    assert done.stdout == html.encode()


def test_no_rows_say_what_to_do_next(examples: SimpleNamespace) -> None:
    page = examples.Page(render([], title="t"))
    assert page.find("h2") == ["There is nothing to report yet"]
    assert "tierbench demo" in page.find("code")
    assert embedded(page) == []
    assert len(scripts(page)) == 1, "nothing to draw needs no drawing"


def test_one_row_makes_a_page(examples: SimpleNamespace) -> None:
    page = examples.Page(page_of(examples, [examples.measured_row()]))
    assert len(page.find("svg", class_="chart")) == 3
    assert "defect / fp32" in " ".join(page.find("tbody"))


def test_only_unmeasured_rows_make_a_page(examples: SimpleNamespace) -> None:
    row = examples.unmeasured_row("skipped", "no kernel")
    page = examples.Page(page_of(examples, [row | {"size_bytes": None}]))
    assert "nothing can be called fastest" in " ".join(page.find("header"))
    assert "no kernel" in " ".join(page.find("ul"))


def test_two_hundred_rows_stay_below_5_mb(examples: SimpleNamespace) -> None:
    rows = [
        examples.measured_row(
            variant=f"v{n % 5}",
            target=f"t{n // 5 % 4}",
            batch=n // 20 % 5,
            model=n // 100,
            case_key=str(n),
        )
        for n in range(200)
    ]
    html = page_of(examples, rows)
    assert len(html.encode()) <= 5_000_000
    page = examples.Page(html)
    assert len(page.find("svg", class_="chart")) == 30
    assert len(embedded(page)) == 200


def test_every_row_can_be_pointed_at(html: str, examples: SimpleNamespace) -> None:
    page = examples.Page(html)
    ids = {given.get("id") for tag, given in page.elements if tag == "tr"}
    points = embedded(page, "chart")["spec"]["datasets"]["points"]
    assert {f"case-{point['row']}" for point in points} <= ids
    assert len(ids - {None}) == len(embedded(page))


def test_distributions_are_embedded_and_described(
    html: str, examples: SimpleNamespace
) -> None:
    page = examples.Page(html)
    rows = embedded(page)
    assert embedded(page, "distributions") == {
        key: json.loads(json.dumps(asdict(histogram)))
        for key, histogram in examples.histograms(rows).items()
    }
    strips = [
        given["aria-label"]
        for _, given in page.elements
        if str(given.get("class")).startswith("strip ")
    ]
    assert any("median 0.6180, p90 0.705, p99 n/a; 100 calls" in s for s in strips)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), object()])
def test_rows_that_are_not_json_are_refused(
    examples: SimpleNamespace, bad: object
) -> None:
    with pytest.raises(InputError, match="not JSON"):
        page_of(examples, [examples.measured_row(n=bad)])
