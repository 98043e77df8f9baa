"""The page in a browser: offline, quiet, and whole without scripts."""

from types import SimpleNamespace
from typing import Any

import pytest

from tierbench.reports.page import render

HOSTILE = "\"'><img src=x onerror=alert(1)></script><script>alert(2)</script>{{7*7}}"


@pytest.mark.parametrize(
    ("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light")]
)
def test_the_page_fits_and_is_quiet(
    open_page: Any, html: str, width: int, scheme: str
) -> None:
    tab = open_page(html, width, scheme=scheme).tab
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.locator("#interactive").is_visible()
    assert not tab.locator(".static").is_visible()
    tab.locator("details").evaluate_all("(all) => all.forEach((d) => (d.open = true))")
    assert tab.locator(".strip").last.is_visible()
    assert tab.evaluate("document.documentElement.scrollWidth") <= width


def test_a_press_on_a_heading_sorts(open_page: Any, html: str) -> None:
    tab = open_page(html).tab
    heading = tab.locator("table.sortable thead button", has_text="Median latency")
    column = heading.evaluate("(node) => node.parentElement.cellIndex")

    def values() -> list[str]:
        return tab.evaluate(
            "(column) => [...document.querySelectorAll('table.sortable tbody tr')]"
            ".map((row) => row.cells[column].dataset.sort)",
            column,
        )

    original = values()
    known = [float(value) for value in original if value]
    heading.click()
    up = values()
    assert [float(value) for value in up if value] == sorted(known)
    assert not any(up[len(known) :]), "unknown values stay last"
    heading.click()
    down = values()
    assert [float(v) for v in down if v] == sorted(known, reverse=True)
    heading.click()
    assert values() == original


def test_without_scripts_the_static_charts_are_there(open_page: Any, html: str) -> None:
    tab = open_page(html, scripts=False).tab
    assert tab.locator(".static .chart").first.is_visible()
    assert not tab.locator("#interactive").is_visible()
    assert tab.locator("table.sortable tbody tr").first.is_visible()


def test_print_shows_the_static_charts_and_every_strip(
    open_page: Any, html: str
) -> None:
    tab = open_page(html).tab
    tab.emulate_media(media="print")
    assert tab.locator(".static .chart").first.is_visible()
    assert not tab.locator("#interactive").is_visible()
    assert tab.pdf(prefer_css_page_size=True).startswith(b"%PDF")


def test_print_leaves_no_button_in_a_heading_and_screens_get_it_back(
    open_page: Any, html: str
) -> None:
    tab = open_page(html).tab
    buttons = tab.locator("table.sortable thead button")
    before = buttons.all_inner_texts()
    tab.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert buttons.count() == 0
    tab.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert buttons.all_inner_texts() == before != []


@pytest.mark.parametrize("name", ["variant", "target", "model", "place", "device"])
def test_hostile_names_stay_names(
    open_page: Any, examples: SimpleNamespace, name: str
) -> None:
    rows = [examples.measured_row(), examples.measured_row(**{name: HOSTILE})]
    rows[1]["accuracy"] = rows[1]["accuracy"] | {"metric": HOSTILE}
    html = render(
        rows,
        title=HOSTILE,
        runs=examples.runs,
        environments=examples.environments,
        distributions=examples.histograms(rows),
    )
    opened = open_page(html)
    opened.drawn("() => 0")
    assert opened.tab.locator("h1").text_content() == HOSTILE
    assert opened.tab.locator("img").count() == 0
    mark = opened.tab.locator("#drawing .cases_marks path").last
    mark.hover(force=True)
    opened.tab.locator("#tip").wait_for(state="visible")
    assert opened.tab.locator("#tip :not(p)").count() == 0
