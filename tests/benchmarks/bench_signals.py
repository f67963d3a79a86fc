"""Benchmarks of scoring a whole market: 250 shares with 2,500 hourly bars each, a version on `tech_v1` and 64 bars."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection
from django.test import Client

from features.services.build import features_build
from market.contracts import Timeframe
from market.models import Instrument
from market.services.candle_write import candles_write
from modeling.selectors.versions import champion_get
from signals.contracts import SignalAsk
from signals.services.ondemand import Desk
from signals.services.score import signals_score
from tests.benchmarks.bench_routes import p95_ms
from tests.benchmarks.figures import Figure
from tests.market.make import FILE
from tests.signals import builders
from traderai.accounts.models import User
from traderai.common import clock

SHARES, BARS, LOOKBACK = 250, 2500, 64
FEATURE_SET = "tech_v1"
BARS_BEHIND = 60
_HISTORY = """
INSERT INTO signals_signal (instrument_id, timeframe, horizon, bar_begin, as_of, valid_until, action, confidence, strength,
                            proven, source, model_version, trained_until, payload, created_at)
SELECT instrument_id, timeframe, horizon, bar_begin - n * interval '1 hour', as_of - n * interval '1 hour',
       valid_until - n * interval '1 hour', action, confidence, strength, proven, source, model_version, trained_until, payload,
       created_at
FROM signals_signal CROSS JOIN generate_series(1, %s) AS n
WHERE (instrument_id, bar_begin) IN (
    SELECT instrument_id, max(bar_begin) FROM signals_signal WHERE model_version = 'market-bench' GROUP BY instrument_id
) AND model_version = 'market-bench'
ON CONFLICT DO NOTHING
"""


def scoring() -> list[Figure]:
    market_make()
    signals_score(secids=["MKT000"], now=market_now(BARS - 1))  # compiles
    began_s = clock.monotonic_s()
    report = signals_score(now=market_now())
    seconds = clock.monotonic_s() - began_s
    own = [signal for signal in report.signals if signal.secid.startswith("MKT")]
    assert len(own) == 3 * SHARES and all(signal.new for signal in own)
    return [
        Figure(what=f"all {SHARES} shares scored and stored", value=seconds, unit="s", below=3.0),
        Figure(what="signals decided, explained and stored", value=len(own) / seconds, unit="1/s"),
    ]


def ondemand() -> list[Figure]:
    """Answers of the warm worker on that market, by version and features as the web asks for them."""
    desk, now = Desk(), market_now()
    moments = [market_now(BARS - back) for back in range(20)]

    def ask(number: int, *, past: bool) -> None:
        moment = moments[number % len(moments)] if past else now
        secid = f"MKT{number % SHARES:03}"
        question = SignalAsk(secid=secid, timeframe="1h", horizon="5d", moment=moment, past=past)
        assert desk.answer(question, now=now).model_version == "market-bench"

    return [
        Figure(
            what="a share decided on demand in the warm worker, p95",
            value=p95_ms(lambda number: ask(number, past=False)),
            unit="ms",
            below=60.0,
        ),
        Figure(
            what="the same of a past moment, p95",
            value=p95_ms(lambda number: ask(number, past=True)),
            unit="ms",
            below=60.0,
        ),
    ]


def history() -> list[Figure]:
    """What the web is asked, with sixty bars of that market behind: what is newest is to be found, not searched for."""
    assert history_make() > 3 * SHARES * (BARS_BEHIND - 1)
    client = Client()
    client.force_login(User.objects.create_user("history-bench", password="x", capital_rub=1_000_000))

    def analyze(number: int) -> None:
        body = {"secid": f"MKT{number % SHARES:03}", "horizon": ("3d", "5d", "10d")[number % 3]}
        answer = client.post("/api/v1/analyze_ticker", body, content_type="application/json")
        assert answer.status_code == 200 and answer.json()["model"], answer.content

    def heatmap(_number: int) -> None:
        answer = client.get("/api/v1/market_heatmap")
        assert answer.status_code == 200 and len(answer.json()["results"]) >= SHARES, answer.content

    return [
        Figure(
            what=f"stored analysis, {SHARES} shares and their history, p95",
            value=p95_ms(analyze),
            unit="ms",
            below=15.0,
        ),
        Figure(
            what=f"market_heatmap of {SHARES} shares and their history, p95", value=p95_ms(heatmap), unit="ms"
        ),
    ]


def history_make() -> int:
    """Say of the bars before it, too, what was said of the newest; return how many signals that makes."""
    with connection.cursor() as cursor:
        cursor.execute(_HISTORY, [BARS_BEHIND])
        made = cursor.rowcount
        cursor.execute("ANALYZE signals_signal")
    return made


def market_make() -> None:
    """Store the shares, their features of the last months and a version that reads them."""
    for number in range(SHARES):
        instrument = Instrument.objects.create(
            secid=f"MKT{number:03}", name_ru=f"Акция {number}", name_en=f"Share {number}", lot_size=10,
            sector="finance", shortable=True,
        )  # fmt: skip
        candles_write(
            instrument_id=instrument.pk,
            timeframe=Timeframe.H1,
            columns=builders.columns(number, BARS),
            origin=FILE,
        )
    now = market_now()
    secids = tuple(f"MKT{number:03}" for number in range(SHARES))
    features_build(
        feature_set=FEATURE_SET,
        timeframe=Timeframe.H1,
        secids=secids,
        since=now - timedelta(days=60),
        now=now,
    )
    builders.champion(
        "market-bench", scaled_on="MKT000", at=now, trained_until=now - timedelta(days=200),
        feature_set=FEATURE_SET, lookback=LOOKBACK, against=champion_get(),
    )  # fmt: skip


def market_now(bars: int = BARS) -> datetime:
    """Return a moment soon after the end of so many bars."""
    return builders.last_moment(bars) + timedelta(minutes=5)
