"""The documents of the API and the admin, in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Reader

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize(
        "reader", [{"viewport": {"width": 1280, "height": 900}}], indirect=True, ids=["wide"]
    ),
]


def test_swagger_opens(reader: Reader):
    page = reader.open("/api/docs/", ".opblock")
    expect(page.locator("#operations-signals-analyze_ticker")).to_be_visible()
    reader.screenshot("api-docs", full=False)
    assert reader.complaints == []


def test_redoc_opens(reader: Reader):
    page = reader.open("/api/redoc/", "[data-section-id]")
    expect(page.get_by_role("heading", name="Analysis of one share")).to_be_visible()
    reader.screenshot("api-redoc", full=False)
    # Redoc would fetch its logo from its maker's server; that the policy refuses this, and only this, is wanted.
    assert [text for text in reader.complaints if "cdn.redoc.ly" not in text] == []
    assert any("cdn.redoc.ly" in text and "Content Security Policy" in text for text in reader.complaints)


def sign_in(reader: Reader) -> None:
    page = reader.open("/admin/", "#id_username")
    page.fill("#id_username", "admin")
    page.fill("#id_password", reader.site.staff_password)
    page.locator("button[type=submit]").first.click()
    page.wait_for_url("**/admin/")


def test_the_admin_opens(reader: Reader):
    sign_in(reader)
    expect(reader.page.locator(".staff-health")).to_contain_text("Calls to trade now")
    expect(reader.page.locator(".staff-health")).to_contain_text("2 more have expired")
    expect(reader.page.locator(".staff-candles tbody tr")).to_have_count(10)
    reader.page.wait_for_load_state("networkidle")
    reader.screenshot("admin", full=False)
    assert reader.complaints == []


@pytest.mark.parametrize(
    "path", ["accounts/user/", "signals/signal/", "modeling/modelversion/", "market/instrument/"]
)
def test_a_list_of_the_admin_opens(reader: Reader, path: str):
    sign_in(reader)
    reader.open(f"/admin/{path}", "#result_list")
    reader.page.wait_for_load_state("networkidle")
    reader.screenshot(f"admin-{path.strip('/').replace('/', '-')}", full=False)
    assert reader.complaints == []


def test_one_signal_is_told_in_both_languages(reader: Reader):
    sign_in(reader)
    page = reader.open("/admin/signals/signal/?q=SIM01", "#result_list")
    page.locator("#result_list tbody th a").first.click()
    expect(page.locator(".staff-explanation[lang=en]")).to_contain_text("not individual investment advice")
    expect(page.locator(".staff-explanation[lang=ru]")).to_contain_text("рекомендацией")
    reader.screenshot("admin-signal", full=False)
    assert reader.complaints == []


def test_a_signal_is_reviewed_with_a_note(reader: Reader):
    sign_in(reader)
    page = reader.open("/admin/signals/signal/?q=TEST1", "#result_list")
    page.locator("#result_list tbody .action-select").first.check()
    page.get_by_label("Note").fill("dividend cut-off tomorrow")
    page.get_by_role("combobox").filter(has_text="Reject").select_option(label="Reject: withdraw from users")
    reader.screenshot("admin-signal-review", full=False)
    page.get_by_role("button", name="Run").click()
    expect(page.locator("body")).to_contain_text("Rejected: 1 signal.")
    reader.screenshot("admin-signals-reviewed", full=False)
    reader.open("/admin/signals/signal/?q=TEST1&review=rejected", "#result_list")
    page.locator("#result_list tbody th a").first.click()
    expect(page.locator("body")).to_contain_text("dividend cut-off tomorrow")
    page.get_by_text("dividend cut-off tomorrow").scroll_into_view_if_needed()
    reader.screenshot("admin-signal-rejected", full=False)
    assert reader.findings() == []
    assert reader.complaints == []


def test_candles_are_a_table(reader: Reader):
    sign_in(reader)
    page = reader.open("/admin/market/instrument/?q=SIM01", "#result_list")
    page.get_by_role("link", name="Show", exact=True).first.click()
    expect(page.locator(".staff-candles tbody tr")).to_have_count(200)
    expect(page.locator(".staff-candles caption")).to_contain_text("SIMULATED")
    reader.screenshot("admin-candles", full=False)
    assert reader.complaints == []


def test_the_sign_in_opens(reader: Reader):
    page = reader.open("/app/login/", "#id_username")
    page.get_by_text("Код с устройства").or_(page.get_by_text("Code from the device")).first.click()
    reader.screenshot("login", full=False)
    assert reader.findings() == []
    page.fill("#id_username", "admin")
    page.fill("#id_password", reader.site.staff_password)
    page.get_by_role("button").click()
    page.wait_for_url("**/app/")
    page.wait_for_selector(".tile")
    assert reader.complaints == []
