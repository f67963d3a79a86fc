"""The figures on real prices against a second implementation in pandas, and stress on the real days."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import empyrical
import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import stats
from sklearn.covariance import LedoitWolf

from market.models import CorporateAction
from portfolio.kernels.stress import worst_spell
from portfolio.selectors.rules import portfolio_rules_get
from tests.portfolio.daily_market import NOW, analyse, asked, store
from traderai.common.clock import MOSCOW

pytestmark = [pytest.mark.django_db, pytest.mark.realdata]
HELD = {"SBER": 400, "GAZP": 300, "LKOH": 20, "GMKN": 1000, "ASTR": 100, "MAGN": 500}
SHORT = "MAGN"


@pytest.fixture
def frames(real_data: Path, db) -> dict[str, pd.DataFrame]:
    """Store the real days of some shares and the index, and return them as they were traded."""
    scan = pl.scan_parquet(real_data / "daily/1d_as_traded_2000_2024.parquet")
    rows = scan.filter(
        pl.col("secid").is_in(list(HELD)) & (pl.col("date") >= date(2014, 11, 1)) & (pl.col("low") > 0)
    )
    index = pl.scan_parquet(real_data / "indices/imoex_1d_2010_2024.parquet")
    found = {}
    for key, own in rows.unique(["secid", "date"], keep="first").sort("date").collect().group_by("secid"):
        found[str(key[0])] = own.to_pandas().set_index("date")
    own = (
        index.filter((pl.col("secid") == "IMOEX") & (pl.col("date") >= date(2014, 11, 1)))
        .sort("date")
        .collect()
    )
    found["IMOEX"] = own.to_pandas().set_index("date")
    for secid, frame in found.items():
        kind = "index" if secid == "IMOEX" else "share"
        days = [day.date() if hasattr(day, "date") else day for day in frame.index]
        made = store(secid, days, frame["close"].to_numpy(float), kind=kind, lot_size=1, volume=1e7)
        if secid == "GMKN":  # 1 share became 100
            action(made, "split", date(2024, 4, 8), shares_after_per_before=100.0)
        if secid == "SBER":
            for day, amount in ((date(2023, 5, 11), 25.0), (date(2024, 7, 11), 33.3)):
                action(made, "dividend", day, amount_rub=amount)
    return found


def action(instrument: Any, kind: str, day: date, **figures: float) -> None:
    known_at = datetime(day.year, day.month, 1, tzinfo=MOSCOW)
    CorporateAction.objects.create(
        instrument=instrument, kind=kind, ex_date=day, source="test", known_at=known_at, **figures
    )


def second(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Daily total returns of the last 750 days of the index, by pandas."""
    close = pd.DataFrame({secid: frame["close"].astype(float) for secid, frame in frames.items()})
    close.index = pd.to_datetime(close.index)
    close.loc[close.index < "2024-04-08", "GMKN"] /= 100.0
    paid = pd.DataFrame(0.0, index=close.index, columns=close.columns)
    paid.loc["2023-05-11", "SBER"], paid.loc["2024-07-11", "SBER"] = 25.0, 33.3
    close = close[close["IMOEX"].notna()]
    paid = paid.reindex(close.index)
    returns = (close + paid) / close.shift() - 1.0
    return returns.iloc[-750:]


def positions() -> list[Any]:
    return [
        asked(secid, qty, side="short" if secid == SHORT else "long", qty_unit="shares")
        for secid, qty in HELD.items()
    ]


