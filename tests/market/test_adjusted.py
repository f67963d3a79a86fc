"""Backward-adjusted candles: known splits leave no jump, unknown ones change nothing, dividends leave no gap."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.contracts import SIMULATOR_ORIGIN, CandleColumns, Timeframe
from market.kernels.adjustment import dividend_factors_backward
from market.models import CorporateAction
from market.selectors.adjusted import candles_adjusted
from market.selectors.bars import bars_load
from market.services.candle_write import candles_write
from market.sources.wall_clock import moscow_to_epoch_s
from tests.market import make
from traderai.common.clock import midnight

H1, D1 = Timeframe.H1, Timeframe.D1
LATER = make.moscow("2024-05-01")


def action(facts, kind, day, known=None, **figure):
    CorporateAction.objects.create(
        instrument_id=facts.id, kind=kind, ex_date=day, source="t", known_at=known or midnight(day), **figure
    )


@pytest.fixture
def facts(db):
    made = make.instrument()
    closes = {"2024-04-04": 1000.0, "2024-04-05": 970.0, "2024-04-08": 9.7, "2024-04-09": 9.2}
    for day, close in closes.items():
        make.write(made, make.columns(make.hours(day), [close] * 3))
    action(made, "split", date(2024, 4, 8), shares_after_per_before=100.0)
    action(made, "dividend", date(2024, 4, 5), amount_rub=30.0)
    action(made, "dividend", date(2024, 4, 9), amount_rub=0.5)
    return made


def adjusted(as_of=LATER, dividends=False, **given_):
    return candles_adjusted(secid="TEST", timeframe=H1, as_of=as_of, dividends=dividends, **given_)


def test_prices_are_in_todays_shares(facts):
    seen = adjusted()
    assert seen.close.tolist() == pytest.approx([10.0] * 3 + [9.7] * 6 + [9.2] * 3)
    assert seen.volume_shares.tolist() == pytest.approx([10_000.0] * 6 + [100.0] * 6)
    assert seen.price_factor.tolist() == pytest.approx([0.01] * 6 + [1.0] * 6)
    assert seen.high == pytest.approx(seen.close * 1.01)
    assert seen.turnover_rub == pytest.approx([100_000.0] * 3 + [97_000.0] * 3 + [970.0] * 3 + [920.0] * 3)


def test_dividends_leave_no_gap(facts):
    seen = adjusted(dividends=True)
    # 1000 less 30 is 970, then 9.7 less 0.5 is 9.2: whoever reinvested held the same.
    assert seen.close.tolist() == pytest.approx([9.2] * 12)
    assert seen.price_factor[-1] == 1.0


def test_nothing_counts_before_it_is_known(facts):
    before = adjusted(as_of=make.moscow("2024-04-07T12:00"), dividends=True)
    assert before.close.tolist() == pytest.approx([970.0] * 6)  # the dividend of the 5th alone
    at_night = adjusted(as_of=make.moscow("2024-04-08"))
    assert at_night.close.tolist() == pytest.approx([10.0] * 3 + [9.7] * 3)  # the day of the split has begun
    CorporateAction.objects.filter(kind="split").update(known_at=make.moscow("2024-04-20"))
    unknown = adjusted(as_of=make.moscow("2024-04-19"))
    assert unknown.close.tolist() == pytest.approx([1000.0] * 3 + [970.0] * 3 + [9.7] * 3 + [9.2] * 3)
    assert adjusted(as_of=make.moscow("2024-04-20")).close[0] == pytest.approx(10.0)


def test_a_split_announced_before_its_day_does_not_count_yet(facts):
    action(facts, "split", date(2024, 6, 3), known=make.moscow("2024-04-20"), shares_after_per_before=10.0)
    assert adjusted().close[-1] == 9.2
    assert adjusted(as_of=make.moscow("2024-06-03")).close[-1] == pytest.approx(0.92)


def test_a_weekend_session_is_in_mondays_shares(db):
    facts = make.instrument()
    for day, close in (("2025-03-07", 100.0), ("2025-03-08", 10.0), ("2025-03-10", 10.0)):
        make.write(facts, make.columns(make.hours(day), [close] * 3))
    early = make.moscow("2025-03-01")
    action(facts, "split", date(2025, 3, 10), known=early, shares_after_per_before=10.0)
    for as_of in ("2025-03-08T20:00", "2025-03-10T20:00"):
        assert set(adjusted(as_of=make.moscow(as_of)).close.round(9)) == {10.0}
    assert set(adjusted(as_of=make.moscow("2025-03-07T20:00")).close) == {100.0}


def test_a_simulated_weekend_session_goes_by_the_simulated_calendar(db):
    real, made = make.instrument("REAL"), make.instrument("SIM01", is_simulated=True)
    for day in ("2025-04-04", "2025-04-07"):  # the exchange had no session on that weekend
        make.write(real, make.columns(make.hours(day), [50.0] * 3))
    for day, close in (("2025-04-04", 1000.0), ("2025-04-05", 10.0), ("2025-04-07", 10.0)):
        make.write(made, make.columns(make.hours(day), [close] * 3), SIMULATOR_ORIGIN)
    action(made, "split", date(2025, 4, 7), known=make.moscow("2025-04-01"), shares_after_per_before=100.0)
    for as_of in ("2025-04-05T20:00", "2025-04-07T20:00"):
        seen = candles_adjusted(secid="SIM01", timeframe=H1, as_of=make.moscow(as_of), dividends=False)
        assert seen.close.tolist() == pytest.approx([10.0] * len(seen.close))


def test_since_leaves_candles_out_and_changes_no_number(facts):
    for dividends in (False, True):
        whole = adjusted(dividends=dividends)
        for start in range(len(whole)):
            since = make.moscow("1970-01-01T03:00") + timedelta(seconds=int(whole.begin_s[start]))
            part = adjusted(dividends=dividends, since=since)
            for name in ("begin_s", "open", "close", "volume_shares", "price_factor"):
                got, wanted = getattr(part, name), getattr(whole, name)[start:]
                assert got == pytest.approx(wanted, rel=1e-12), (start, name)


def test_the_past_is_the_same_up_to_one_factor(facts):
    """Cut the series at every bar: what was seen then differs from what is seen now by the shares' scale alone."""
    whole = adjusted()
    for stop in range(1, len(whole) + 1):
        moment = make.moscow("1970-01-01T03:00") + timedelta(seconds=int(whole.begin_s[stop - 1]) + 3600)
        seen = adjusted(as_of=moment)
        assert len(seen) == stop
        ratio = whole.close[:stop] / seen.close
        assert ratio == pytest.approx(np.full(stop, ratio[0]), rel=1e-12)


