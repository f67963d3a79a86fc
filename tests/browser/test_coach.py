"""The coach as people use it: a check while one types, the report of a week, the journal."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Reader
from tests.browser.people import a_week_of_trades, asked, bars, faults, last_price, sign_in, told, week_before
from tests.browser.test_portfolio import RUSSIAN, SMALL, WIDE, plain, rub

pytestmark = pytest.mark.browser

HEAD = "traded_at;secid;side;qty;qty_unit;price"


@pytest.fixture
def trader(reader: Reader) -> Reader:
    """Clara with an account of a capital that is known, and four weeks of trades."""
    sign_in(reader, "clara")
    if not any(one["name"] == "Weeks" for one in asked(reader, "/accounts")["results"]):
        account = told(reader, "/accounts", {"kind": "real", "name": "Weeks", "capital": 1_000_000})
        candles = bars(reader, "SIM07")
        weeks = [a_week_of_trades(candles, weeks, 100 * (5 - weeks)) for weeks in (4, 3, 2, 1)]
        own = [bar for bar in candles if bar["begin"][:10] < week_before(4)[0].isoformat()][-36:]
        small = [f"{bar['begin']};SIM07;{'BUY' if at % 2 else 'SELL'};1;lots;{bar['close']}" for at, bar in enumerate(own, 1)]  # fmt: skip
        content = "\n".join([HEAD, *small, *weeks])
        report = told(reader, "/actions/import", {"account_id": account["id"], "content": content})
        assert (report["added"], report["problems"]) == (36 + 12, [])
    return reader


def fill_check(page: Page, secid: str, qty: str, **names: str) -> None:
    words = {"share": "Share", "qty": "Quantity"} | names
    page.get_by_role("combobox", name=words["share"]).fill(secid)
    page.get_by_role("combobox", name=words["share"]).press("Enter")
    page.get_by_label(words["qty"]).fill(qty)


def test_a_check_answers_while_one_types(trader: Reader):
    page = trader.open("/app/?tab=coach&view=check", ".state")
    expect(page.locator(".state")).to_contain_text("Check before you trade")
    fill_check(page, "SIM01", "2000")
    expect(page.locator(".check-verdict")).to_be_visible()
    assert page.locator("[aria-live=polite] .check-verdict").count() == 1
    stop = round(last_price(trader, "SIM01") * 0.9, 2)
    with page.expect_response(
        lambda one: "pre_trade_check" in one.url and str(stop) in one.request.post_data
    ) as got:
        page.get_by_label("Stop loss").fill(str(stop))
    answer = got.value.json()
    expect(page.locator(".check-verdict")).to_contain_text(
        f"{answer['loss_at_stop']['pct']:.2f} % of the capital"
    )
    shown = plain(page.locator(".check-verdict").inner_text())
    assert rub(-answer["loss_at_stop"]["rub"]) in shown and rub(-answer["loss_bad_case"]["rub"]) in shown
    assert f"{answer['sane_size']['lots']:,} lots" in shown and f"{answer['tilt']['score']} of 100" in shown
    assert answer["verdict_text"] in shown and answer["verdict"] != "ok"
    assert all(reason["text"] in shown for reason in answer["reasons"])
    trader.screenshot("coach-check-en-dark-390")
    assert faults(trader) == []
    page.get_by_role("button", name="use it").click()
    expect(page.get_by_label("Quantity")).to_have_value(str(answer["sane_size"]["lots"]))
    page.get_by_label("Quantity").fill("1,5")
    expect(page.get_by_role("alert")).to_contain_text("whole number")


def test_an_old_answer_never_overwrites_a_new_one(trader: Reader):
    page = trader.open("/app/?tab=coach&view=check&ticker=SIM02", "#check-qty")
    held = []
    page.route("**/api/v1/pre_trade_check", lambda route: held.append(route))
    page.get_by_label("Quantity").fill("10")
    page.wait_for_timeout(700)
    page.get_by_label("Quantity").fill("20")
    page.wait_for_timeout(700)
    assert len(held) == 2, "each pause in the typing asks once"
    held[1].continue_()
    expect(page.locator(".check-verdict")).to_contain_text("200 shares")
    try:
        held[0].continue_()
    except Exception as gone:  # the page has called its first question back
        assert "abort" in str(gone).lower() or "cancel" in str(gone).lower() or "handled" in str(gone).lower()
    page.wait_for_timeout(300)
    expect(page.locator(".check-verdict")).to_contain_text("200 shares")
    page.unroute("**/api/v1/pre_trade_check")
    page.get_by_role("combobox", name="Share").fill("SIM0X")
    page.get_by_role("combobox", name="Share").press("Enter")
    expect(page.get_by_role("alert").first).to_contain_text("no share with this ticker")


def test_an_unknown_capital_is_asked_for(reader: Reader):
    sign_in(reader, "dora")
    page = reader.open("/app/?tab=coach&view=check&ticker=SIM02", "#check-qty")
    page.locator("#check-qty").fill("300")
    expect(page.locator(".check-verdict")).to_be_visible()
    expect(page.locator(".check-verdict")).not_to_contain_text("Sane size")
    reader.screenshot("coach-capital-en-dark-390")
    page.locator("#check-capital").fill("-5")
    expect(page.get_by_role("alert")).to_contain_text("above 0")
    page.locator("#check-capital").fill("500,000")
    page.locator(".capital button").click()
    expect(page.locator(".check-verdict")).to_contain_text("Sane size")
    expect(page.locator(".capital")).to_have_count(0)
    assert asked(reader, "/me")["capital_rub"] == 500_000
    assert faults(reader) == []


def test_the_week_is_the_reports_own(trader: Reader):
    page = trader.open("/app/?tab=coach&view=week", ".score")
    report = asked(trader, "/user_weekly_report")
    shown = plain(page.locator("main").inner_text())
    assert f"{report['score']}/100" in shown.replace("\n", "")
    assert report["decisions"] >= 2 and f"{report['decisions']} decisions" in shown
    gain = "+" if report["own"]["pnl_rub"] > 0 else ""
    assert f"{gain}{rub(report['own']['pnl_rub'])}" in shown
    for one in report["mistakes"]:
        habit = page.locator(".habit", has_text=one["title"])
        expect(habit).to_contain_text(f"×{one['count']}")
        if one["cost_rub"]:
            assert rub(-one["cost_rub"]) in plain(habit.locator("summary").inner_text())
        assert one["findings"][0]["text"].split("\n")[0] in plain(habit.text_content() or "")
    assert report["mistakes"] and all(one["text"] in shown for one in report["advice"][:3])
    assert "Discipline by week" in (page.locator(".score svg").get_attribute("aria-label") or "")
    expect(page.get_by_role("button", name="The week after")).to_be_disabled()
    link = page.get_by_role("link", name="Page to print").get_attribute("href")
    assert link == f"/app/report/?week={report['week']}&lang=en"
    assert trader.context.request.get(trader.site.address + link).ok
    page.get_by_role("button", name="The week before").click()
    expect(page.locator(".chooser")).to_contain_text(f"Week {int(report['earlier'][-1]['week'][-2:])},")
    expect(page.get_by_role("button", name="The week after")).to_be_enabled()
    assert faults(trader) == []


def test_weeks_without_trades_say_so(reader: Reader):
    sign_in(reader, "boris")
    page = reader.open("/app/?tab=coach&view=week", ".chooser")
    for _ in range(9):
        page.get_by_role("button", name="The week before").click()
    expect(page.locator(".state")).to_contain_text("Nothing to report")
    reader.screenshot("coach-week-empty-en-dark-390")
    assert faults(reader) == []


def test_the_journal_pages_filters_and_takes_a_trade(trader: Reader):
    page = trader.open("/app/?tab=coach&view=journal", ".trade")
    expect(page.locator(".trade")).to_have_count(30)
    page.get_by_role("button", name="Earlier trades").click()
    before = len(asked(trader, "/actions?page_size=200")["results"])
    expect(page.locator(".trade")).to_have_count(before)
    page.get_by_role("button", name="Tell of a trade").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_have_count(3)
    fill_check(dialog, "SIM03", "2")
    dialog.get_by_label("Price of a share").fill(str(last_price(trader, "SIM03")))
    dialog.get_by_role("button", name="Save").click()
    expect(page.locator(".toasts")).to_contain_text("SIM03 is written down")
    expect(page.locator(".trade").first).to_contain_text("SIM03")
    page.get_by_role("combobox", name="Filter by share").fill("SIM03")
    page.get_by_role("combobox", name="Filter by share").press("Enter")
    expect(page.locator(".trade")).to_have_count(1)
    page.get_by_role("combobox", name="Filter by share").fill("SIM11")
    page.get_by_role("combobox", name="Filter by share").press("Enter")
    expect(page.locator(".state")).to_contain_text("Nothing fits")
    assert faults(trader) == []


@pytest.mark.parametrize(
    "reader", [RUSSIAN, SMALL, WIDE], indirect=True, ids=["ru-dark-390", "ru-light-360", "en-light-1280"]
)
def test_it_looks_whole(trader: Reader, request: pytest.FixtureRequest):
    name = request.node.callspec.id
    russian = name.startswith("ru")
    page = trader.open("/app/?tab=coach&view=check&ticker=SIM01", "#check-qty")
    page.locator("#check-qty").fill("500")
    expect(page.locator(".check-verdict")).to_be_visible()
    trader.screenshot(f"coach-check-{name}")
    assert faults(trader) == []
    page.get_by_role("button", name="Неделя" if russian else "Week", exact=True).click()
    expect(page.locator(".habit").first).to_be_visible()
    trader.screenshot(f"coach-week-{name}")
    assert faults(trader) == []
    page.get_by_role("button", name=re.compile("^(Журнал|Journal)$")).click()
    expect(page.locator(".trade").first).to_be_visible()
    trader.screenshot(f"coach-journal-{name}", full=False)
    assert faults(trader) == []
