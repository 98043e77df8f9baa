"""The interactive figure in a browser: it draws the embedded rows, and only those."""

import json
import math
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tierbench.reports.metrics import read
from tierbench.reports.pareto import State, costs, fronts, states

MARKS = """(view) => {
  const place = (node) => {
    const moved = node.getAttribute("transform");
    const [, x, y] = /translate\\(([^,]+),([^)]+)\\)/.exec(moved);
    return [Number(x), Number(y)];
  };
  const nodes = (name) => [...document.querySelectorAll(`#drawing .${name} > *`)];
  const at = (name, value) => view.scale(name)(value);
  const cases = nodes("cases_marks").map((node) => {
    const { datum } = node.__data__;
    return {
      datum,
      label: node.getAttribute("aria-label"),
      drawn: place(node),
      scaled: [at("x", datum.x), at("y", datum.y)],
    };
  });
  const bars = ["x", "y"].flatMap((axis, index) =>
    nodes(`intervals_${axis}_marks`).map((node) => {
      const { datum } = node.__data__;
      const start = place(node)[index];
      return {
        row: datum.row,
        axis,
        drawn: [start, start + Number(node.getAttribute(`${axis}2`))],
        scaled: [at(axis, datum[`${axis}_low`]), at(axis, datum[`${axis}_high`])],
      };
    }),
  );
  const lines = nodes("fronts_marks").map((node) => node.getAttribute("d"));
  const links = [...document.querySelectorAll("#front a")].map((a) => a.hash);
  const domains = { x: view.scale("x").domain(), y: view.scale("y").domain() };
  return { cases, bars, lines, links, domains };
}"""


def choices(tab: Any) -> Iterator[tuple[str, str, int]]:
    """Make every choice of model, workload and cost; yield it."""
    models = tab.locator("#pick-model option").all_text_contents()
    for model in models:
        tab.select_option("#pick-model", label=model)
        for work in tab.locator("#pick-workload option").all_text_contents():
            if tab.locator("#pick-workload").is_visible():
                tab.select_option("#pick-workload", label=work)
            for cost in range(3):
                tab.locator("#pick-cost button").nth(cost).click()
                yield model, work, cost


def chosen(rows: list[dict[str, Any]], model: str, work: str) -> list[int]:
    """Return the places of the rows of a choice."""
    scenario, batch = re.fullmatch(r"(.*), batch\s(\d+)", work).groups()
    asked = (model, scenario.replace(" ", "_"), int(batch))
    return [
        place
        for place, row in enumerate(rows)
        if (row["model"], row["scenario"], row["batch"]) == asked
    ]


def test_every_choice_draws_the_embedded_rows(
    open_page: Any, html: str, rows: list[dict[str, Any]]
) -> None:
    opened = open_page(html)
    embedded = json.loads(opened.tab.locator("#rows").text_content())
    assert embedded == rows
    standing = states(fronts(rows))
    seen = set()
    for model, work, number in choices(opened.tab):
        drawn = opened.drawn(MARKS)
        known = {}
        for place in chosen(rows, model, work):
            cost = costs(rows[place])[number]
            pair = cost.of(rows[place]), read(rows[place], "accuracy", "value")
            if None not in (pair[0].value, pair[1].value):
                known[place] = (cost, *pair)
        if not known:
            assert opened.tab.locator("#no-points").is_visible()
            assert not opened.tab.locator("#drawing").is_visible()
            continue
        assert {case["datum"]["row"] for case in drawn["cases"]} == set(known)
        assert len(drawn["cases"]) == len(known)
        for case in drawn["cases"]:
            check_case(case, *known[case["datum"]["row"]])
        check_bars(drawn, known)
        on_front = {
            place
            for place, (cost, *_) in known.items()
            if standing[place][cost.name] is State.FRONT
        }
        marked = {
            c["datum"]["row"] for c in drawn["cases"] if c["datum"]["state"] == "front"
        }
        assert marked == on_front
        assert {f"#case-{place}" for place in on_front} == set(drawn["links"])
        check_lines(drawn, on_front)
        seen.add((model, work, number))
    assert len(seen) == 2 * 2 * 3 + 2 * 3 + 2, "a choice was never made"


