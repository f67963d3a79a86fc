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
from tests.browser.stand import fill, own_database
from tests.up.processes import Running, command, environment

pytestmark = pytest.mark.browser

PASSWORD = "staff of this test only"


@pytest.fixture(scope="module")
def state() -> Iterator[Path]:
    # Short, because the path of a socket may not be long, and where a service's own account can reach it.
    folder = Path(tempfile.mkdtemp(prefix="traderai-t-", dir="/var/tmp"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def candles_by_hand(state: Path) -> Iterator[dict[str, str]]:
    """A filled database; the main job leaves such a one alone, so `up` serves at once."""
    with own_database("run") as url:
        surroundings = {
            "DATABASE_URL": url,
            "LAKE_URL": f"file://{state / 'lake'}",
            "STAFF_PASSWORD": PASSWORD,
        }
        fill(environment("filling", **surroundings), "--shares", "6", "--without-replay")
        yield surroundings


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_page_docs_and_admin_open(state: Path, candles_by_hand: dict[str, str], browser: Browser):
    port = free_port()
    argv = command("up", "--state-dir", str(state), "--port", str(port))
    with Running(argv, mark=uuid.uuid4().hex, folder=state, **candles_by_hand) as running:
        running.until_said("Ctrl-C stops everything")
        look(browser, f"http://127.0.0.1:{port}")
        running.popen.send_signal(signal.SIGINT)
        assert running.popen.wait(timeout=30) == 0, running.screen()


def look(browser: Browser, address: str) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    context = browser.new_context(
        viewport={"width": 1280, "height": 800}, locale="en-US", reduced_motion="reduce"
    )
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.goto(f"{address}/app/")
    expect(page.locator(".tile")).to_have_count(6)
    page.screenshot(path=SCREENSHOTS / "run-app.png")
    page.locator(".tile", has_text="SIM01").click()
    page.wait_for_selector(".chart canvas")
    page.screenshot(path=SCREENSHOTS / "run-ticker.png")
    page.goto(f"{address}/api/docs/")
    expect(page.locator("#operations-signals-analyze_ticker")).to_be_visible()
    page.screenshot(path=SCREENSHOTS / "run-docs.png")
    page.goto(f"{address}/admin/")
    page.fill("#id_username", "admin")
    page.fill("#id_password", PASSWORD)
    page.locator("button[type=submit]").first.click()
    page.wait_for_url("**/admin/")
    expect(page.locator("body")).to_contain_text("Signals")
    page.screenshot(path=SCREENSHOTS / "run-admin.png")
    context.close()
    assert errors == []
