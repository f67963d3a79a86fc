"""Reading what stands behind the decisions on some shares, for all of them at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from features.contracts import RegimeFacts
from market.contracts import InstrumentFacts, TriggerFacts
from market.selectors.fundamentals_many import report_figures
from market.selectors.news import triggers_many
from signals.kernels.background import Background, NewsWord

COMPANY_METRICS: Final = ("roe", "net_margin", "net_debt", "net_debt_ebitda", "earnings_yoy")
NEWS_WINDOW: Final = timedelta(days=1)
NEWS_KEPT: Final = 2


def backgrounds_load(
    *, instruments: Sequence[InstrumentFacts], as_of: datetime, regimes: Mapping[str, RegimeFacts | None]
) -> dict[str, Background]:
    """Return by ticker what was known at `as_of`, in two queries; the regimes by sector are the caller's.

    Simulated shares have no sector, no reports and no market but their simulator's, so only verdicts on themselves are
    told of them.
    """
    real = [share for share in instruments if not share.is_simulated]
    company: Mapping[str, dict[str, float]] = {}
    if real:
        company = report_figures(instruments=real, metrics=COMPANY_METRICS, as_of=as_of)
    news = triggers_many(instruments=instruments, as_of=as_of, window=NEWS_WINDOW)
    return {
        share.secid: Background(
            sector_regime=None if share.is_simulated else regimes.get(share.sector),
            company=company.get(share.secid, {}),
            news=_words(news[share.secid], share),
        )
        for share in instruments
    }


def _words(triggers: Sequence[TriggerFacts], share: InstrumentFacts) -> tuple[NewsWord, ...]:
    own = [one for one in triggers if not share.is_simulated or one.scope == "instrument"]
    return tuple(
        NewsWord(
            scope=one.scope,
            event_type=one.event_type,
            direction=one.direction,
            score=one.score,
            title=one.title,
            published_at=one.at,
            known_at=one.known_at,
        )
        for one in own[:NEWS_KEPT]
    )
