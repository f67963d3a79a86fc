"""One trader's day in the Mini App, as Telegram opens it: from the market to the report of the week."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.accounts.init_data_maker import opened
from tests.browser.conftest import Reader
from tests.browser.people import a_week_of_trades, bars, faults, last_price
from tests.browser.stand import answering
from tests.browser.test_mini_app import PHONE, TELEGRAM, a_trade
from traderai.common import clock

pytestmark = pytest.mark.browser
IN_RUSSIAN = {"locale": "ru-RU", "color_scheme": "dark", "viewport": PHONE}
WEEK = "traded_at;secid;side;qty;qty_unit;price"


def main_button(page: Page, words: str) -> None:
    """Press Telegram's own button; it says what it does, as soon as the screen has said so to Telegram."""
    page.wait_for_function(
        """words => {
            const shown = window.posted.filter(([kind]) => kind === "web_app_setup_main_button").at(-1)?.[1];
            return shown && shown.is_visible && shown.is_active && shown.text.includes(words);
        }""",
        arg=words,
    )
    page.evaluate("window.Telegram.WebView.receiveEvent('main_button_pressed')")


def judged(reader: Reader) -> None:
    """Wait for the verdict; a slow machine's worker answers when it is asked once more."""
    for _ in range(8):
        reader.page.wait_for_selector(".round-end, main [role=alert]", timeout=30_000)
        if reader.page.locator(".round-end").count():
            break
        main_button(reader.page, "Отправить ещё раз")
        reader.page.wait_for_timeout(2000)
    expect(reader.page.locator(".round-end")).to_be_visible()
    # The browser's own line about an answer that was not there yet.
    reader.complaints[:] = [said for said in reader.complaints if "Failed to load resource" not in said]


def tab(page: Page, name: str) -> None:
    page.get_by_role("navigation", name="Экраны").get_by_role("link", name=name).click()


def write(page: Page, path: str, body: dict) -> dict:
    """Ask as the page does, with its token."""
    answer: dict = page.evaluate(
        """async ([path, body]) => {
            const headers = { "Content-Type": "application/json", Authorization: `Token ${sessionStorage["traderai.token"]}` };
            const answer = await fetch(`/api/v1${path}`, { method: "POST", headers, body: JSON.stringify(body) });
            return { status: answer.status, ...(await answer.json()) };
        }""",
        [path, body],
    )
    assert answer["status"] in (200, 201), answer
    return answer


def looks(reader: Reader, step: str, *, full: bool = True) -> None:
    reader.screenshot(f"journey-{step}", full=full)
    assert faults(reader) == [], step


@pytest.mark.parametrize("reader", [IN_RUSSIAN], indirect=True, ids=["ru"])
def test_a_traders_day(reader: Reader, tmp_path: Path):
    reader.page.add_init_script(TELEGRAM)
    now = clock.now()
    signed = opened(7100, at_s=int((now - timedelta(seconds=5)).timestamp()), language_code="ru")
    page = reader.open(f"/app/#tgWebAppVersion=8.0&tgWebAppData={quote(signed, safe='')}", ".tile")
    looks(reader, "1-market")

    call = a_trade(reader, "BUY")
    page.locator(".tile", has_text=call["secid"]).click()
    page.wait_for_selector(".call-up")
    page.wait_for_selector(".chart canvas")
    page.get_by_role("button", name="В избранное").click()
    expect(page.locator(".toast").last).to_contain_text("в избранном")
    looks(reader, "2-share")

    page.get_by_role("link", name="Добавить позицию").click()
    expect(page.get_by_role("combobox", name="Акция")).to_have_value(re.compile(call["secid"]))
    page.get_by_label("Количество").fill("50")
    page.get_by_label("Средняя цена акции").fill(str(last_price(reader, call["secid"])).replace(".", ","))
    looks(reader, "3-position", full=False)
    main_button(page, "Сохранить")
    expect(page.locator(".row-position")).to_have_count(1)
    assert "add=" not in page.url
    looks(reader, "4-portfolio")

    tab(page, "Рынок")
    page.locator(".tile", has_text=call["secid"]).click()
    page.wait_for_selector(".call-up")
    main_button(page, "Проверить сделку")
    expect(page.get_by_role("combobox", name="Акция")).to_have_value(re.compile(call["secid"]))
    page.get_by_label("Количество").fill("100000")
    expect(page.locator(".check-verdict")).to_contain_text("Осторожно")
    looks(reader, "5-check")

    with answering(reader.site.rows, tmp_path / "ondemand.log"):
        tab(page, "Игра")
        page.wait_for_selector(".board")
        main_button(page, "Начать раунд")
        page.get_by_role("button", name=re.compile("^Держать")).click()
        looks(reader, "6-round", full=False)
        main_button(page, "Держать")
        judged(reader)
    looks(reader, "7-told")

    account = write(page, "/accounts", {"kind": "real", "name": "Неделя", "capital": 1_000_000})
    week = a_week_of_trades(bars(reader, "SIM07"), 1, 100)
    write(page, "/actions/import", {"account_id": account["id"], "content": f"{WEEK}\n{week}"})
    tab(page, "Тренер")
    page.get_by_role("button", name="Неделя").click()
    page.wait_for_selector(".score")
    looks(reader, "8-week")
    # Inside Telegram the page to print opens outside, where nobody is signed in.
    with page.expect_response("**/user_weekly_report**"):
        page.get_by_role("link", name="Страница для печати").click()
    page.wait_for_function("() => window.posted.at(-1)?.[0] === 'web_app_open_link'")
    outside = reader.context.browser.new_context()
    assert outside.request.get(page.evaluate("window.posted.at(-1)[1].url"), max_redirects=0).ok
    outside.close()
