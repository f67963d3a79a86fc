"""What stands behind a decision is read as of its bar, for many shares as for one, and kept with the signal."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from features.contracts import REGIMES, RegimeFacts
from features.models import RegimeHistory
from market.models import FundamentalMetric, Instrument, NewsTrigger
from market.selectors.instruments import instrument_list
from signals.models import Signal
from signals.selectors.background import backgrounds_load
from signals.services.analyze import Question, ticker_analyze
from signals.services.score import signals_score
from tests.signals.builders import last_moment

NOW = last_moment()
FINANCE = RegimeFacts(name="panic", probabilities={}, since=NOW, as_of=NOW, reasons=(), sector="finance")


def regime(scope: str, name: str, *, days_ago: float = 0.5) -> None:
    at = NOW - timedelta(days=days_ago)
    RegimeHistory.objects.create(
        market=RegimeHistory.Market.MOEX, scope=scope, trading_day=at.date(), name=name, as_of=at, spell_began_on=at.date(), shares=5, built_at=at,
        probabilities={own: 0.75 if own == name else 0.05 for own in REGIMES},
        reasons=[["return_5d_pct", -3.1], ["return_20d_pct", -8.2], ["breadth_frac", 0.2]], source="", config_sha="x",
    )  # fmt: skip


def verdict(secid: str | None, *, hours_ago: float, **changes: object) -> None:
    at = NOW - timedelta(hours=hours_ago)
    target = {"is_market": True} if secid is None else {"instrument": Instrument.objects.get(secid=secid)}
    values = {
        "at": at,
        "known_at": at,
        "score": 70.0,
        "direction": -1,
        "event_type": "report",
        "scorer": "rules",
    }
    values |= {"scorer_version": "1", "external_id": f"{secid} {hours_ago} {changes}", **target}
    NewsTrigger.objects.create(**{**values, **changes})


def report(secid: str, metric: str, value: float, *, known_days_ago: float) -> None:
    FundamentalMetric.objects.create(
        instrument=Instrument.objects.get(secid=secid), metric=metric, period="2023", period_end=date(2023, 12, 31),
        value=value, source="test", known_at=NOW - timedelta(days=known_days_ago),
    )  # fmt: skip


def company(secid: str, *, known_days_ago: float) -> None:
    for metric, value in {
        "profit": 2e9,
        "equity": 1e10,
        "revenue": 8e9,
        "net_debt": 4e9,
        "ebitda": 5e9,
    }.items():
        report(secid, metric, value, known_days_ago=known_days_ago)


def test_only_what_was_known_then_is_told(market):
    verdict("SHR0", hours_ago=2)
    verdict("SHR1", hours_ago=30)
    verdict(None, hours_ago=-1, score=99.0)
    shares = [share for share in instrument_list() if share.secid in ("SHR0", "SHR1", "OLD")]
    regimes = {"finance": FINANCE, "it": None}
    found = backgrounds_load(instruments=shares, as_of=NOW, regimes=regimes)
    assert found["SHR0"].sector_regime == FINANCE
    assert found["OLD"].sector_regime is None  # of another sector, of which nothing is known
    assert [word.score for word in found["SHR0"].news] == [70.0]
    assert found["SHR1"].news == ()  # a day later no news is in force
    later = backgrounds_load(instruments=shares, as_of=NOW + timedelta(hours=2), regimes={})
    assert [word.scope for word in later["SHR0"].news] == ["market", "instrument"]
    alone = {
        share.secid: backgrounds_load(instruments=[share], as_of=NOW, regimes=regimes)[share.secid]
        for share in shares
    }
    assert alone == found
    with CaptureQueriesContext(
        connection,
    ) as queries:
        backgrounds_load(instruments=shares, as_of=NOW, regimes=regimes)
    assert len(queries) <= 2  # the reports, the news


@pytest.mark.parametrize(("days_ago", "told"), [(6.9, "panic"), (7.1, None)])
def test_an_old_regime_of_a_sector_is_none(champion, days_ago, told):
    regime("finance", "panic", days_ago=days_ago)
    regime("it", "uptrend")
    signals_score(secids=("SHR0",), now=NOW + timedelta(minutes=5))
    found = Signal.objects.filter(instrument__secid="SHR0").first().payload["sector_regime"]
    assert (found and found["name"]) == told


def test_figures_are_those_of_reports_that_were_out(market):
    company("SHR0", known_days_ago=3)
    shares = [share for share in instrument_list() if share.secid in ("SHR0", "SHR1")]
    early = NOW - timedelta(days=4)
    assert backgrounds_load(instruments=shares, as_of=early, regimes={})["SHR0"].company == {}
    late = backgrounds_load(instruments=shares, as_of=NOW, regimes={})
    assert late["SHR0"].company == pytest.approx(
        {"roe": 20.0, "net_margin": 25.0, "net_debt": 4e9, "net_debt_ebitda": 0.8}
    )
    assert late["SHR1"].company == {}


def test_a_signal_keeps_and_tells_what_stood_behind_it(champion):
    regime("finance", "panic")
    regime("", "downtrend")
    verdict("SHR0", hours_ago=2)
    signals_score(secids=("SHR0",), now=NOW + timedelta(minutes=5))
    signal = Signal.objects.filter(instrument__secid="SHR0", horizon="5d").get()
    assert signal.payload["sector_regime"]["name"] == "panic"
    assert [word["event_type"] for word in signal.payload["news"]] == ["report"]
    told = ticker_analyze(question=Question(secid="SHR0", language="ru"), now=NOW + timedelta(minutes=6))
    assert "Банки и финансы" in told.explanation and "паник" in told.explanation
    assert "отчётность" in told.explanation
    assert "Пороги зависят от режима рынка, а не сектора." in told.explanation
    assert told.news == ()  # a verdict that was pushed without a text has no title to show