def test_it_agrees_with_the_forward_view(facts):
    forward = bars_load(secid="TEST", timeframe=H1, as_of=LATER)
    seen = adjusted()
    assert np.diff(np.log(seen.close)) == pytest.approx(np.diff(np.log(forward.close)), abs=1e-12)


def test_an_empty_history(db):
    make.instrument()
    assert len(adjusted()) == 0
    assert len(adjusted(dividends=True)) == 0


def slow_factors(close, dividends):
    factors, running = [], 1.0
    for at in reversed(range(len(close))):
        factors.append(running)
        if at > 0 and dividends[at]:
            running *= 1.0 - dividends[at] / close[at - 1]
    return factors[::-1]


@given(
    st.lists(st.tuples(st.floats(10.0, 1000.0), st.sampled_from([0.0, 0.0, 0.0, 1.0, 7.5])), max_size=30),
)
def test_factors_equal_a_walk_from_the_last_bar(rows):
    close = np.array([row[0] for row in rows], dtype=np.float64)
    dividends = np.array([row[1] for row in rows], dtype=np.float64)
    factors = dividend_factors_backward(close, dividends)
    assert factors.tolist() == pytest.approx(slow_factors(close, dividends), rel=1e-12)
    # The return over an ex-date is that of price and dividend together.
    for at in range(1, close.size):
        held = close[at] / (close[at - 1] - dividends[at])
        assert close[at] * factors[at] / (close[at - 1] * factors[at - 1]) == pytest.approx(held)


@pytest.mark.parametrize("dividend", [-1.0, 100.0, 150.0])
def test_a_dividend_that_cannot_be_is_refused(dividend):
    with pytest.raises(ValueError, match="must be above 0 and below"):
        dividend_factors_backward(np.array([100.0, 100.0]), np.array([0.0, dividend]))


# The last close before and the first after, as traded, at splits that everybody can look up.
KNOWN = {
    "GMKN": ("2024-04-08", 100.0),
    "TRNFP": ("2024-02-21", 100.0),
    "IRAO": ("2015-01-20", 0.01),
    "BELU": ("2024-08-20", 8.0),
    "VTBR": ("2024-07-15", 0.0002),
}


