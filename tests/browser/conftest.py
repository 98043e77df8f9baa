"""A browser that is cut off from everything but the page, and tells all it hears."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.components import missing
from support.report_rows import EXAMPLES

from tierbench.reports.page import render

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
LISTEN = """
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`policy: ${event.violatedDirective} ${event.sample}`);
});
"""

DRAWN = """async () => {
  const { view } = document.querySelector("#drawing");
  await view.runAsync();
  return (SCRIPT)(view);
}"""


@pytest.fixture(scope="session")
def examples() -> SimpleNamespace:
    """Return the makers of rows, runs and environments, and the parser."""
    return EXAMPLES


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Return a headless Chromium of this machine."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as exc:
        missing("browser", f"playwright cannot be imported: {exc}")
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        missing("browser", f"no Chromium is installed; looked for {', '.join(NAMES)}")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=path, args=["--disable-gpu"]
        )
        yield started
        started.close()


@dataclass
class Opened:
    """A page in a tab; ``heard`` are its complaints and the addresses it asked for."""

    tab: Any
    heard: list[str] = field(default_factory=list)

    def drawn(self, script: str) -> Any:
        """Return what a script says of ``view`` once all is drawn."""
        return self.tab.evaluate(DRAWN.replace("SCRIPT", script))


@pytest.fixture
def open_page(browser: Any, tmp_path: Path) -> Iterator[Any]:
    """Return what opens a page; after the test the page must have been quiet."""
    pages = []

    def open_it(
        html: str,
        width: int = 1280,
        *,
        scheme: str = "light",
        scripts: bool = True,
    ) -> Opened:
        file = tmp_path / f"page{len(pages)}.html"
        file.write_text(html, encoding="utf-8")
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            java_script_enabled=scripts,
            offline=True,
        )
        opened = Opened(tab=context.new_page())
        pages.append((context, opened))
        watch(opened, file.as_uri())
        if scripts:
            opened.tab.add_init_script(LISTEN)
        opened.tab.goto(file.as_uri())
        if scripts:
            opened.tab.wait_for_selector(".live #drawing svg", timeout=30_000)
        return opened

    yield open_it
    for context, opened in pages:
        context.close()
        assert opened.heard == []


def watch(opened: Opened, own: str) -> None:
    """Write down what a page must not do; stop what it asks for from elsewhere."""

    def asked(route: Any) -> None:
        if route.request.url.partition("#")[0] == own:
            route.continue_()
        else:
            opened.heard.append(f"asked for {route.request.url}")
            route.abort()

    def said(message: Any) -> None:
        if message.type in ("error", "warning"):
            opened.heard.append(f"{message.type}: {message.text}")

    def requested(request: Any) -> None:
        if request.url.partition("#")[0] != own:
            opened.heard.append(f"requested {request.url}")

    opened.tab.route("**/*", asked)
    opened.tab.on("request", requested)
    opened.tab.on("console", said)
    opened.tab.on("pageerror", lambda error: opened.heard.append(f"threw {error}"))
    opened.tab.on("dialog", lambda dialog: opened.heard.append(dialog.message))


@pytest.fixture(scope="session")
def rows() -> list[dict[str, Any]]:
    """Return rows of two models, two scenarios and two kinds of evidence."""
    other = [row | {"model": "other"} for row in EXAMPLES.sweep_rows()[:4]]
    for row in other:
        row["accuracy"] = row["accuracy"] | {"metric": "mae", "value": 0.05}
    return [
        *EXAMPLES.sweep_rows(),
        *EXAMPLES.offline_rows(),
        EXAMPLES.projected_row(),
        *other,
        EXAMPLES.measured_row(model="untold", memory=None, memory_reason="untold"),
    ]


@pytest.fixture(scope="session")
def html(rows: list[dict[str, Any]]) -> str:
    """Return the page of ``rows``."""
    return render(
        rows,
        title="panel",
        runs=EXAMPLES.runs,
        environments=EXAMPLES.environments,
        distributions=EXAMPLES.histograms(rows),
    )
