"""What `make run` serves, in a real browser: the page, the document of the API and the admin."""

from __future__ import annotations

import shutil
import signal
import socket
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import SCREENSHOTS
from tests.browser.stand import Filled, Site, copied
from tests.up.processes import Running, command

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def state() -> Iterator[Path]:
    # Short, because the path of a socket may not be long, and where a service's own account can reach it.
    folder = Path(tempfile.mkdtemp(prefix="traderai-t-", dir="/var/tmp"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def candles_by_hand(rows: Filled, state: Path) -> Iterator[Filled]:
    """A filled database; the main job leaves such a one alone, so `up` serves at once."""
    with copied(rows, state, "run") as own:
        yield own


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_page_docs_and_admin_open(state: Path, candles_by_hand: Filled, browser: Browser):
    port = free_port()
    argv = command("up", "--state-dir", str(state), "--port", str(port))
    with Running(argv, mark=uuid.uuid4().hex, folder=state, **candles_by_hand.variables()) as running:
        running.until_said("Ctrl-C stops everything")
        address = f"http://127.0.0.1:{port}"
        look(
            browser,
            Site(address=address, staff_password=candles_by_hand.staff_password, rows=candles_by_hand),
        )
        running.popen.send_signal(signal.SIGINT)
        assert running.popen.wait(timeout=30) == 0, running.screen()


def look(browser: Browser, site: Site) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    context = browser.new_context(
        viewport={"width": 1280, "height": 800}, locale="en-US", reduced_motion="reduce"
    )
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.goto(f"{site.address}/app/")
    shares = page.request.get(f"{site.address}/api/v1/market_heatmap?horizon=5d").json()["results"]
    assert len(shares) > 12
    expect(page.locator(".tile")).to_have_count(len(shares))
    page.screenshot(path=SCREENSHOTS / "run-app.png")
    page.locator(".tile", has_text="SIM01").click()
    page.wait_for_selector(".chart canvas")
    page.screenshot(path=SCREENSHOTS / "run-ticker.png")
    page.goto(f"{site.address}/api/docs/")
    expect(page.locator("#operations-signals-analyze_ticker")).to_be_visible()
    page.screenshot(path=SCREENSHOTS / "run-docs.png")
    page.goto(f"{site.address}/admin/")
    page.fill("#id_username", "admin")
    page.fill("#id_password", site.staff_password)
    page.locator("button[type=submit]").first.click()
    page.wait_for_url("**/admin/")
    expect(page.locator("body")).to_contain_text("Signals")
    page.screenshot(path=SCREENSHOTS / "run-admin.png")
    context.close()
    assert errors == []
