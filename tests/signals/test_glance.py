"""The market at a glance: what is kept of it is never older than the tables."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import psycopg
import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from features.models import RegimeHistory
from market.contracts import Timeframe
from market.models import CorporateAction, Instrument, MarketChange, TradingDay
from market.selectors.changes import market_state
from market.services.candle_write import candles_write
from market.services.changes import changes_forget
from portfolio.services.watchlist import watchlist_replace
from signals.models import Review, Signal
from tests.market.make import FILE
from tests.signals import builders
from tests.signals.told import signal
from traderai.accounts.models import User
from traderai.common import clock

HEATMAP = "/api/v1/market_heatmap"
BARS = 60


def said(share: Instrument, bar: int, **changes: Any) -> Signal:
    row = signal(share, (bar, "BUY", 70))
    decision = {"side": "long", "edge": 0.125}
    payload = {
        "decision": decision, "regime": {"name": "calm"}, "warnings": [], "last_bar_at": row.as_of.isoformat(),
    }  # fmt: skip
    return signal(share, (bar, "BUY", 70), **{"payload": payload, **changes})


class Market:
    """Two shares in tables of their own, and who asks for them."""

    def __init__(self) -> None:
        self.shares = [builders.share(f"SHR{n}", seed=n, bars=BARS) for n in range(2)]
        Signal.objects.bulk_create(said(share, BARS - 2) for share in self.shares)
        self.user = User.objects.create_user("trader", password="x")
        self.client = Client()
        self.client.force_login(self.user)

    def queries(self) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert self.client.get(HEATMAP).status_code == 200
        self.sql = "\n".join(one["sql"] for one in queries)
        return len(queries)

    def writes(self) -> dict[str, Callable[[], Any]]:
        """Return a write of each table that the answer reads."""
        share, now = self.shares[0], clock.now()
        columns = builders.columns(0, BARS)
        newest = columns.take(np.arange(BARS - 1, BARS))
        return {
            "signals_signal": lambda: said(share, BARS - 1).save(),
            "signals_review": lambda: Review.objects.create(
                signal=Signal.objects.order_by("-pk")[0], verdict="rejected", note="?", by="anna", at=now
            ),
            "market_candle": lambda: candles_write(
                instrument_id=share.pk,
                timeframe=Timeframe.H1,
                columns=type(newest)(
                    **{
                        **{name: getattr(newest, name) for name in newest.__dataclass_fields__},
                        "volume_shares": newest.volume_shares + 1,
                    }
                ),
                origin=FILE,
            ),
            "market_instrument": lambda: Instrument.objects.filter(pk=share.pk).update(sector="it"),
            "market_tradingday": lambda: TradingDay.objects.filter(is_real=True).update(is_simulated=True),
            "market_corporateaction": lambda: CorporateAction.objects.create(
                instrument=share,
                kind="split",
                ex_date="2024-01-15",
                shares_after_per_before=2,
                known_at=now,
                source="test",
            ),
            "features_regimehistory": lambda: RegimeHistory.objects.create(
                market="MOEX",
                trading_day="2024-01-12",
                name="flat",
                probabilities={"flat": 1.0},
                reasons=[],
                shares=2,
                spell_began_on="2024-01-12",
                as_of=now,
                source="test",
                config_sha="0",
                built_at=now,
            ),
            "modeling_modelversion": lambda: connection.cursor().execute(
                "UPDATE modeling_modelversion SET version = version"
            ),
        }


@pytest.mark.django_db(transaction=True)
def test_what_is_kept_is_never_older_than_the_tables(monkeypatch):
    moment = clock.now()
    monkeypatch.setattr(clock, "now", lambda: moment)  # within one minute, however slow the machine is
    market = Market()
    cold, warm = market.queries(), market.queries()
    # Session, user, and whether anything has been written; cold also what is read, here with bars of long ago.
    assert (cold, warm) == (8, 3)
    _every_table_is_watched(market)
    _every_write_is_noticed(market)
    _order_of_commits_does_not_matter(market)
    _a_writer_that_is_not_watched_goes_unnoticed(market)
    assert market.queries() > 3  # noticed as soon as there is a change after it
    assert changes_forget(now=clock.now()) == 0 < MarketChange.objects.count()
    assert changes_forget(now=clock.now() + timedelta(days=2)) > 0 == MarketChange.objects.count()


def _every_table_is_watched(market: Market) -> None:
    Instrument.objects.update(sector="finance")
    market.queries()
    read = set(re.findall(r'(?:FROM|JOIN)\s+"?((?:market|features|modeling|signals)_\w+)"?', market.sql))
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname LIKE '%\\_noted'")
        watched = {name for (name,) in cursor.fetchall()}
    assert read - {"market_marketchange"} == set(market.writes()) <= watched


def _every_write_is_noticed(market: Market) -> None:
    for table, write in market.writes().items():
        market.queries()
        state, _ = market_state()
        assert market.queries() == 3
        write()
        assert market_state(since=state)[1], table
        assert market.queries() > 3, table
    state, _ = market_state()
    watchlist_replace(user_id=market.user.pk, secids=["SHR0"], now=clock.now())
    assert not market_state(since=state)[1] and market.queries() == 3
    with transaction.atomic():  # where its own writes have one number nothing is kept
        assert market_state(since=state) is None and market.queries() > 3


def _order_of_commits_does_not_matter(market: Market) -> None:
    parameters = connection.get_connection_params()
    options = {
        name: parameters[name]
        for name in ("host", "port", "user", "password", "dbname")
        if name in parameters
    }
    change = "UPDATE market_instrument SET sector = %s WHERE secid = %s"
    with psycopg.connect(**options) as early, psycopg.connect(**options) as late:
        early.execute(change, ["power", "SHR0"])
        late.execute(change, ["retail", "SHR1"])
        for writer, sectors in ((late, {"it", "retail"}), (early, {"power", "retail"})):
            market.queries()
            assert market.queries() == 3  # nothing of it can be seen yet
            writer.commit()
            rows = market.client.get(HEATMAP).json()["results"]
            assert {row["sector"] for row in rows} == sectors


def _a_writer_that_is_not_watched_goes_unnoticed(market: Market) -> None:
    """Sabotage: without the trigger an old answer would be given."""
    market.queries()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE market_instrument DISABLE TRIGGER market_instrument_noted")
        Instrument.objects.update(sector="metals")
        assert {row["sector"] for row in market.client.get(HEATMAP).json()["results"]} == {"power", "retail"}
        cursor.execute("ALTER TABLE market_instrument ENABLE TRIGGER market_instrument_noted")
    Instrument.objects.update(sector="metals")
