"""A served site with real rows and a real Chromium, both once for all browser tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.browser.stand import CHROMIUM, FLAGS, ROOT, Filled, Site, filled, served

SCREENSHOTS = Path(os.environ.get("TRADERAI_SCREENSHOT_DIR") or ROOT / ".state" / "screenshots")
TABS = """place => {
  if (innerWidth < 960) document.querySelectorAll('.tabs').forEach(one => { one.style.position = place })
  document.body.style.position = place && 'relative'
}"""
STILL = "Promise.all(document.getAnimations().map(one => one.effect.getTiming().iterations === Infinity || one.finished))"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs a browser where there is none, with a message."""
    if Path(CHROMIUM).exists():
        return
    skip = pytest.mark.skip(reason=f"no browser at {CHROMIUM}")
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(skip)


@pytest.fixture(scope="session")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    """The simulated shares, the replayed ones and their calls, made once for all that serve them."""
    with filled(tmp_path_factory.mktemp("rows")) as made:
        yield made


@pytest.fixture(scope="session")
def site(rows: Filled, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server of them."""
    with served(rows, tmp_path_factory.mktemp("site")) as result:
        yield result


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """A Chromium; it ends with this package, because Django refuses to work beside a running event loop."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@dataclass
class Reader:
    """One page with what its console said."""

    site: Site
    context: BrowserContext
    page: Page
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str, wait_for: str) -> Page:
        self.page.goto(self.site.address + path)
        self.page.wait_for_selector(wait_for, timeout=15_000)
        return self.page

    def screenshot(self, name: str, *, full: bool = True) -> Path:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        file = SCREENSHOTS / f"{name}.png"
        self.page.evaluate(STILL)
        self.page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        # In a picture of the whole page the tabs belong to its end; at the window's edge they would lie over its middle.
        if full:
            self.page.evaluate(TABS, "absolute")
        self.page.screenshot(path=file, full_page=full)
        if full:
            self.page.evaluate(TABS, "")
        return file

    def findings(self) -> list[str]:
        """Return what axe calls serious or critical."""
        violations = Axe().run(self.page, options={"resultTypes": ["violations"]}).response["violations"]
        return [
            f"{item['id']}: {item['nodes'][0]['html'][:160]}"
            for item in violations
            if item["impact"] in ("serious", "critical")
        ]


@pytest.fixture
def reader(site: Site, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Reader]:
    """A phone in English and dark, unless the test's parameter says otherwise."""
    options: dict[str, Any] = {
        "locale": "en-US", "color_scheme": "dark", "viewport": {"width": 390, "height": 844},
    }  # fmt: skip
    options |= getattr(request, "param", None) or {}
    context = browser.new_context(**options, reduced_motion="reduce")
    result = Reader(site=site, context=context, page=context.new_page())
    result.page.on(
        "console",
        lambda said: result.complaints.append(said.text) if said.type in ("error", "warning") else None,
    )
    result.page.on("pageerror", lambda error: result.complaints.append(str(error)))
    yield result
    context.close()
