"""Makes the README's pictures anew: `python manage.py with_services -- python -m tests.browser.document_screenshots`.

They show simulated shares only: no data of a real market may enter the repository.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.browser.stand import CHROMIUM, FLAGS, ROOT, filled, served

DOCS = ROOT / "traderai" / "docs"
LARGEST_BYTES = 150_000


def main() -> None:
    """Fill, serve, photograph; an oversized picture is an error."""
    with (
        tempfile.TemporaryDirectory() as folder,
        filled(Path(folder) / "rows", "--without-replay") as rows,
        served(rows, Path(folder)) as site,
        sync_playwright() as playwright,
    ):
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        look = {"locale": "en-US", "color_scheme": "dark", "reduced_motion": "reduce"}
        page = chromium.new_page(viewport={"width": 1200, "height": 880}, **look)
        page.goto(f"{site.address}/app/")
        page.wait_for_selector(".tile")
        keep(page, "screenshot_market.png")
        page.set_viewport_size({"width": 1200, "height": 800})
        rows = page.request.get(f"{site.address}/api/v1/market_heatmap").json()["results"]
        best = max((row for row in rows if row["signal"] == "BUY"), key=lambda row: row["confidence"])
        page.goto(f"{site.address}/app/?ticker={best['secid']}&horizon=5d")
        page.wait_for_selector(".call")
        page.wait_for_selector(".chart canvas")
        keep(page, "screenshot_ticker.png")
        chromium.close()


def keep(page: Page, name: str) -> None:
    page.wait_for_timeout(500)
    content = page.screenshot(path=DOCS / name)
    if len(content) > LARGEST_BYTES:
        raise SystemExit(f"{name} must stay under {LARGEST_BYTES} bytes, was {len(content)}")
    print(f"{name}: {len(content)} bytes")


if __name__ == "__main__":
    main()
