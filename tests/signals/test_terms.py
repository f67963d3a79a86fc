"""On what terms shares may be traded: those of the day, and the same as training's rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from market.models import CorporateAction, InstrumentTerms, TradingDay
from market.selectors.bars import bars_load
from market.selectors.dividends import dividends_ahead
from market.selectors.instruments import instruments_on
from modeling.selectors.label_sets import barrier_set_get
from modeling.selectors.terms import trading_terms
from signals.terms import is_halted, known_terms_load, share_terms
from tests.market import make
from traderai.common.clock import from_epoch_s

pytestmark = pytest.mark.django_db
SWING, INTRADAY = (
    barrier_set_get(name="swing_v1"),
    replace(barrier_set_get(name="intraday_v2", timeframe="5m"), max_gap_min=30),
)


def at(text: str):
    return make.moscow(text)


def terms_at(facts, bars, row: int):
    known_at = from_epoch_s(int(bars.known_s[row]))
    known = known_terms_load(instruments=[facts], as_of=known_at)
    return share_terms(
        instrument=facts, bars=bars.part(0, row + 1), known=known, decided_at=known_at, label_set=SWING
    )


@pytest.mark.parametrize("shortable", [True, False])
def test_a_share_may_be_shorted_where_its_row_was_taught_so(shortable):
    facts = make.instrument("SHR", shortable=shortable, price_step_rub=0.01)
    begins = [begin for day in make.days_of("2022-02-21", 6) for begin in make.hours(str(day), count=4)]
    make.write(facts, make.columns(begins))
    bars = bars_load(secid="SHR", timeframe=make.Timeframe.H1, as_of=at("2022-04-01"))
    taught = trading_terms(facts, bars).shortable
    found = [terms_at(facts, bars, row).shortable for row in range(len(bars))]
    assert found == taught.tolist()
    # The ban of 24 February 2022 lies among the days: today's flag alone would have been wrong.
    assert (found != [shortable] * len(bars)) == shortable


def test_step_and_lot_are_those_of_the_day():
    facts = make.instrument("SHR", lot_size=1, price_step_rub=0.5)
    CorporateAction.objects.create(
        instrument_id=facts.id, kind="split", ex_date=date(2024, 2, 21), shares_after_per_before=100.0,
        known_at=at("2024-02-20"), source="test",
    )  # fmt: skip
    TradingDay.objects.create(date=date(2024, 3, 1), trading_date=date(2024, 3, 1), is_real=True)

    def on(day: str):
        (found,) = instruments_on(instruments=[facts], day=date.fromisoformat(day))
        return found.lot_size, found.price_step_rub

    assert on("2024-02-21") == (1, 0.5)
    assert on("2024-02-20") == (1, 50.0)  # a hundredth of a lot is none
    InstrumentTerms.objects.create(
        instrument_id=facts.id, valid_from=date(2023, 1, 10), lot_size=20, price_step_rub=20.0, source="test"
    )
    assert on("2023-06-01") == (20, 20.0)
    assert on("2023-01-09") == (1, 50.0)


def test_a_split_that_is_yet_to_come_changes_no_terms():
    facts = make.instrument("SHR", lot_size=10, price_step_rub=0.5)
    TradingDay.objects.create(date=date(2024, 2, 20), trading_date=date(2024, 2, 20), is_real=True)
    CorporateAction.objects.create(
        instrument_id=facts.id, kind="split", ex_date=date(2024, 2, 21), shares_after_per_before=100.0,
        known_at=at("2024-02-19"), source="test",
    )  # fmt: skip
    (found,) = instruments_on(instruments=[facts], day=date(2024, 2, 20))
    assert (found.lot_size, found.price_step_rub) == (10, 0.5)


def dividend(facts, ex_date: str, known: str) -> None:
    CorporateAction.objects.create(
        instrument_id=facts.id, kind="dividend", ex_date=date.fromisoformat(ex_date), amount_rub=5.0,
        known_at=at(known), source=f"told {known}",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("day", "ahead"),
    [
        ("2023-07-03", None),  # the board's word came on the fourth
        ("2023-07-05", 4),  # Thursday, Friday, Monday, and the day itself
        ("2023-07-07", 2),  # a Friday
        ("2023-07-10", 1),  # the last day with the dividend
        ("2023-07-11", None),  # the first without it
    ],
)
def test_a_dividend_is_counted_in_trading_days_once_it_is_known(day, ahead):
    facts = make.instrument("SHR", price_step_rub=0.01)
    dividend(facts, "2023-07-11", "2023-07-04T20:00")
    make.write(facts, make.columns(make.hours(day, count=4)))
    bars = bars_load(secid="SHR", timeframe=make.Timeframe.H1, as_of=at("2023-08-01"))
    assert terms_at(facts, bars, len(bars) - 1).days_to_ex_dividend == ahead


def test_dividends_ahead_leave_out_what_was_not_known_or_is_past():
    facts = make.instrument("SHR")
    for ex_date, known in (
        ("2023-07-11", "2023-07-01"),
        ("2023-07-12", "2023-07-09"),
        ("2023-07-05", "2023-06-01"),
    ):
        dividend(facts, ex_date, known)
    found = dividends_ahead(
        instruments=[facts], as_of=at("2023-07-05T19:00"), after=date(2023, 7, 5), until=date(2023, 7, 20)
    )
    assert [one.ex_date for one in found[facts.id]] == [date(2023, 7, 11)]


def halted(known: str, market: str, *, labels=SWING, simulated: bool = False) -> bool:
    return is_halted(known_at=at(known), market_at=at(market), label_set=labels, simulated=simulated)


@pytest.mark.parametrize(
    ("known", "market", "labels", "expected"),
    [
        ("2023-07-05T15:00", "2023-07-05T15:00", SWING, False),
        ("2023-07-05T12:00", "2023-07-05T13:00", SWING, False),
        ("2023-07-05T12:00", "2023-07-05T15:00", SWING, True),  # three hours without it
        ("2023-07-05T12:00", "2023-07-05T13:00", INTRADAY, True),  # no row is taught over half an hour
        ("2023-07-04T18:00", "2023-07-05T11:00", SWING, False),  # a night is no halt
        ("2023-07-04T18:00", "2023-07-05T14:00", SWING, True),  # but four hours of the morning are
        ("2023-06-29T18:00", "2023-07-05T10:00", SWING, True),  # over five and a half days
        ("2022-03-25T12:00", "2022-03-25T12:00", SWING, True),  # after the closure, with all its bars
        ("2022-03-31T12:00", "2022-03-31T12:00", SWING, False),
    ],
)
def test_a_halt_is_found_out(known, market, labels, expected):
    assert halted(known, market, labels=labels) == expected


def test_simulated_shares_know_neither_closures_nor_hours_of_the_exchange():
    assert not halted("2022-03-25T12:00", "2022-03-25T12:00", simulated=True)
    assert not halted("2023-07-04T18:00", "2023-07-05T14:00", simulated=True)
    assert halted("2023-06-29T18:00", "2023-07-05T10:00", simulated=True)


def test_a_share_that_fell_silent_is_told_as_halted():
    facts = make.instrument("SHR", price_step_rub=0.01)
    make.write(facts, make.columns(make.hours("2023-07-05", count=3)))
    bars = bars_load(secid="SHR", timeframe=make.Timeframe.H1, as_of=at("2023-08-01"))
    known_at = from_epoch_s(int(bars.known_s[-1]))
    for later, expected in ((timedelta(hours=1), False), (timedelta(hours=3), True)):
        known = known_terms_load(instruments=[facts], as_of=known_at + later)
        found = share_terms(instrument=facts, bars=bars, known=known, decided_at=known_at, label_set=SWING)
        assert found.halted == expected
    assert np.isclose(found.price_step_rub, 0.01)