@pytest.mark.realdata
@pytest.mark.django_db
@pytest.mark.parametrize("secid", sorted(KNOWN))
def test_known_splits_leave_no_jump(real_data, secid):
    """Daily candles as traded, straight from the file, through the database: the split is gone, not a trace left."""
    import polars as pl

    day, ratio = KNOWN[secid]
    ex_date = date.fromisoformat(day)
    frame = (
        pl.read_parquet(real_data / "daily" / "1d_as_traded_2000_2024.parquet")
        .filter((pl.col("secid") == secid) & (pl.col("board") != "SMAL"))
        .filter(pl.col("date").is_between(ex_date - timedelta(days=60), ex_date + timedelta(days=60)))
        .sort("date")
    )
    facts = make.instrument(secid)
    begin_s = moscow_to_epoch_s(frame["date"].to_numpy().astype("datetime64[s]"))
    columns = {name: frame[name].to_numpy() for name in ("open", "high", "low", "close")}
    candles_write(
        instrument_id=facts.id,
        timeframe=D1,
        columns=CandleColumns(
            begin_s=begin_s,
            volume_shares=frame["volume"].to_numpy(),
            value_rub=frame["value"].to_numpy(),
            **columns,
        ),
        origin=make.FILE,
    )
    as_of = midnight(ex_date) + timedelta(days=80)
    raw = np.abs(np.log(columns["close"][1:] / columns["close"][:-1])).max()
    assert raw > 0.9 * abs(np.log(ratio))  # sabotage: without the split the jump is there
    action(facts, "split", ex_date, shares_after_per_before=ratio)
    seen = candles_adjusted(secid=secid, timeframe=D1, as_of=as_of, dividends=False)
    assert np.abs(np.diff(np.log(seen.close))).max() < 0.3
    assert seen.close[-1] == columns["close"][-1]
    forward = bars_load(secid=secid, timeframe=D1, as_of=as_of)
    assert np.abs(np.diff(np.log(forward.close))).max() < 0.3
    before = candles_adjusted(
        secid=secid, timeframe=D1, as_of=midnight(ex_date) - timedelta(seconds=1), dividends=False
    )
    assert before.close == pytest.approx(columns["close"][: len(before)])


@pytest.mark.django_db
def test_polyus_in_2025_is_not_known_before():
    facts = make.instrument("PLZL")
    for day, close in (("2025-03-25", 19_000.0), ("2025-03-27", 1_900.0)):
        make.write(facts, make.columns(make.hours(day), [close] * 3))
    action(facts, "split", date(2025, 3, 27), shares_after_per_before=10.0)

    def closes(as_of):
        found = candles_adjusted(secid="PLZL", timeframe=H1, as_of=make.moscow(as_of), dividends=False)
        return set(found.close)

    assert closes("2025-03-26T23:59") == {19_000.0}
    assert closes("2025-03-28") == {1_900.0}


def test_two_sources_of_one_split_tell_of_one(facts):
    CorporateAction.objects.create(
        instrument_id=facts.id, kind="split", ex_date=date(2024, 4, 8), source="staff:ann",
        known_at=midnight(date(2024, 4, 8)), shares_after_per_before=100.0,
    )  # fmt: skip
    seen = adjusted()
    assert seen.close.tolist() == pytest.approx([10.0] * 3 + [9.7] * 6 + [9.2] * 3)
    assert seen.price_factor[-1] == 1.0


def test_a_weeks_gap_is_taken_out_in_the_week_of_the_ex_date(db):
    made = make.instrument()
    # Four weeks: the dividend of 10 goes on the Wednesday of the second one.
    closes = {"2024-04-01": 100.0, "2024-04-08": 90.0, "2024-04-15": 90.0, "2024-04-22": 90.0}
    for monday, close in closes.items():
        days = [midnight(date.fromisoformat(monday) + timedelta(days=ahead)) for ahead in range(5)]
        prices = [close] * 5 if monday != "2024-04-08" else [100.0, 100.0, 90.0, 90.0, 90.0]
        for timeframe, bars in (
            (D1, make.columns(days, prices)),
            (Timeframe.W1, make.columns([midnight(date.fromisoformat(monday))], [close])),
        ):
            candles_write(instrument_id=made.id, timeframe=timeframe, columns=bars, origin=make.FILE)
    action(made, "dividend", date(2024, 4, 10), amount_rub=10.0)
    for since in (None, midnight(date(2024, 4, 8))):
        weeks = bars_load(secid="TEST", timeframe=Timeframe.W1, as_of=LATER, since=since)
        assert weeks.dividend_rub.tolist() == ([0.0] if since is None else []) + [10.0, 0.0, 0.0]
    # Handed out from the week after: the dividend is not that week's.
    later = bars_load(secid="TEST", timeframe=Timeframe.W1, as_of=LATER, since=midnight(date(2024, 4, 15)))
    assert later.dividend_rub.tolist() == [0.0, 0.0]
    # Before its week has closed nothing is there of it.
    early = bars_load(secid="TEST", timeframe=Timeframe.W1, as_of=make.moscow("2024-04-12"))
    assert early.dividend_rub.tolist() == [0.0]
    seen = candles_adjusted(secid="TEST", timeframe=Timeframe.W1, as_of=LATER, dividends=True)
    assert seen.close.tolist() == pytest.approx([90.0] * 4)
    daily = candles_adjusted(secid="TEST", timeframe=D1, as_of=LATER, dividends=True)
    assert daily.close.tolist() == pytest.approx([90.0] * 20)
