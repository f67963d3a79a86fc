"""The game as people play it: rounds on the replayed shares, judged by the worker that judges real ones."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Reader
from tests.browser.stand import Site, answering
from tests.signals.hours import START

pytestmark = pytest.mark.browser
SMALL_RUSSIAN = {
    "locale": "ru-RU", "color_scheme": "light", "viewport": {"width": 360, "height": 640},
}  # fmt: skip
# What would name a share of the stand or the year of its candles.
GIVES_AWAY = re.compile(r"TEST\d|Test share|20[0-9]{2}(?! TradingView)")


@pytest.fixture(scope="module")
def worker(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], None]]:
    """What starts the worker, once; until then nobody judges."""
    with ExitStack() as running:
        folder: Path = tmp_path_factory.mktemp("worker")
        yield cache(lambda: running.enter_context(answering(site.rows, folder / "ondemand.log")))


def change(site: Site, statement: str) -> None:
    with psycopg.connect(site.rows.database_url.replace("postgres://", "postgresql://", 1)) as connection:
        connection.execute(statement)


def asked(reader: Reader, path: str) -> dict[str, Any]:
    answer = reader.context.request.get(f"{reader.site.address}/api/v1/{path}")
    assert answer.ok, answer.text()
    found: dict[str, Any] = answer.json()
    return found


def dealt(reader: Reader, press: str) -> dict[str, Any]:
    """Press a button that deals and return the round.

    A round takes 46 of the 108 days that the stand has of two shares, so two fit for certain, but one time in five
    nothing unseen is left for a third: what is over is moved to centuries of their own first.
    """
    moved = ", ".join(
        f"{name} = {name} - (100 + id) * interval '1 year'"
        for name in ("shown_from", "bar_begin", "as_of", "future_until")
    )
    change(
        reader.site,
        f"UPDATE training_game_scenario SET {moved} WHERE shown_from > '{START:%Y-%m-%d}'::date - 1"
        " AND (expires_at < now() OR id IN (SELECT scenario_id FROM training_game_answer))",
    )
    page = reader.page
    with page.expect_response("**/training_scenario**") as got:
        page.get_by_role("button", name=press).click()
    assert got.value.ok, got.value.text()
    expect(page.locator(".choice")).to_have_count(4)
    found: dict[str, Any] = got.value.json()
    return found


def words(page: Page) -> str:
    return page.locator("main").inner_text().replace("\u00a0", " ")


def is_sound(reader: Reader) -> None:
    assert reader.findings() == []
    assert reader.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it scrolls sideways"


@pytest.mark.parametrize("reader", [SMALL_RUSSIAN], indirect=True)
def test_an_answer_that_nobody_judged_in_time_is_kept(reader: Reader, worker: Callable[[], None]):
    reader.page.route("**/training_leaderboard", lambda route: route.abort())
    page = reader.open("/app/?tab=play", ".play-strength")
    own = asked(reader, "training_rating")
    assert own["total"]["rounds"] == 12 and len(own["curve"]) > 10
    assert f"{own['total']['wins']} – {own['total']['draws']} – {own['total']['losses']}" in words(page)
    expect(page.get_by_role("img", name=re.compile("Ваш рейтинг"))).to_be_visible()
    assert all(group["rounds"] < 10 for group in own["by_regime"])
    expect(page.locator(".grouped", has_text="мало, чтобы судить").first).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("Сервер не отвечает")
    page.unroute("**/training_leaderboard")
    page.get_by_role("button", name="Повторить").click()
    board = asked(reader, "training_leaderboard")["results"]
    assert len(board) >= 3  # others may have played on this stand before
    expect(page.locator(".board li")).to_have_count(len(board))
    nickname(page)
    reader.screenshot("play-lobby-ru-light-360")
    is_sound(reader)

    dealt(reader, "Начать раунд")
    change(reader.site, "UPDATE training_game_scenario SET may_sell = false WHERE expires_at > now()")
    page.reload()  # the open round comes back
    page.get_by_role("button", name="Начать раунд").click()
    expect(page.locator(".choice-down")).to_be_disabled()
    expect(page.locator(".choice-down")).to_contain_text("шорт невозможен")
    page.get_by_role("button", name=re.compile("^Покупать")).click()
    page.get_by_role("button", name="Цель: дальше").click()
    page.get_by_role("button", name="Стоп: ближе").click()
    assert "+4,50 %" in words(page) and "−1,75 %" in words(page) and "Цель +2,6 R" in words(page)
    reader.screenshot("play-round-ru-light-360", full=False)
    is_sound(reader)
    page.get_by_role("button", name="Ответить: Покупать").click()
    expect(page.get_by_role("alert")).to_contain_text("принят вовремя", timeout=20_000)
    worker()
    with page.expect_response("**/training_answer") as got:
        page.get_by_role("button", name="Отправить ещё раз").click()
    assert got.value.ok, got.value.text()
    told(page, got.value.json(), comma=True)
    reader.screenshot("play-told-ru-light-360")
    is_sound(reader)
    assert [text for text in reader.complaints if "Failed to load resource" not in text] == []


def nickname(page: Page) -> None:
    page.get_by_role("button", name="Выбрать имя").click()
    page.get_by_label("Имя в таблице").fill("Bober-7")
    page.get_by_role("button", name="Сохранить").click()
    expect(page.get_by_role("alert")).to_contain_text("занято")
    page.get_by_label("Имя в таблице").fill("Лесник")
    page.get_by_role("button", name="Сохранить").click()
    expect(page.locator(".board-you")).to_contain_text("Лесник")


def told(page: Page, answer: dict[str, Any], *, comma: bool) -> None:
    """Every figure of the result is the answer's."""
    page.wait_for_selector(".round-end")
    shown = words(page)
    for side in ("you", "ai"):
        r = answer[side]["r_multiple"]
        sign = "+" if round(r, 1) > 0 else "−" if round(r, 1) < 0 else ""
        text = f"{sign}{abs(round(r, 1)):.1f} R"
        assert (text.replace(".", ",") if comma else text) in shown
    assert answer["secid"] in shown and answer["explanation"].split("\n")[0] in shown
    assert f"{answer['rating']['rating']:.0f}" in re.sub(r"[\s,]", "", shown)