def check_case(case: dict[str, Any], cost: Any, x: Any, y: Any) -> None:
    datum = case["datum"]
    assert (datum["x"], datum["y"]) == (x.value, y.value)
    for axis, metric in (("x", x), ("y", y)):
        low, high = metric.interval or (None, None)
        assert (datum[f"{axis}_low"], datum[f"{axis}_high"]) == (low, high)
    assert case["drawn"] == pytest.approx(case["scaled"], abs=0.01)
    said = re.search(rf"{cost.title} ([\d.e+-]+)(?: ms| 1/s)?[ ,]", case["label"])
    if cost.unit:
        assert float(said[1]) == pytest.approx(x.value, rel=1e-5)
    else:
        count = re.search(r"\(([\d\u202f]+) bytes\)", case["label"])[1]
        assert float(count.replace("\u202f", "")) == x.value
    assert f" {y.value:.6g} [" in case["label"]


def check_bars(drawn: dict[str, Any], known: dict[int, Any]) -> None:
    bars = {(bar["row"], bar["axis"]): bar for bar in drawn["bars"]}
    assert set(bars) == {
        (place, axis)
        for place, (_, x, y) in known.items()
        for axis, metric in (("x", x), ("y", y))
        if metric.interval is not None
    }
    for (place, axis), bar in bars.items():
        assert sorted(bar["drawn"]) == pytest.approx(sorted(bar["scaled"]), abs=0.01)
        metric = known[place][1 if axis == "x" else 2]
        low, high = drawn["domains"][axis]
        assert low < metric.value < high


def check_lines(drawn: dict[str, Any], on_front: set[int]) -> None:
    """Check that the lines pass through the cases on the front."""
    corners = [
        (float(x), float(y))
        for line in drawn["lines"]
        for x, y in re.findall(r"(-?[\d.]+),(-?[\d.]+)", line)
    ]
    for case in drawn["cases"]:
        if case["datum"]["row"] in on_front:
            nearest = min(math.dist(case["drawn"], corner) for corner in corners)
            assert nearest < 0.01


def test_a_target_can_be_hidden(open_page: Any, html: str) -> None:
    opened = open_page(html)
    button = opened.tab.locator(".legend button").first
    before = opened.drawn(MARKS)["cases"]
    button.click()
    after = opened.drawn(MARKS)["cases"]
    assert button.get_attribute("aria-pressed") == "false"
    gone = {c["datum"]["row"] for c in before} - {c["datum"]["row"] for c in after}
    assert gone == {
        c["datum"]["row"] for c in before if "on host-onnxruntime" in c["datum"]["name"]
    }
    assert gone
    button.click()
    assert len(opened.drawn(MARKS)["cases"]) == len(before)


def test_a_case_tells_of_itself_and_leads_to_its_row(open_page: Any, html: str) -> None:
    opened = open_page(html)
    opened.drawn("() => 0")
    mark = opened.tab.locator("#drawing .cases_marks path").last  # drawn on top
    label = mark.get_attribute("aria-label")
    mark.hover(force=True)
    tip = opened.tab.locator("#tip")
    tip.wait_for(state="visible")
    name, *facts = tip.locator("p").all_text_contents()
    assert label == f"{name}: {', '.join(facts)}"
    row = mark.evaluate("(node) => node.__data__.datum.row")
    mark.click(force=True)
    assert opened.tab.url.endswith(f"#case-{row}")
    opened.tab.mouse.move(0, 0)
    tip.wait_for(state="hidden")


def test_colours_follow_the_theme(open_page: Any, html: str) -> None:
    script = """() => {
      const mark = document.querySelector("#drawing .cases_marks path");
      return getComputedStyle(mark).fill;
    }"""
    fills = {s: open_page(html, scheme=s).drawn(script) for s in ("light", "dark")}
    assert fills == {"light": "rgb(213, 94, 0)", "dark": "rgb(240, 129, 58)"}


def test_labels_do_not_cover_each_other(open_page: Any, html: str) -> None:
    script = """() => [...document.querySelectorAll("#drawing text")]
      .filter((node) => node.textContent && getComputedStyle(node).opacity !== "0")
      .filter((node) => node.closest(".labels, .front_labels"))
      .map((node) => node.getBoundingClientRect())
      .map(({ left, right, top, bottom }) => [left, right, top, bottom])"""
    boxes = open_page(html).drawn(script)
    assert len(boxes) > 2
    for index, (left, right, top, bottom) in enumerate(boxes):
        for other_left, other_right, other_top, other_bottom in boxes[index + 1 :]:
            wide = min(right, other_right) - max(left, other_left)
            high = min(bottom, other_bottom) - max(top, other_top)
            assert wide < 2 or high < 2
