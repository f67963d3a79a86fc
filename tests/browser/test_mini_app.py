"""The Mini App as people use it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Reader
from traderai.common import clock

pytestmark = pytest.mark.browser

PHONE, SMALL, WIDE = (
    {"width": 390, "height": 844},
    {"width": 360, "height": 640},
    {"width": 1280, "height": 800},
)
LOOKS = [
    {"locale": "ru-RU", "color_scheme": "dark", "viewport": PHONE},
    {"locale": "ru-RU", "color_scheme": "light", "viewport": PHONE},
    {"locale": "en-US", "color_scheme": "dark", "viewport": PHONE},
    {"locale": "en-US", "color_scheme": "light", "viewport": PHONE},
    {"locale": "ru-RU", "color_scheme": "dark", "viewport": SMALL},
    {"locale": "en-US", "color_scheme": "light", "viewport": WIDE},
]


def look_name(look: dict) -> str:
    return f"{look['locale'][:2]}-{look['color_scheme']}-{look['viewport']['width']}"


def rows_of(reader: Reader, horizon: str = "5d") -> list[dict]:
    answer = reader.context.request.get(f"{reader.site.address}/api/v1/market_heatmap?horizon={horizon}")
    assert answer.ok
    return answer.json()["results"]


def call_of(reader: Reader, **question: str) -> dict:
    page = reader.context.request
    token = next(c["value"] for c in reader.context.cookies() if c["name"] == "csrftoken")
    answer = page.post(
        f"{reader.site.address}/api/v1/analyze_ticker",
        data=question,
        headers={"X-CSRFToken": token, "Accept-Language": "en"},
    )
    assert answer.ok, answer.text()
    return answer.json()


def a_trade(reader: Reader, *actions: str) -> dict:
    """Return a simulated row with a fresh BUY or SELL; the made-up network gives both."""
    wanted = actions or ("BUY", "SELL")
    return next(row for row in rows_of(reader) if row["is_simulated"] and row["signal"] in wanted)


def is_dimmed(page: Page) -> bool:
    return page.locator(".call-old").count() == 1


def test_the_gate_of_the_console_can_fail(reader: Reader):
    reader.open("/app/", ".tile")
    assert reader.complaints == []
    reader.page.evaluate("console.error('broken')")
    reader.page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<img src=http://127.0.0.1:1/x.png>')"
    )
    reader.page.wait_for_timeout(200)
    assert any("broken" in text for text in reader.complaints)
    assert any("Content Security Policy" in text for text in reader.complaints)


@pytest.mark.parametrize("reader", LOOKS, indirect=True, ids=look_name)
def test_the_market_opens(reader: Reader, request: pytest.FixtureRequest):
    page = reader.open("/app/", ".tile")
    expect(page.locator(".tile")).to_have_count(len(rows_of(reader)))
    reader.screenshot(f"market-{request.node.callspec.id}")
    page.get_by_role("button", name=re.compile("^(List|Список)$")).click()
    expect(page.locator(".row")).to_have_count(len(rows_of(reader)))
    reader.screenshot(f"market-list-{request.node.callspec.id}")
    assert reader.findings() == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"
    assert reader.complaints == []


@pytest.mark.parametrize("reader", LOOKS, indirect=True, ids=look_name)
def test_a_share_opens(reader: Reader, request: pytest.FixtureRequest):
    page = reader.open("/app/", ".tile")
    page.locator(".tile", has_text=a_trade(reader)["secid"]).click()
    page.wait_for_selector(".call")
    page.wait_for_selector(".chart canvas")
    reader.screenshot(f"ticker-{request.node.callspec.id}")
    assert reader.findings() == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"
    assert reader.complaints == []


@pytest.mark.parametrize("action", ["BUY", "SELL"])
def test_a_fresh_call_looks_fresh(reader: Reader, action: str):
    reader.open("/app/", ".tile")
    page = reader.open(f"/app/?ticker={a_trade(reader, action)['secid']}&horizon=5d", ".call")
    expect(page.locator({"BUY": ".call-up", "SELL": ".call-down"}[action])).to_have_count(1)
    expect(page.locator(".note-stale")).to_have_count(0)
    expect(page.locator(".call")).not_to_contain_text("expired")
    assert not is_dimmed(page)
    reader.screenshot(f"ticker-fresh-{action.lower()}")


def test_every_figure_of_the_call_is_the_stored_one(reader: Reader):
    reader.open("/app/", ".tile")
    secid = a_trade(reader)["secid"]
    page = reader.open(f"/app/?ticker={secid}&horizon=5d", ".call")
    call = call_of(reader, secid=secid, horizon="5d")
    text = page.locator(".call").inner_text().replace("\u00a0", " ")
    assert {"BUY": "Buy", "SELL": "Sell"}[call["signal"]] in text
    for price in (call["entry"]["low"], call["entry"]["high"], call["take_profit"], call["stop_loss"]):
        assert f"{price:,.2f}" in text
    assert str(call["confidence"]) in text
    assert f"1 : {call['risk_reward']:.1f}" in text
    assert f"{100 * call['probabilities'][call['side']]:.1f} %" in text
    assert f"{100 * call['break_even_probability']:.1f} %" in text
    shown = page.locator("main").inner_text().replace("\u00a0", " ")
    assert call["model"]["version"] in shown
    assert re.search(r"Price of \w+ \d+, \d\d:\d\d MSK · ", shown), "from when the price in the head is"
    for turn in call["levels"]:
        assert f"{turn['price']:,.2f}" in page.locator(".turns").inner_text()
    drivers = page.locator(".drivers").inner_text().replace("\u00a0", " ")
    for driver in call["drivers"]:
        points = round(100 * driver["effect"], 1)
        assert driver["feature"] in drivers
        assert f"{'+' if points > 0 else '−' if points < 0 else ''}{abs(points):.1f} pp" in drivers
    for scenario in call["scenarios"]:
        assert f"{round(100 * scenario['probability'])} %" in shown
    assert call["explanation"].split("\n")[0] in shown


def test_the_council_is_shown_against_break_even_and_its_past_beside_it(reader: Reader):
    def with_votes(route: Route) -> None:
        # No council serves here: its votes are written into the real answer.
        answer = route.fetch()
        told = answer.json()
        even = told["break_even_probabilities"]["long"]
        rest = {"take_profit": None, "stop_loss": None, "weight": 0.1}
        told["votes"] = [
            {"strategy": "global", "action": "BUY", "p_long": even + 0.1, "p_short": 0.2, "reasons": [], **rest},
            {"strategy": "trend", "action": "SELL", "p_long": even - 0.1, "p_short": 0.5, "reasons": [], **rest},
            {"strategy": "volatility", "action": "HOLD", "p_long": even - 0.02, "p_short": 0.2, "reasons": [], **rest},
            {"strategy": "news", "action": "NO_TRADE", "p_long": 0.3, "p_short": 0.3, "reasons": ["setup_absent"], **rest},
        ]  # fmt: skip
        route.fulfill(response=answer, json=told)

    reader.open("/app/", ".tile")
    secid = a_trade(reader, "BUY")["secid"]
    reader.page.route("**/api/v1/analyze_ticker", with_votes)
    page = reader.open(f"/app/?ticker={secid}&horizon=5d", ".members")
    card = page.locator(".card", has=page.locator(".members"))
    expect(card).to_contain_text("Of 3 members with a setup, 1 would buy. Against: Trend following.")
    expect(card.locator(".member").first).to_contain_text("+10.0 pp against break-even")
    expect(card.locator(".member-absent")).to_contain_text("Its setup is absent")
    asked = {"secid": secid, "horizon": "5d", "told": "true", "page_size": "50"}
    trades = [
        row
        for signal in ("BUY", "SELL")
        for row in reader.context.request.get(
            f"{reader.site.address}/api/v1/signals", params=asked | {"signal": signal}
        ).json()["results"]
    ]
    ended = [row["outcome"]["r"] for row in trades if row["outcome"] and row["outcome"]["r"] is not None]
    past = page.locator(".card", has=page.get_by_role("heading", name="Past signals of this share"))
    if ended:
        expect(past).to_contain_text(
            f"{len(ended)} have ended, {sum(r > 0 for r in ended)} of them in profit"
        )
    expect(past.locator(".past-row")).to_have_count(min(5, len(trades)))
    page.locator(".model").scroll_into_view_if_needed()
    expect(page.locator(".model")).to_contain_text(re.compile("out of sample|no record to show"))
    page.get_by_role("button", name="Day", exact=True).click()
    expect(page.get_by_role("img", name=re.compile("daily bars"))).to_be_visible()
    page.get_by_role("button", name="Watch this share").click()
    expect(page.locator(".toast")).to_contain_text("is watched now")
    page.get_by_role("button", name="Watch this share").click()
    expect(page.locator(".toast").last).to_contain_text("no longer watched")
    assert reader.findings() == [] and reader.complaints == []


def explained(page: Page, name: str, meaning: str) -> None:
    page.locator(".call").get_by_role("button", name=name).click()
    expect(page.get_by_role("dialog")).to_contain_text(meaning)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_simulated_paper_calls_say_so(reader: Reader):
    reader.open("/app/", ".tile")
    page = reader.open(f"/app/?ticker={a_trade(reader)['secid']}&horizon=5d", ".call")
    explained(page, "SIMULATED", "market simulator")
    explained(page, "PAPER", "not proven")
    expect(page.locator(".call").get_by_role("button", name="REPLAY")).to_have_count(0)


def test_a_replayed_call_is_never_shown_as_fresh(reader: Reader):
    page = reader.open("/app/", ".tile")
    expect(page.locator(".tile-none", has_text="TEST1")).to_have_count(1)
    page = reader.open("/app/?ticker=TEST1&horizon=5d", ".call")
    call = call_of(reader, secid="TEST1", horizon="5d")
    assert call["source"] == "replay" and call["signal"] in ("BUY", "SELL"), call["signal"]
    expect(page.locator(".note-stale")).to_contain_text("expired")
    expect(page.locator(".call")).to_contain_text("not a call for now")
    assert is_dimmed(page)
    explained(page, "REPLAY", "not sent to anybody at that time")
    expect(page.get_by_role("button", name="SIMULATED")).to_have_count(0)
    page.wait_for_selector(".chart canvas")
    reader.screenshot("ticker-replay")
    assert reader.findings() == [] and reader.complaints == []


def test_when_the_hours_pass_the_market_is_called_old(reader: Reader):
    reader.page.clock.set_fixed_time(clock.now() + timedelta(hours=3))
    page = reader.open("/app/", ".tile")
    expect(page.locator(".note-stale")).to_contain_text("not today's market")
    reader.screenshot("market-stale")
    page = reader.open(f"/app/?ticker={a_trade(reader)['secid']}&horizon=5d", ".call")
    expect(page.locator(".note-stale")).to_contain_text("expired")
    assert is_dimmed(page)


def test_no_trade_is_told_with_its_reason(reader: Reader):
    page = reader.open("/app/?ticker=SIMOLD&horizon=5d", ".call")
    expect(page.locator(".call")).to_contain_text("No trade")
    expect(page.locator(".call .reasons")).to_contain_text("too old")
    expect(page.locator(".call .reasons")).to_contain_text("Will change when fresh candles arrive")
    expect(page.locator(".call .figures")).to_have_count(0)
    # Its own bars end before the market's: the page names their end, not the moment of the decision.
    candles = reader.context.request.get(
        f"{reader.site.address}/api/v1/instruments/SIMOLD/candles?timeframe=1h&limit=1"
    ).json()["candles"]
    ended = (datetime.fromisoformat(candles[-1]["begin"]) + timedelta(hours=1)).astimezone(clock.MOSCOW)
    expect(page.locator(".note-stale")).to_contain_text(f"{ended:%b} {ended.day}, ")
    expect(page.locator(".note-stale")).to_contain_text(f"{ended:%H:%M} MSK")
    reader.screenshot("ticker-no-trade")
    assert reader.findings() == [] and reader.complaints == []


def test_a_share_without_candles_and_calls_says_so(reader: Reader):
    page = reader.open("/app/?ticker=SIMNEW&horizon=5d", "[role=alert]")
    expect(page.locator("main")).to_contain_text("No candles")
    expect(page.get_by_role("alert")).to_contain_text("Not ready yet")
    reader.screenshot("ticker-not-ready")
    assert reader.findings() == []


def test_an_unknown_ticker_says_so(reader: Reader):
    page = reader.open("/app/?ticker=NOPE", "[role=alert]")
    expect(page.get_by_role("alert")).to_contain_text("no share with this ticker")
    page.get_by_role("button", name="To the market").click()
    expect(page.locator(".tile").first).to_be_visible()


def test_the_keyboard_is_enough(reader: Reader):
    page = reader.open("/app/", ".tile")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.classList.contains('tile')"):
            break
    secid = page.evaluate("document.activeElement.querySelector('b').textContent")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(secid)
    # Who cannot see hears the new screen's name, and gets around by the tabs.
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    page.go_back()
    expect(page.locator(".tile").first).to_be_visible()
    for name in ("Portfolio", "Coach", "Play", "More", "Market"):
        tab = page.get_by_role("navigation", name="Screens").get_by_role("link", name=name)
        tab.press("Enter")
        expect(tab).to_have_attribute("aria-current", "page")
        expect(page.get_by_role("heading", level=1)).to_be_focused()
        box = tab.bounding_box()
        assert box and min(box["width"], box["height"]) >= 48
    assert page.title().startswith("Market")


def test_language_and_theme_are_kept(reader: Reader):
    page = reader.open("/app/?tab=more", "h1")
    page.get_by_role("button", name="Русский").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ещё")
    page.get_by_role("button", name="Светлая").click()
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ещё")
    assert page.evaluate("document.documentElement.lang") == "ru"
    assert page.evaluate("document.documentElement.dataset.theme") == "light"


def test_filters_search_and_horizon(reader: Reader):
    page = reader.open("/app/", ".tile")
    rows = rows_of(reader)
    actions = [row["signal"] for row in rows]
    chosen = a_trade(reader)["signal"]
    page.get_by_role("button", name=re.compile({"BUY": "Buy", "SELL": "Sell"}[chosen] + r"\s*\d")).click()
    expect(page.locator(".tile")).to_have_count(actions.count(chosen))
    page.get_by_role("button", name=re.compile("^All")).click()
    page.get_by_role("searchbox").fill("sim03")
    expect(page.locator(".tile")).to_have_count(1)
    page.get_by_role("searchbox").fill("симулированная акция 3")
    expect(page.locator(".tile")).to_have_count(1)
    page.get_by_role("searchbox").fill("nothing like it")
    expect(page.get_by_role("heading", name="Nothing fits")).to_be_visible()
    page.get_by_role("searchbox").fill("")
    page.get_by_role("button", name="List").click()
    page.locator(".row-heads").get_by_role("button", name="edge").click()
    best = max((row for row in rows if row["edge"] is not None), key=lambda row: row["edge"])
    expect(page.locator(".row").first).to_have_accessible_name(re.compile(f"^{best['secid']},.* edge "))
    with page.expect_response(lambda response: "horizon=10d" in response.url):
        page.get_by_role("button", name="10 days").click()


def test_the_market_is_told_in_one_card(reader: Reader):
    page = reader.open("/app/", ".pulse-regime")
    told = reader.context.request.get(
        f"{reader.site.address}/api/v1/regime?days=90", headers={"Accept-Language": "en"}
    ).json()
    figures = {figure["name"]: figure["value"] for figure in told["current"]["figures"]}
    card = page.locator(".pulse").inner_text().replace("\u00a0", " ")
    assert f"{figures['return_20d_pct']:+.1f} %".replace("-", "−") in card
    assert f"{100 * told['current']['breadth']:.0f} % of shares" in card
    page.locator(".pulse-regime").click()
    sheet = page.get_by_role("dialog")
    expect(sheet).to_contain_text(told["effect"])
    expect(sheet.locator(".scenarios li")).to_have_count(len(told["current"]["probabilities"]))
    reader.screenshot("market-regime", full=False)
    assert reader.findings() == []
    page.keyboard.press("Escape")
    # What is nearly certain is never said to be certain, and what rounds to nothing not to be impossible.
    said = page.evaluate(
        "import(document.querySelector('script[type=module]').src.replace(/(built.)?main.js/, 'i18n.js'))"
        ".then(words => [0.9996, 0.997, 0.5, 0.0004, 1].map(p => words.chance(p)))"
    )
    assert [text.replace("\u00a0", " ") for text in said] == [">99.9 %", "99.7 %", "50 %", "<0.1 %", "100 %"]


def test_areas_of_the_map_are_turnovers(reader: Reader):
    page = reader.open("/app/", ".tile")
    turnover = {row["secid"]: row["turnover"] for row in rows_of(reader)}
    areas = page.evaluate(
        "Object.fromEntries([...document.querySelectorAll('.tile')].map(tile => "
        "[tile.querySelector('b').textContent, tile.offsetWidth * tile.offsetHeight]))"
    )
    ratio = [areas[secid] / turnover[secid] for secid in ("SIM01", "SIM02", "SIM03", "SIM04")]
    # Room for the sectors' names and whole pixels makes the areas differ a little.
    assert max(ratio) / min(ratio) < 1.35
    page.get_by_role("button", name="How the market is shown").click()
    page.get_by_role("button", name="Capitalisation").click()
    page.keyboard.press("Escape")
    expect(page.locator(".legend")).to_contain_text("capitalisation")


def test_a_cut_connection_is_told_and_can_be_retried(reader: Reader):
    reader.page.route("**/api/v1/**", lambda route: route.abort())
    page = reader.open("/app/", "[role=alert]")
    expect(page.get_by_role("alert")).to_contain_text("No connection")
    reader.screenshot("market-offline")
    page.unroute("**/api/v1/**")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".tile").first).to_be_visible()


def test_what_was_loaded_stays_while_there_is_no_connection(reader: Reader):
    page = reader.open("/app/", ".tile")
    reader.context.set_offline(True)
    expect(page.locator(".offline")).to_contain_text("No connection")
    page.get_by_role("link", name="Portfolio").click()
    page.get_by_role("link", name="Market").click()
    expect(page.locator(".tile").first).to_be_visible()
    reader.screenshot("market-offline-kept", full=False)
    reader.context.set_offline(False)
    expect(page.locator(".offline")).to_have_count(0)


def test_an_error_of_the_server_is_told_with_its_number(reader: Reader):
    # The database of the stand is real; what a broken server says is made here.
    broken = '{"type": "about:blank", "title": "Error", "status": 500, "code": "server_error", "request_id": "r-17"}'
    answer = {"status": 500, "content_type": "application/problem+json", "body": broken}
    reader.page.route("**/api/v1/market_heatmap**", lambda route: route.fulfill(**answer))
    page = reader.open("/app/", "[role=alert]")
    expect(page.get_by_role("alert")).to_contain_text("request_id r-17")
    reader.screenshot("market-error", full=False)
    page.unroute("**/api/v1/market_heatmap**")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".tile").first).to_be_visible()


def test_a_session_that_has_ended_is_told_and_leads_to_the_sign_in(reader: Reader):
    page = reader.open("/app/", ".tile")
    refused = {
        "status": 401,
        "content_type": "application/problem+json",
        "body": '{"code": "not_authenticated"}',
    }
    page.route("**/api/v1/**", lambda route: route.fulfill(**refused))
    page.get_by_role("button", name="10 days").click()
    expect(page.get_by_role("heading", name="Your session has ended")).to_be_visible()
    reader.screenshot("session-ended", full=False)
    assert reader.findings() == []
    page.unroute("**/api/v1/**")
    page.get_by_role("link", name="Sign in again").click()
    expect(page.locator("#id_password")).to_be_visible()
    assert "next=%2Fapp%2F" in page.url


def test_the_first_content_is_there_within_a_second(reader: Reader):
    reader.open("/app/", ".tile")
    took_ms = []
    for _ in range(3):
        reader.page.reload()
        reader.page.wait_for_selector(".screen-head h1")
        took_ms.append(
            reader.page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        )
    print(f"first contents of the Mini App: {', '.join(f'{ms:.0f} ms' for ms in took_ms)}")
    assert min(took_ms) < 1000


def test_while_it_loads_the_shape_is_there(reader: Reader):
    held = []
    reader.page.route("**/api/v1/market_heatmap**", lambda route: held.append(route))
    page = reader.open("/app/", ".skeleton")
    expect(page.get_by_role("status", name="Loading").last).to_be_visible()
    reader.screenshot("market-loading")
    held[0].continue_()
    expect(page.locator(".tile").first).to_be_visible()


def test_telegram_gives_its_colours(reader: Reader):
    colours = "%7B%22bg_color%22%3A%22%23102030%22%2C%22secondary_bg_color%22%3A%22%23010203%22%7D"
    page = reader.open(f"/app/#tgWebAppVersion=8.0&tgWebAppThemeParams={colours}", ".tile")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(1, 2, 3)"
    assert page.evaluate("location.hash") == ""
    assert reader.complaints == []


# Telegram's side of the page: it keeps what the app posts.
TELEGRAM = (
    "window.posted = []; window.TelegramWebviewProxy = "
    "{ postEvent: (type, data) => window.posted.push([type, JSON.parse(data)]) }"
)


def test_inside_telegram_its_own_buttons_lead(reader: Reader):
    reader.page.add_init_script(TELEGRAM)
    page = reader.open("/app/#tgWebAppVersion=8.0", ".tile")
    page.locator(".pulse-regime").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.evaluate("window.Telegram.WebView.receiveEvent('back_button_pressed')")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.locator(".tile").first.click()
    page.wait_for_selector(".call")
    expect(page.locator(".back")).to_be_hidden()
    expect(page.get_by_role("link", name="Check a trade")).to_have_count(0)
    posted = page.evaluate("window.posted")
    assert ["web_app_trigger_haptic_feedback", {"type": "selection_change"}] in posted

    def last(kind: str) -> dict:
        return [data for name, data in page.evaluate("window.posted") if name == kind][-1]

    button = last("web_app_setup_main_button")
    assert (button["text"], button["is_visible"], button["is_active"]) == ("Check a trade", True, True)
    assert last("web_app_setup_back_button") == {"is_visible": True}
    page.evaluate("window.Telegram.WebView.receiveEvent('back_button_pressed')")
    expect(page.locator(".tile").first).to_be_visible()
    assert last("web_app_setup_back_button") == {"is_visible": False}
    assert last("web_app_setup_main_button")["is_visible"] is False
    page.locator(".tile").first.click()
    page.wait_for_selector(".call")
    page.evaluate("window.Telegram.WebView.receiveEvent('main_button_pressed')")
    expect(page.get_by_role("link", name="Coach")).to_have_attribute("aria-current", "page")
    assert "ticker=" in page.url and "side=" in page.url
    assert reader.complaints == []


def test_nothing_is_asked_of_another_host(reader: Reader):
    asked = []
    reader.page.on("request", lambda request: asked.append(request.url))
    reader.open("/app/", ".tile")
    reader.open(f"/app/?ticker={a_trade(reader)['secid']}", ".chart canvas")
    assert asked and all(url.startswith(reader.site.address) for url in asked)
