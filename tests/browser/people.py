"""What a signed-in reader of the browser tests does by the API, as any program of theirs could."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from tests.browser.conftest import Reader
from traderai.common import clock

API = "/api/v1"


# The browser's language, as one who has chosen it: else the language that the server keeps of a reader counts.
CHOSEN = "localStorage.getItem('traderai.language') || localStorage.setItem('traderai.language', navigator.language.slice(0, 2))"
_signed_in: dict[tuple[str, str], Any] = {}  # cookies by site and name: one sign-in serves all tests


def sign_in(reader: Reader, name: str) -> None:
    """Sign in by the form; a reader has data of one's own, and the cookie of the session."""
    reader.context.add_init_script(CHOSEN)
    known = (reader.site.address, name)
    if known in _signed_in:
        reader.context.add_cookies(_signed_in[known])
        return
    page = reader.open("/app/login/?next=/app/%3Ftab%3Dmore", "#id_username")
    page.fill("#id_username", name)
    page.fill("#id_password", reader.site.staff_password)
    page.locator("button[type=submit]").click()
    page.wait_for_url("**/app/?tab=more")
    _signed_in[known] = reader.context.cookies()


def asked(reader: Reader, path: str) -> Any:
    """Return the answer to a GET, in English."""
    answer = reader.context.request.get(
        f"{reader.site.address}{API}{path}", headers={"Accept-Language": "en"}
    )
    assert answer.ok, answer.text()
    return answer.json()


def told(reader: Reader, path: str, body: dict[str, Any]) -> Any:
    """Return the answer to a POST, in English."""
    cookies = reader.context.cookies()
    token = next(one["value"] for one in cookies if one["name"] == "csrftoken")
    answer = reader.context.request.post(
        f"{reader.site.address}{API}{path}",
        data=body,
        headers={"X-CSRFToken": token, "Referer": reader.site.address, "Accept-Language": "en"},
    )
    assert answer.ok, answer.text()
    return answer.json()


def bars(reader: Reader, secid: str, limit: int = 500) -> list[dict[str, Any]]:
    """Return the newest hourly candles, the oldest first."""
    found: list[dict[str, Any]] = asked(reader, f"/instruments/{secid}/candles?timeframe=1h&limit={limit}")[
        "candles"
    ]
    return found


def faults(reader: Reader) -> list[str]:
    """Return what hangs over the edge, what axe calls serious, and what the console said."""
    wide = reader.page.evaluate("document.documentElement.scrollWidth > innerWidth")
    return [*(["the page scrolls sideways"] if wide else []), *reader.findings(), *reader.complaints]


def last_price(reader: Reader, secid: str) -> float:
    return float(bars(reader, secid, 1)[-1]["close"])


def week_before(weeks: int) -> tuple[date, date]:
    """Return the first day of a week so many weeks ago, and that of the next one, in Moscow."""
    today = clock.now().astimezone(clock.MOSCOW).date()
    monday = today - timedelta(days=today.weekday() + 7 * weeks)
    return monday, monday + timedelta(days=7)


def a_week_of_trades(candles: list[dict[str, Any]], weeks: int, lots: int) -> str:
    """Return the table of a week: a purchase, one more, and both sold; at the closes of those hours."""
    first, end = (day.isoformat() for day in week_before(weeks))
    own = [bar for bar in candles if first <= bar["begin"][:10] < end]
    lines = []
    for place, side, qty in ((3, "BUY", lots), (12, "BUY", lots // 2), (40, "SELL", lots + lots // 2)):
        bar = own[place]
        at = datetime.fromisoformat(bar["begin"]) + timedelta(minutes=5)
        lines.append(f"{at.isoformat()};SIM07;{side};{qty};lots;{bar['close']}")
    return "\n".join(lines)