def test_every_figure_of_risk_is_that_of_a_second_implementation(frames):
    found = analyse(*positions(), capital_rub=1_000_000.0)
    risk, returns = found.risk, second(frames)
    assert risk is not None
    value = np.array([one.value_rub for one in found.positions])
    last = {secid: float(frame["close"].iloc[-1]) for secid, frame in frames.items()}
    assert value.tolist() == pytest.approx(
        [qty * last[secid] * (-1 if secid == SHORT else 1) for secid, qty in HELD.items()]
    )
    common = returns[list(HELD)].dropna()
    assert risk["days"] == len(common) and risk["left_out"] == []
    assert risk["first_day"] == common.index[0].date() and risk["last_day"] == common.index[-1].date()
    model = LedoitWolf().fit(common.to_numpy())
    sigma = float(np.sqrt(value @ model.covariance_ @ value))
    assert risk["shrinkage"] == pytest.approx(model.shrinkage_, rel=1e-9)
    assert risk["volatility_day_rub"] == pytest.approx(sigma, rel=1e-12)
    assert risk["volatility_annual_frac"] == pytest.approx(sigma * 252**0.5 / 1e6, rel=1e-12)
    assert abs(sum(row["volatility_day_rub"] for row in risk["contributions"]) - sigma) < 1e-9 * sigma
    profit = common.to_numpy() @ value
    for row in risk["tails"]:
        beyond = 1 - row["confidence"]
        if row["method"] == "historical":
            wanted = (
                -empyrical.value_at_risk(profit, beyond),
                -empyrical.conditional_value_at_risk(profit, beyond),
            )
        else:
            z = stats.norm.ppf(row["confidence"])
            wanted = (z * sigma, stats.norm.pdf(z) / beyond * sigma)
        assert (row["var_rub"], row["cvar_rub"]) == pytest.approx(wanted, rel=1e-9)
    assert risk["max_drawdown_frac"] == pytest.approx(-empyrical.max_drawdown(profit / 1e6), rel=1e-9)
    shortened = next(one.text for one in found.warnings if one.code == "history_shortened")
    assert shortened.endswith("traded: ASTR."), "listed in October 2023"
    deviation = np.sqrt(np.diag(model.covariance_))
    assert np.allclose(
        risk["correlation"]["matrix"], model.covariance_ / np.outer(deviation, deviation), atol=1e-4
    )
    betas = []
    for secid in HELD:
        both = returns[[secid, "IMOEX"]].dropna()
        betas.append(stats.linregress(both["IMOEX"], both[secid]).slope)
    assert [one.beta for one in found.positions] == pytest.approx(betas, rel=1e-9)
    assert risk["beta"] == pytest.approx(float(value @ betas) / 1e6, rel=1e-9)


def test_stress_is_each_shares_own_move_of_the_real_days(frames):
    found = analyse(*positions(), capital_rub=1_000_000.0)
    by_name = {spell["name"]: spell for spell in found.stress}
    day = by_name["2022-02-24"]
    assert day["index_move_frac"] == pytest.approx(2058.12 / 3084.74 - 1), "the worst day that there was"
    assert by_name["2022-09-21"]["index_move_frac"] == pytest.approx(2130.71 / 2215.67 - 1)
    for name, spell in by_name.items():
        total = 0.0
        for one, share in zip(found.positions, spell["shares"], strict=True):
            close = frames[one.secid]["close"]
            close.index = pd.to_datetime(close.index)
            own = close[(close.index <= str(spell["until"])) & (close.index >= str(spell["after"]))]
            if one.secid == "ASTR":  # listed in October 2023
                assert share["stand_in"] == "beta"
                move = max(one.beta * spell["index_move_frac"], -1.0)
            else:
                assert share["stand_in"] is None, (name, one.secid)
                move = float(own.iloc[-1] / own.iloc[0] - 1)
            assert share["move_frac"] == pytest.approx(move, rel=1e-9), (name, one.secid)
            total += move * one.value_rub
        assert spell["profit_rub"] == pytest.approx(total, rel=1e-9)
        assert spell["profit_frac"] == pytest.approx(total / 1e6, rel=1e-9)


def test_the_spells_of_months_are_the_deepest_falls_of_the_index(frames):
    close = frames["IMOEX"]["close"]
    close.index = pd.to_datetime(close.index)
    spells = {spell.name: spell for spell in portfolio_rules_get().stress}
    for month in ("2020-03", "2014-12"):
        before = close[close.index < f"{month}-01"].iloc[-1:]
        own = pd.concat([before, close[close.index.strftime("%Y-%m") == month]])
        peak, trough = worst_spell(own.to_numpy(float))
        assert own.index[peak].date() == spells[month].after
        assert own.index[trough].date() == spells[month].until


def test_rebalancing_of_real_positions_ends_inside_the_limits(frames):
    found = analyse(*positions(), capital_rub=400_000.0)
    assert found.proposals["verdict"] == "rebalance" and found.proposals["is_fewest"]
    cut = {row["secid"]: row["shares"] for row in found.proposals["trades"]}
    left = [
        asked(secid, qty - cut.get(secid, 0), side="short" if secid == SHORT else "long", qty_unit="shares")
        for secid, qty in HELD.items()
        if qty > cut.get(secid, 0)
    ]
    after = analyse(*left, capital_rub=400_000.0, now=NOW)
    assert after.proposals["verdict"] == "no_change"
