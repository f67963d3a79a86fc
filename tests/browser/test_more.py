"""The last tab as people use it: settings, their own data, the way in by Telegram and the way out."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.accounts.init_data_maker import opened
from tests.browser.conftest import Reader
from tests.browser.test_mini_app import LOOKS, a_trade, look_name
from traderai.common import clock

pytestmark = pytest.mark.browser


def profile(reader: Reader) -> dict[str, Any]:
    answer = reader.context.request.get(f"{reader.site.address}/api/v1/me")
    assert answer.ok
    return dict(answer.json())


def saved(page: Page) -> None:
    expect(page.locator(".toast").last).to_contain_text("Saved")


@pytest.mark.parametrize("reader", [LOOKS[0], LOOKS[3], LOOKS[4], LOOKS[5]], indirect=True, ids=look_name)
def test_everything_is_at_hand(reader: Reader, request: pytest.FixtureRequest):
    page = reader.open("/app/?tab=more", "#capital")
    reader.screenshot(f"more-{request.node.callspec.id}")
    assert reader.findings() == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"
    page.locator(".menu-item").first.click()
    page.wait_for_selector(".about-model")
    reader.screenshot(f"more-models-{request.node.callspec.id}", full=False)
    assert reader.findings() == [] and reader.complaints == []


def test_settings_are_kept_and_a_wrong_one_changes_nothing(reader: Reader):
    page = reader.open("/app/?tab=more", "#capital")
    before = profile(reader)
    page.get_by_label("Capital").fill("a lot")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#capital-error")).to_contain_text("above 0")
    assert profile(reader) == before
    page.get_by_label("Capital").fill("500,000")
    page.get_by_role("button", name="Save").click()
    saved(page)
    page.get_by_role("button", name="Cautious").click()
    expect(page.locator("main")).to_contain_text("no shorts")
    page.get_by_label("Time zone").select_option("Asia/Omsk")
    page.get_by_role("switch", name="Weekly report").click()
    page.wait_for_function("document.querySelectorAll('.toast').length > 0")
    page.get_by_role("button", name="Русский").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ещё")
    expect(page.locator("#capital")).to_have_value("500\u00a0000")
    page.wait_for_load_state("networkidle")
    after = profile(reader)
    assert (after["capital_rub"], after["risk_profile"], after["time_zone"], after["language"]) == (
        500_000, "cautious", "Asia/Omsk", "ru",
    )  # fmt: skip
    assert after["notifications"]["weekly_report"] is not before["notifications"]["weekly_report"]
    # The size of a trade follows from the capital.
    page = reader.open(f"/app/?ticker={a_trade(reader)['secid']}&horizon=5d", ".call")
    expect(page.locator(".call")).to_contain_text("Размер позиции")
    reader.screenshot("ticker-sized-ru")
    page = reader.open("/app/?tab=more", "#capital")
    page.locator("#capital").fill("")
    page.get_by_role("button", name="Сохранить").click()
    expect(page.locator(".toast").last).to_contain_text("Сохранено")
    assert profile(reader)["capital_rub"] is None
    assert reader.complaints == []


def by_telegram(reader: Reader, telegram_id: int) -> Page:
    """Open the app as Telegram does for somebody who has just tapped the bot's button."""
    signed = opened(
        telegram_id, at_s=int(clock.now().timestamp()), language_code="en", username=f"anna{telegram_id}"
    )
    return reader.open(
        f"/app/?tab=more#tgWebAppVersion=8.0&tgWebAppData={quote(signed, safe='')}", "#capital"
    )


def test_telegram_signs_in_and_all_data_can_be_taken_and_deleted(reader: Reader):
    asked: list[str] = []
    reader.page.on("request", lambda request: asked.append(request.url))
    page = by_telegram(reader, 7001)
    expect(page.locator(".who")).to_contain_text("linked with Telegram")
    name = page.locator(".who b").inner_text()
    assert name != "trader"
    assert (
        page.evaluate(
            "Object.values(localStorage).concat(document.cookie).join().includes(sessionStorage['traderai.token'])"
        )
        is False
    )
    page.reload()
    page.wait_for_selector("#capital")
    assert sum(url.endswith("/auth/telegram") for url in asked) == 1, "initData works only once"
    reader.screenshot("more-telegram")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    held = json.loads(download.value.path().read_text("utf-8"))
    assert held["account"]["username"] == name
    assert json.loads(page.locator(".export-text").input_value()) == held
    page.get_by_role("button", name="Copy").click()
    expect(page.locator(".toast")).to_contain_text("Copied")
    page.get_by_role("button", name="Delete everything").click()
    page.get_by_label("To confirm").fill("somebody else")
    page.get_by_role("button", name="Delete for ever").click()
    expect(page.locator("#confirm-error")).to_contain_text(name)
    reader.screenshot("more-delete", full=False)
    assert reader.findings() == []
    page.get_by_label("To confirm").fill(name)
    page.get_by_role("button", name="Delete for ever").click()
    expect(page.get_by_role("heading", name="Your data are deleted")).to_be_visible()
    assert page.evaluate("sessionStorage['traderai.token']") is None
    assert reader.complaints == []


def test_a_token_that_is_no_more_asks_for_telegram_again(reader: Reader):
    page = by_telegram(reader, 7002)
    page.evaluate("sessionStorage['traderai.token'] = 'ended'")
    page.reload()
    expect(page.get_by_role("heading", name="Your session has ended")).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("open it again from the chat")
    reader.screenshot("session-ended-telegram", full=False)
    assert reader.findings() == []


def test_who_signed_in_by_password_can_sign_out(reader: Reader):
    page = reader.open("/app/login/?next=/app/%3Ftab%3Dmore", "#id_password")
    page.locator("#id_username").fill("admin")
    page.locator("#id_password").fill(reader.site.staff_password)
    page.locator("button[type=submit]").click()
    page.wait_for_selector(".who")
    expect(page.locator(".who")).to_contain_text("admin")
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("#id_password")).to_be_visible()
    assert not any(cookie["name"] == "sessionid" for cookie in reader.context.cookies())
