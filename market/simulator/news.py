"""News of the simulated market: plain sentences in both languages that name simulated shares only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from market.simulator.calendar import DAY_S, HOUR_S, MOSCOW_S, day_number, day_of
from market.simulator.config import SimulatorConfig
from market.simulator.corporate import listed_span
from market.simulator.events import CHATTER, EVENT, MARKET, REPORT, UNTOLD, report_moments
from market.simulator.paths import SimulatedPanel

MARK = "[СИМУЛЯЦИЯ / SIMULATED]"
_NOTICE_DAYS = 7  # a report's date is told so long before
_BEFORE_OPEN_S = 7200
# Said as the packaged scorer understands it, but for what moves the whole market or nothing.
_TEXTS = {
    (EVENT, 1): (
        ("выиграла дело: суд отклонил иск на 5 млрд руб.", "wins a lawsuit over 5 billion roubles"),
        ("объявила обратный выкуп акций", "announces a share buyback"),
        ("повысила прогноз прибыли на год", "raises its profit forecast for the year"),
    ),
    (EVENT, -1): (
        ("сообщила об аварии на заводе", "reports an accident at a plant"),
        ("оштрафована на 3 млрд руб.", "is fined 3 billion roubles"),
        ("снизила прогноз прибыли на год", "cuts its profit forecast for the year"),
    ),
    (REPORT, 1): (
        (
            "отчиталась по МСФО лучше ожиданий: чистая прибыль выросла",
            "reports better than expected: net profit rose",
        ),
    ),
    (REPORT, 0): (
        (
            "отчиталась по МСФО в рамках ожиданий: чистая прибыль не изменилась",
            "reports in line with expectations: net profit did not change",
        ),
    ),
    (REPORT, -1): (
        (
            "отчиталась по МСФО хуже ожиданий: чистая прибыль снизилась",
            "reports worse than expected: net profit fell",
        ),
    ),
    (MARKET, 1): (
        ("растут вместе с рынком: внешний фон улучшился", "rise with the market: the mood improves"),
    ),
    (MARKET, -1): (
        ("падают вместе с рынком: внешний фон ухудшился", "fall with the market: the mood worsens"),
    ),
    (CHATTER, 1): (("по мнению аналитика, выглядит сильно", "looks strong, an analyst says"),),
    (CHATTER, 0): (("провела встречу с инвесторами", "met investors"),),
    (CHATTER, -1): (("по мнению аналитика, выглядит слабо", "looks weak, an analyst says"),),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedNews:
    """One text about simulated shares."""

    external_id: str
    secids: tuple[str, ...]
    published_s: int
    title: str
    body: str


def simulated_news(
    config: SimulatorConfig, panel: SimulatedPanel, *, now_s: int
) -> tuple[SimulatedNews, ...]:
    """Return everything published up to a moment, oldest first; a later moment only appends.

    What moves a price inside a bar is published in the minute of the move; what moves the opening, in the two hours
    before it, when nobody trades. Notices of reports and dividends move nothing. News of the whole market name its
    shares one by one, so that they can never be linked to others.

    Causal: an item depends on bars up to the one it comes out in
    """
    found = [*_of_bars(config, panel), *_of_reports(config, now_s), *_of_dividends(config, panel)]
    found.sort(key=lambda item: (item.published_s, item.external_id))
    return tuple(item for item in found if item.published_s <= now_s)


def _of_bars(config: SimulatorConfig, panel: SimulatedPanel) -> list[SimulatedNews]:
    told = panel.events.told
    found = []
    for row in np.flatnonzero((told != UNTOLD).any(axis=1)).tolist():
        begin_s = int(panel.clock.begin_s[row])
        listed = [
            at for at in range(len(config.shares)) if _is_listed(config, at, int(panel.clock.date[row]))
        ]
        market = [at for at in listed if told[row, at] == MARKET]
        if market:
            found.append(
                _item(config, panel, row, market, _published(config, panel, row, market[0], begin_s))
            )
        found += [
            _item(config, panel, row, [at], _published(config, panel, row, at, begin_s))
            for at in listed
            if told[row, at] in {EVENT, REPORT, CHATTER}
        ]
    return found


def _published(config: SimulatorConfig, panel: SimulatedPanel, row: int, at: int, begin_s: int) -> int:
    second = int(np.random.default_rng([config.seed, 41, at, begin_s]).integers(0, _BEFORE_OPEN_S))
    if panel.clock.opens_day[row] and panel.events.told[row, at] in {EVENT, MARKET}:
        return begin_s - 1 - second
    return begin_s + 60 * int(panel.events.minute[row, at]) + second % 60


def _item(
    config: SimulatorConfig, panel: SimulatedPanel, row: int, shares: list[int], published_s: int
) -> SimulatedNews:
    secids = tuple(config.shares[at].secid for at in shares)
    kind, tone = int(panel.events.told[row, shares[0]]), int(panel.events.tone[row, shares[0]])
    texts = _TEXTS[kind, tone]
    russian, english = texts[int(panel.clock.begin_s[row] // HOUR_S) % len(texts)]
    return _news("e", secids, published_s, russian, english)


def _of_reports(config: SimulatorConfig, now_s: int) -> list[SimulatedNews]:
    """Notices: the day of a report is known before; whether it will be good is not."""
    start = date.fromisoformat(config.start)
    today = day_of((now_s + MOSCOW_S) // DAY_S)
    found = []
    for at, day, hour, minute in report_moments(
        config, since=start, until=today + timedelta(days=_NOTICE_DAYS + 1)
    ):
        told_on = day - timedelta(days=_NOTICE_DAYS)
        if told_on < start or not _is_listed(config, at, day_number(told_on)):
            continue
        secid = config.shares[at].secid
        russian = f"опубликует отчётность {day:%d.%m.%Y} в {hour:02}:{minute:02}"
        english = f"will publish its report on {day.isoformat()} at {hour:02}:{minute:02}"
        found.append(_news("n", (secid,), _noon_s(told_on) + 60 * at, russian, english))
    return found


def _of_dividends(config: SimulatorConfig, panel: SimulatedPanel) -> list[SimulatedNews]:
    found = []
    for dividend in panel.corporate.dividends:
        secid, day = config.shares[dividend.share].secid, dividend.registry_close
        russian = (
            f"назначила дивиденды {dividend.amount_rub:g} руб. на акцию, реестр закрывается {day:%d.%m.%Y}"
        )
        english = (
            f"will pay {dividend.amount_rub:g} roubles a share, the register closes on {day.isoformat()}"
        )
        found.append(
            _news("d", (secid,), _noon_s(dividend.announced_on) + 60 * dividend.share, russian, english)
        )
    return found


def _news(kind: str, secids: tuple[str, ...], published_s: int, russian: str, english: str) -> SimulatedNews:
    names = ", ".join(secids)
    return SimulatedNews(
        external_id=f"{kind}-{secids[0] if len(secids) == 1 else 'ALL'}-{published_s}",
        secids=secids,
        published_s=published_s,
        title=f"{MARK} {names} {russian}",
        body=f"{names} {english}. Этой компании и этой новости не существует. Neither exists.",
    )


def _is_listed(config: SimulatorConfig, at: int, day: int) -> bool:
    first, last = listed_span(config, config.shares[at])
    return first <= day_of(day) <= last


def _noon_s(day: date) -> int:
    return day_number(day) * DAY_S - MOSCOW_S + 12 * HOUR_S