def test_a_round_is_played_with_the_keyboard(reader: Reader, worker: Callable[[], None]):
    worker()
    reader.page.emulate_media(reduced_motion="no-preference")
    page = reader.open("/app/?tab=play", ".board")
    round_ = dealt(reader, "Deal a round")
    assert round_["disguised"] and not GIVES_AWAY.search(page.locator("main").inner_html())
    expect(page.get_by_role("timer")).to_have_text(re.compile(r"^[23]:\d\d$"))
    page.keyboard.press("3")
    expect(page.get_by_role("button", name=re.compile("^Hold"))).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("1")
    expect(page.locator(".main-button button")).to_be_focused()
    reader.screenshot("play-round-en-dark-390", full=False)
    is_sound(reader)
    with page.expect_response("**/training_answer") as got:
        page.keyboard.press("Enter")
    # The future comes candle by candle, or at once for who will not wait.
    page.get_by_role("button", name="Show all at once").click()
    told(page, got.value.json(), comma=False)
    assert "After costs" in words(page) and GIVES_AWAY.search(words(page))
    expect(page.locator(".round-end h2")).to_be_focused()
    reader.screenshot("play-told-en-dark-390")
    is_sound(reader)
    late_and_twice(reader)
    no_such_moment(page)
    assert [text for text in reader.complaints if "409" not in text] == []


def answered(page: Page, key: str) -> None:
    page.keyboard.press(key)
    expect(page.locator(".main-button button")).to_be_focused()
    page.keyboard.press("Enter")


def late_and_twice(reader: Reader) -> None:
    page = reader.page
    dealt(reader, "Next round")
    change(
        reader.site,
        "UPDATE training_game_scenario SET served_at = now() - interval '2 hours',"
        " expires_at = now() - interval '1 hour' WHERE expires_at > now()",
    )
    answered(page, "4")
    expect(page.get_by_role("heading", name="The time is over")).to_be_visible()
    reader.screenshot("play-late")
    change(
        reader.site,
        "DELETE FROM training_game_scenario WHERE id NOT IN (SELECT scenario_id FROM training_game_answer)",
    )
    round_ = dealt(reader, "Next round")
    token = next(one["value"] for one in reader.context.cookies() if one["name"] == "csrftoken")
    answer = {"scenario_id": round_["scenario_id"], "action": "NO_TRADE"}
    where = f"{reader.site.address}/api/v1/training_answer"
    assert reader.context.request.post(where, data=answer, headers={"X-CSRFToken": token}).ok
    answered(page, "4")
    expect(page.get_by_role("heading", name="Already answered")).to_be_visible()


def no_such_moment(page: Page) -> None:
    page.get_by_role("button", name="To my rating").click()
    page.get_by_role("button", name="More wishes").click()
    page.get_by_label("Market regime").select_option("panic")
    page.get_by_role("button", name="Deal a round").click()
    expect(page.get_by_role("heading", name="No such moment")).to_be_visible()
    page.get_by_role("button", name="Change the wishes").click()
    page.get_by_role("button", name="More wishes").click()
    page.get_by_label("Market regime").select_option("")
