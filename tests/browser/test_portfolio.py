"""The screen of what a reader holds, from an empty account to a rebalancing, as people use it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Reader
from tests.browser.people import asked, bars, faults, last_price, sign_in, told

pytestmark = pytest.mark.browser

RUSSIAN = {"locale": "ru-RU", "color_scheme": "dark", "viewport": {"width": 390, "height": 844}}
SMALL = {"locale": "ru-RU", "color_scheme": "light", "viewport": {"width": 360, "height": 640}}
WIDE = {"locale": "en-US", "color_scheme": "light", "viewport": {"width": 1280, "height": 800}}
HELD = [("SIM01", "long", 900), ("SIM02", "long", 300), ("SIM03", "long", 200), ("SIM04", "short", 100)]


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


def rub(value: float) -> str:
    return f"{'−' if round(value) < 0 else ''}{abs(round(value)):,} ₽"


def fill_account(reader: Reader) -> dict:
    """Open an account with four positions of known prices, by the API."""
    account = told(reader, "/accounts", {"kind": "real", "name": "Broker", "capital": 3_000_000})
    for secid, side, lots in HELD:
        about = {"account_id": account["id"], "secid": secid, "side": side, "qty": lots, "qty_unit": "lots"}
        told(reader, "/positions", about | {"avg_price": last_price(reader, secid)})
    return account


@pytest.fixture
def filled_account(reader: Reader) -> dict:
    sign_in(reader, "boris")
    own = [one for one in asked(reader, "/accounts")["results"] if one["name"] == "Broker"]
    account = own[0] if own else fill_account(reader)
    reader.context.add_init_script(f"localStorage.setItem('traderai.account', '{account['id']}')")
    return account


def analysis(reader: Reader, account: dict) -> dict:
    return told(reader, "/analyze_portfolio", {"account_id": account["id"], "partial": True})


@pytest.mark.parametrize("reader", [RUSSIAN], indirect=True, ids=["ru"])
def test_an_empty_portfolio_invites_and_takes_a_position(reader: Reader):
    sign_in(reader, "anna")
    page = reader.open("/app/?tab=portfolio", ".state")
    expect(page.locator(".state")).to_contain_text("Позиций пока нет")
    reader.screenshot("portfolio-empty-ru-dark-390")
    assert faults(reader) == []
    page.get_by_role("button", name="Добавить позицию").click()
    save = page.get_by_role("dialog").get_by_role("button", name="Сохранить")
    save.click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_have_count(3)
    assert asked(reader, "/accounts")["results"] == [], "what was refused on the page was not sent"
    choose(page, "Акция", "sim01")
    page.get_by_label("Количество").fill("10")
    page.get_by_label("Средняя цена акции").fill("1000000")
    save.click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("не торговалась по цене")
    assert asked(reader, "/positions")["results"] == []
    reader.complaints.clear()  # the browser's own line about the answer 422
    close = last_price(reader, "SIM01")
    page.get_by_label("Средняя цена акции").fill(str(close).replace(".", ","))
    page.get_by_label("Стоп-лосс").fill(str(close * 2))
    expect(page.get_by_role("dialog")).to_contain_text("Стоп покупки — ниже её цены")
    reader.screenshot("portfolio-add-ru-dark-390", full=False)
    assert faults(reader) == []
    page.get_by_label("Стоп-лосс").fill(f"{close * 0.9:.2f}".replace(".", ","))
    save.click()
    expect(page.locator(".row-position")).to_have_count(1)
    expect(page.locator(".toasts")).to_contain_text("SIM01 в портфеле")
    (row,) = asked(reader, "/positions")["results"]
    assert (row["secid"], row["qty"], row["avg_price"]) == ("SIM01", 100, close)
    # Without a capital there are no limits, and the page says what would give them.
    expect(page.locator(".hero")).to_contain_text("укажите капитал")
    expect(page.locator("#plan-title")).to_have_count(0)
    page.get_by_role("button", name="Название, капитал").click()
    page.get_by_label("Капитал").fill("100 000")
    page.get_by_role("button", name="Сохранить").click()
    expect(page.locator("#plan-title")).to_be_visible()
    expect(page.locator(".hero-figure")).to_have_text(re.compile(r"100\s000\s₽"))
    virtual_account(reader)


def choose(page: Page, label: str, words: str) -> None:
    """Find a share by the keyboard."""
    field = page.get_by_role("combobox", name=label)
    field.fill(words)
    expect(page.get_by_role("option").first).to_be_visible()
    field.press("ArrowDown")
    field.press("Enter")
    expect(page.get_by_role("option")).to_have_count(0)


def virtual_account(reader: Reader) -> None:
    """Open an account to practise in and place an order there."""
    page = reader.page
    page.get_by_role("button", name="Счёт", exact=False).last.click()
    page.get_by_role("dialog").get_by_role("button", name="Учебный").click()
    page.get_by_label("Название").fill("Проба")
    page.get_by_label("Капитал").fill("500 000")
    page.get_by_role("button", name="Открыть").click()
    expect(page.locator(".chip[aria-pressed=true]")).to_contain_text("Проба")
    page.get_by_role("button", name="Новая заявка").click()
    choose(page, "Акция", "sim02")
    page.get_by_label("Количество").fill("5")
    page.get_by_role("button", name="Отправить заявку").click()
    expect(page.locator(".lines")).to_contain_text("ждёт")
    expect(page.get_by_role("button", name="Импорт CSV")).to_have_count(0)
    reader.screenshot("portfolio-virtual-ru-dark-390")
    assert faults(reader) == []


def test_every_figure_is_the_answers_own(reader: Reader, filled_account: dict):
    page = reader.open("/app/?tab=portfolio", ".row-position")
    answer = analysis(reader, filled_account)
    shown = plain(page.locator("main").inner_text())
    tails = {(one["method"], one["confidence"]): one for one in answer["risk"]["tails"]}
    bad = tails["historical", 0.95]
    assert f"{rub(-bad['var_rub'])}\n\n1 day in 20 loses more" in shown
    assert f"Such days cost {rub(bad['cvar_rub'])} on average" in shown
    for one in answer["positions"]:
        row = plain(page.locator(".row-position", has_text=one["secid"]).inner_text())
        assert rub(one["value_rub"]) in row and f"{100 * abs(one['weight_frac']):.1f} %" in row
        assert {"ADD": "Add", "HOLD": "Hold", "REDUCE": "Reduce", "CLOSE": "Close"}[one["action"]] in row
    for spell in answer["stress"]:
        assert f"≈ {'+' if spell['profit_rub'] > 0 else ''}{rub(spell['profit_rub'])}" in shown
    assert "A day like 24.02.2022" in shown and "4 of 4 shares were not traded then" in shown
    (trade, *_) = answer["proposals"]["trades"]
    assert f"{trade['secid']}: {'sell' if trade['side'] == 'SELL' else 'buy'} {trade['lots']} lots" in shown
    assert f"{answer['proposals']['cost_rub']:,.2f} ₽" in shown
    for warning in answer["warnings"]:
        assert warning["text"] in shown
    page.get_by_role("button", name="Sectors").click()
    expect(page.locator(".weights-list")).to_contain_text("Oil and gas")
    expect(page.locator(".weights-list")).to_contain_text("Cash")


@pytest.mark.parametrize("reader", [SMALL, WIDE], indirect=True, ids=["ru-light-360", "en-light-1280"])
def test_it_looks_whole(reader: Reader, filled_account: dict, request: pytest.FixtureRequest):
    page = reader.open("/app/?tab=portfolio", ".row-position")
    expect(page.locator(".hero .result").first).to_be_visible()
    reader.screenshot(f"portfolio-{request.node.callspec.id}")
    assert faults(reader) == []
    page.locator(".row-position").first.click()
    expect(page.locator("dialog .reasons li").first).to_be_visible()
    reader.screenshot(f"portfolio-position-{request.node.callspec.id}", full=False)
    assert faults(reader) == []


def test_a_position_is_changed_and_closed(reader: Reader, filled_account: dict):
    page = reader.open("/app/?tab=portfolio", ".row-position")
    close = last_price(reader, "SIM03")
    page.locator(".row-position", has_text="SIM03").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Change").click()
    page.get_by_label("Stop loss").fill(str(close * 2))
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("below its price")
    expect(page.get_by_role("button", name="Save")).to_be_disabled()
    page.get_by_label("Stop loss").fill(f"{close * 0.95:.2f}")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert asked(reader, f"/positions/{filled_account['id']}-SIM03")["stop"] == round(close * 0.95, 2)
    page.locator(".row-position", has_text="SIM03").click()
    page.get_by_role("dialog").get_by_role("button", name="Close", exact=True).last.click()
    reader.screenshot("portfolio-close-en-dark-390", full=False)
    # A press that is not answered is sent again and done once.
    sent = []
    page.route("**/api/v1/actions", lambda route: (sent.append(route.request), route.abort()) if not sent else (sent.append(route.request), route.continue_()))  # fmt: skip
    page.get_by_role("button", name="Write the trade down").click()
    expect(page.locator(".row-position")).to_have_count(len(HELD) - 1)
    page.unroute("**/api/v1/actions")
    keys = {one.headers["idempotency-key"] for one in sent}
    assert len(sent) == 2 and len(keys) == 1
    newest = asked(reader, f"/actions?account_id={filled_account['id']}")["results"][0]
    assert (newest["secid"], newest["side"], newest["qty"]) == ("SIM03", "SELL", 2000)


def test_a_file_is_shown_before_it_is_written(reader: Reader, filled_account: dict):
    before = len(asked(reader, f"/actions?account_id={filled_account['id']}")["results"])
    bar = bars(reader, "SIM05", 100)[0]
    lines = [
        "traded_at;secid;side;qty;qty_unit;price;id",
        f"{bar['begin']};SIM05;BUY;10;lots;{bar['close']};1",
        f"{bar['begin']};SIM0;BUY;10;lots;{bar['close']};2",
        f"{bar['begin']};SIM05;BUY;-4;lots;{bar['close']};3",
        f"{bar['begin']};SIM05;BUY;4;lots;{bar['close'] * 1000};4",
    ]
    file = {"name": "broker.csv", "mimeType": "text/csv", "buffer": "\n".join(lines).encode("cp1251")}
    page = reader.open("/app/?tab=portfolio", ".row-position")
    page.get_by_role("button", name="Import CSV").click()
    page.set_input_files("#import-file", file)
    broken = page.locator(".import-bad li")
    expect(broken).to_have_count(3)
    assert [plain(text).split("\n")[:2] for text in broken.all_inner_texts()] == [
        ["3", "Ticker"], ["4", "Quantity"], ["5", "Price"],
    ]  # fmt: skip
    expect(broken.first).to_contain_text(re.compile("no share with this ticker. Perhaps SIM"))
    expect(page.locator(".import-good li")).to_have_count(1)
    reader.screenshot("portfolio-import-en-dark-390", full=False)
    assert faults(reader) == []
    assert len(asked(reader, f"/actions?account_id={filled_account['id']}")["results"]) == before
    page.get_by_role("button", name="Import 1 trade").click()
    expect(page.locator(".toasts")).to_contain_text("1 trade is imported")
    assert len(asked(reader, f"/actions?account_id={filled_account['id']}")["results"]) == before + 1
    page.get_by_role("button", name="Import CSV").click()
    page.set_input_files("#import-file", file)
    expect(page.get_by_role("dialog")).to_contain_text("1 row was imported before")
    expect(page.get_by_role("button", name="Nothing to import")).to_be_disabled()


def test_loading_old_prices_and_a_broken_server_are_told(reader: Reader, filled_account: dict):
    held = []
    reader.page.route("**/api/v1/analyze_portfolio", lambda route: held.append(route))
    page = reader.open("/app/?tab=portfolio", ".skeleton")
    expect(page.get_by_role("status").first).to_have_attribute("aria-label", "Loading")
    page.wait_for_timeout(300)
    held[0].fulfill(
        status=500, json={"code": "server_error", "status": 500, "detail": "", "request_id": "r-1"}
    )
    expect(page.get_by_role("alert")).to_contain_text("it has been recorded")
    expect(page.locator(".row-position").first).to_contain_text("No advice")
    reader.screenshot("portfolio-broken-en-dark-390")
    page.unroute("**/api/v1/analyze_portfolio")

    def old(route):
        answer = route.fetch()
        body = answer.json()
        body["positions"][0]["price_is_stale"] = True
        route.fulfill(response=answer, json=body)

    page.route("**/api/v1/analyze_portfolio", old)
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".row-position .old")).to_contain_text("price of")
    expect(page.locator(".hero")).to_contain_text(re.compile(r"\d of \d positions"))
