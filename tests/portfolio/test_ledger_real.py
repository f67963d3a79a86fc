"""An exported journal at real prices, through a real split, against share-by-share bookkeeping."""

from __future__ import annotations

from collections import deque
from datetime import date, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from market.models import CorporateAction
from portfolio.selectors.journal import positions_get, round_trips_get
from portfolio.services.csv_import import trades_import
from tests.portfolio import ledger_maker as make
from tests.portfolio.daily_market import store
from traderai.common.clock import MOSCOW

pytestmark = [pytest.mark.django_db, pytest.mark.realdata]
SPLIT = date(2024, 4, 8)  # 1 share of GMKN became 100
NOW = datetime(2024, 12, 31, 12, tzinfo=MOSCOW)
HEADER = "Номер;Дата торгов;Время;Код инструмента;Операция;Кол-во;Цена;Комиссия ТС\n"


@pytest.fixture
def closes(real_data: Path, db) -> dict[str, dict[date, float]]:
    """Store the real days of 2024 of three shares and return their closes as traded."""
    scan = pl.scan_parquet(real_data / "daily/1d_as_traded_2000_2024.parquet")
    rows = scan.filter(
        pl.col("secid").is_in(["SBER", "GAZP", "GMKN"])
        & (pl.col("date") >= date(2024, 1, 1))
        & (pl.col("low") > 0)
    )
    found: dict[str, dict[date, float]] = {}
    for secid, day, close in (
        rows.unique(["secid", "date"]).sort("date").select("secid", "date", "close").collect().iter_rows()
    ):
        found.setdefault(secid, {})[day] = float(close)
    for secid, own in found.items():
        made = store(secid, list(own), np.array(list(own.values())), lot_size=1)
        if secid == "GMKN":
            CorporateAction.objects.create(
                instrument=made, kind="split", ex_date=SPLIT, shares_after_per_before=100.0, source="test",
                known_at=datetime(2024, 3, 1, tzinfo=MOSCOW),
            )  # fmt: skip
    return found


def journal(closes: dict[str, dict[date, float]]) -> list[tuple[str, date, str, int, float, float]]:
    """Return random trades at the closes: ticker, day, side, quantity, price, commission."""
    rng = np.random.default_rng(8)
    made = []
    for secid, own in closes.items():
        days = sorted(own)
        for place in sorted(rng.choice(len(days), 40, replace=False)):
            day = days[place]
            qty = int(rng.integers(1, 10)) * (100 if secid == "GMKN" and day >= SPLIT else 1)
            side = str(rng.choice(["Купля", "Продажа"]))
            made.append((secid, day, side, qty, own[day], round(qty * own[day] * 0.0007, 2)))
    return made


def share_by_share(trades) -> tuple[float, dict[str, int]]:
    """Return the P&L after commissions of what was closed, and what is held, each share kept apart in a queue."""
    made, held = 0.0, {}
    for secid in {row[0] for row in trades}:
        queue: deque[tuple[int, float, float]] = deque()  # sign, price, commission of each share of today
        for _, day, side, qty, price, commission in sorted(row for row in trades if row[0] == secid):
            scale = 100 if secid == "GMKN" and day < SPLIT else 1
            sign = 1 if side == "Купля" else -1
            each = (sign, price / scale, commission / (qty * scale))
            for _ in range(qty * scale):
                if queue and queue[0][0] != sign:
                    was = queue.popleft()
                    made += was[0] * (each[1] - was[1]) - was[2] - each[2]
                else:
                    queue.append(each)
        held[secid] = sum(share[0] for share in queue)
    return made, held


def test_an_exported_journal_through_a_real_split(closes):
    trades = journal(closes)
    rows = [
        f"{number};{day:%d.%m.%Y};18:00:00;{secid};{side};{qty};{str(price).replace('.', ',')};{commission}"
        for number, (secid, day, side, qty, price, commission) in enumerate(trades, start=1)
    ]
    own = make.account(make.user())
    report = trades_import(
        user_id=own.user_id, account_id=own.pk, content=(HEADER + "\n".join(rows)).encode("cp1251"), unit=None,
        dry_run=False, now=NOW,
    )  # fmt: skip
    assert (report.layout, report.added, report.problems) == ("quik", 120, ())
    assert not any(row.remarks for row in report.taken), "all prices lie in their days' ranges"
    pnl, held = share_by_share(trades)
    trips = round_trips_get(account_id=own.pk, as_of=NOW)
    assert len(trips) > 60 and any(
        trip.secid == "GMKN" and trip.opened_at.date() < SPLIT <= trip.closed_at.date() for trip in trips
    )
    assert sum(trip.pnl_rub for trip in trips) == pytest.approx(pnl, abs=0.01)
    told = {
        each.secid: each.qty_shares if each.is_long else -each.qty_shares
        for each in positions_get(account_id=own.pk, as_of=NOW)
    }
    assert {secid: told.get(secid, 0) for secid in held} == pytest.approx(held)
