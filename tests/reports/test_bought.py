"""What each technique bought, as a buyer reads it."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from support.variants import a_variant, chains, right_but, sides

from tierbench.harness.claims import findings
from tierbench.harness.gains import gains
from tierbench.reports.bought import (
    TITLES,
    Techniques,
    bought_tables,
    claim_table,
    uncompared_notes,
)
from tierbench.reports.page import render

HOSTILE = "<img src=x onerror=alert(1)>"

ENDS = "[\u22120.64, +0.38]"
"""Tango's interval of 1 sample won and 2 lost of 1,000, in points."""


def techniques(results) -> Techniques:
    found, missing = gains(sides(results))
    return Techniques(gains=found, uncompared=missing, claims=findings(found))


def pair(name: str = "int8", **changes) -> list:
    fp32 = a_variant("fp32", right_but(1, 2, 3), 1000.0, 400_000)
    given = {"right": right_but(1, 2, 4, 5), "latency_us": 500.0, "seed": 1}
    return [fp32, a_variant(name, **given | {"size_bytes": 100_000} | changes)]


@pytest.fixture(scope="module")
def page(examples: SimpleNamespace):
    """Return the page of variants made by every technique."""
    return examples.Page(
        render(examples.sweep_rows(), title="t", techniques=techniques(chains()))
    )


def test_sections_appear_only_with_rows(page, examples) -> None:
    heads = page.find("h2")
    assert "What each technique bought" in heads
    assert "What is often claimed, and whether it held here" in heads
    for nothing in (None, Techniques(), techniques(pair()[:1])):
        bare = render(examples.sweep_rows(), title="t", techniques=nothing)
        text = " ".join(examples.Page(bare).find("h2"))
        assert "technique" not in text
        assert "claimed" not in text


def test_a_line_tells_every_difference_with_its_interval() -> None:
    (table,) = bought_tables(techniques(pair()).gains)
    (line,) = table.lines
    assert (table.model, table.unit, table.has_macs) == ("defect", "points", False)
    assert (line.variant, line.against, line.place) == ("int8", "fp32", "sim")
    assert line.where == "single stream, batch\u00a01"
    assert line.size.text == "0.250\u00d7"
    assert line.latency.text == "0.499\u00d7"
    assert line.accuracy.text == "\u22120.10"
    assert line.accuracy.spread == ENDS
    assert line.accuracy.detail == "n\u00a0=\u00a01000, p\u00a0=\u00a01.000"
    assert line.verdict.text == "won"
    assert line.verdict.detail == "smaller, faster; accuracy kept within 1 point"


def test_no_difference_is_said_to_be_none() -> None:
    (table,) = bought_tables(
        techniques(pair(latency_us=1000.0, size_bytes=400_000)).gains
    )
    verdict = table.lines[0].verdict
    assert (verdict.text, verdict.detail) == ("cannot be told", "no difference shown")


def test_controls_are_told_apart_by_what_they_leave_out(page) -> None:
    text = " ".join(page.find("section", class_="bought"))
    assert "against int4 (without training)" in text
    assert "against finetune > int4 (as much training)" in text
    assert "3 seeds" in text
    assert "MACs" in page.find("th")


def test_one_seed_is_not_passed_for_the_technique() -> None:
    plain = a_variant("int4", right_but(*range(60)))
    trained = a_variant("qat(int4)", right_but(*range(10)), seed=1)
    found = techniques([plain, trained])
    (line,) = bought_tables(found.gains)[0].lines
    assert "1 seed: of these files, not of the technique" in line.accuracy.detail
    (row,) = claim_table(found.claims).rows
    assert row[2][0][0].text == "cannot be told"
    assert "1 of 3 seeds" in row[2][0][0].detail


def test_what_was_not_compared_is_named_once_with_its_places(examples) -> None:
    lone = techniques([a_variant("qat(int4)", right_but(1))])
    assert uncompared_notes([*lone.uncompared, *lone.uncompared]) == [
        ("defect / qat(int4)", "its control int4 was not measured on sim"),
        ("defect / qat(int4)", "its control finetune > int4 was not measured on sim"),
    ]
    html = render(examples.sweep_rows(), title="t", techniques=lone)
    (section,) = examples.Page(html).find("section", class_="bought")
    assert "its control int4 was not measured on sim" in section
    assert "What is often claimed" not in html


def test_claims_stand_beside_what_was_measured() -> None:
    table = claim_table(techniques(pair(latency_us=400.0, size_bytes=160_000)).claims)
    ((model, place, (size, speed, loss)),) = table.rows
    assert (model, place) == ("defect", "sim")
    assert (size[0].text, size[0].spread) == ("did not hold", "40.0\u00a0%")
    assert speed[0].text == "held"
    assert speed[0].spread.startswith("2.5")
    assert loss[0].spread == f"\u22120.10\u00a0points {ENDS}"
    assert len(table.not_measured) == 2
    assert {*table.heads, *table.not_measured} == set(TITLES.values())


def test_without_anything_measured_there_is_no_claim() -> None:
    assert claim_table([]) is None


def test_errors_are_told_in_their_own_unit() -> None:
    errors = np.random.default_rng(0).exponential(2.0, 300)
    fp32 = a_variant("fp32", errors)
    (table,) = bought_tables(
        techniques([fp32, a_variant("int8", errors + 0.1, seed=1)]).gains
    )
    assert table.unit == "mae"
    assert table.lines[0].accuracy.text.startswith("+0.1")


def test_what_is_no_measurement_says_so() -> None:
    made = [replace(result, evidence="SIMULATED") for result in pair()]
    found = techniques(made)
    assert bought_tables(found.gains)[0].lines[0].where.endswith(", simulated")
    assert claim_table(found.claims).rows[0][1] == "sim, simulated"


def test_names_are_shown_and_never_interpreted(examples) -> None:
    made = [
        a_variant(name, right_but(1), model=HOSTILE, seed=at)
        for at, name in enumerate(("fp32", "int8", "qat(int4)"))
    ]
    html = render(examples.sweep_rows(), title="t", techniques=techniques(made))
    assert HOSTILE not in html
    (section,) = examples.Page(html).find("section", class_="bought")
    assert HOSTILE in section


def test_the_page_holds_what_it_shows_as_json(page) -> None:
    (text,) = page.find("script", type="application/json", id="techniques")
    found = json.loads(text)
    assert set(found) == {"gains", "uncompared", "claims"}
    assert len(found["gains"]) == 15
    one = next(g for g in found["gains"] if g["variant"] == "qat(int4)")
    assert one["accuracy"]["interval"]["confidence"] == 0.95
    assert one["latency"]["interval"]["confidence"] == 0.95
    assert {"claim", "verdict", "value", "low", "high"} <= set(found["claims"][0])
