"""The track record as people read it: an honest nothing, and a record with its losers."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Reader

pytestmark = pytest.mark.browser
SMALL_RUSSIAN = {
    "locale": "ru-RU", "color_scheme": "light", "viewport": {"width": 360, "height": 640},
}  # fmt: skip


def asked(reader: Reader, path: str) -> dict[str, Any]:
    english = {"Accept-Language": "en"}
    answer = reader.context.request.get(f"{reader.site.address}/api/v1/{path}", headers=english)
    assert answer.ok, answer.text()
    found: dict[str, Any] = answer.json()
    return found


def words(page: Page) -> str:
    return page.locator("main").inner_text().replace("\u00a0", " ")


def is_sound(reader: Reader) -> None:
    assert reader.findings() == []
    assert reader.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it scrolls sideways"
    assert reader.complaints == []


def signed(value: float, digits: int, unit: str) -> str:
    rounded = round(value, digits)
    return f"{'+' if rounded > 0 else '−' if rounded < 0 else ''}{abs(rounded):.{digits}f} {unit}"


def test_without_outcomes_it_says_so_and_with_them_every_figure_is_the_stored_one(reader: Reader):
    held: list[Any] = []
    reader.page.route("**/track_record**", lambda route: held.append(route))
    page = reader.open("/app/?tab=record", ".skeleton")
    expect(page.get_by_role("button", name="Simulated")).to_be_visible()
    held[0].continue_()
    page.unroute("**/track_record**")
    expect(page.get_by_role("heading", name="No results yet")).to_be_visible()
    assert "losers included" in words(page)
    expect(page.locator(".plot")).to_have_count(0)
    reader.screenshot("record-empty-en-dark-390")
    is_sound(reader)
    page.get_by_role("button", name="Proven").click()
    expect(page.locator(".state")).to_contain_text("no proven record")
    page.get_by_role("button", name="To the paper record").click()

    page.get_by_role("button", name="Simulated").click()
    page.wait_for_selector(".said")
    record = asked(reader, "track_record?source=simulated")
    figures, shown = record["figures"], words(page)
    assert figures["trades"] > 40 and f"{figures['trades']} trades that have ended" in shown
    bounds = figures["expectancy_r"]
    for value in bounds.values():
        assert signed(value, 2, "R") in shown
    for value in (*figures["hit_rate"].values(), figures["break_even"]):
        assert f"{100 * value:.1f} %" in shown
    assert signed(figures["total_r"], 1, "R") in shown and signed(-figures["drawdown_r"], 1, "R") in shown
    verdict = "No edge to be seen" if bounds["low"] <= 0 <= bounds["high"] else "The mean result lies"
    assert verdict in shown
    for group in record["groups"]["confidence"]:
        assert group["name"].replace("-", "–") in shown and f"{group['trades']} trades" in shown
    for caveat in record["caveats"]:
        assert caveat["text"] in shown
    expect(page.locator(".plot svg[role=img]")).to_have_count(3)
    page.locator(".plot-table summary").first.click()
    expect(page.locator(".plot-table").first.locator("tbody tr")).to_have_count(len(record["curve"]))
    page.get_by_role("button", name="Month").click()
    expect(page.locator(".record-groups tbody tr")).to_have_count(len(record["groups"]["month"]))
    explained(page)
    reader.screenshot("record-en-dark-390")
    is_sound(reader)


def explained(page: Page) -> None:
    page.get_by_role("button", name="PAPER", exact=True).click()
    expect(page.get_by_role("dialog")).to_contain_text("proven an edge")
    page.keyboard.press("Escape")


@pytest.mark.parametrize("reader", [SMALL_RUSSIAN], indirect=True)
def test_every_told_signal_is_in_the_list(reader: Reader):
    page = reader.open("/app/?tab=record", ".segments")
    page.get_by_role("button", name="Симуляция").click()
    page.wait_for_selector(".said")
    caveats = page.locator(".caveats li").all_inner_texts()
    assert len(caveats) > 4 and all(re.search("[а-яё]", text) for text in caveats), caveats
    reader.screenshot("record-ru-light-360")
    is_sound(reader)
    total = asked(reader, "track_record?source=simulated")["told"]["total"]
    expect(page.locator(".said")).to_have_count(20)
    for _ in range(total // 20):
        before = page.locator(".said").count()
        page.get_by_role("button", name="Показать более ранние").click()
        expect(page.locator(f".said:nth-child({before + 1})")).to_have_count(1)
    expect(page.locator(".said")).to_have_count(total)
    expect(page.locator(".record-end")).to_contain_text(f"Это всё: {total}")
    losers = page.locator(".said", has_text=re.compile("стоп.*−1,"))
    assert losers.count() > 10
    page.locator(".record-list .chip", has_text="Держать").click()
    expect(page.locator(".said", has_text="Держать").first).to_be_visible()
    expect(page.locator(".said", has_text="Покупать")).to_have_count(0)
    page.get_by_role("searchbox").fill("sim02")
    expect(page.get_by_role("heading", name="Ничего не подходит")).to_be_visible()
    page.locator(".record-list .chip", has_text="Продавать").click()
    expect(page.locator(".said", has_text="SIM02").first).to_be_visible()
    page.route("**/api/v1/signals**", lambda route: route.abort())
    page.get_by_role("searchbox").fill("sim05")
    expect(page.get_by_role("alert")).to_contain_text("Сервер не отвечает")
    page.unroute("**/api/v1/signals**")
    page.get_by_role("button", name="Повторить").click()
    expect(page.locator(".said", has_text="SIM05").first).to_be_visible()
    assert [text for text in reader.complaints if "ERR_FAILED" not in text] == []
