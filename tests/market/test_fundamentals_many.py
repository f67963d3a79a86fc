from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import pytest

from market.contracts import Timeframe
from market.fundamentals_config import fundamentals_config
from market.models import CorporateAction, Instrument, MacroSeries, MacroValue
from market.selectors import fundamentals_many
from market.selectors.fundamentals import fundamental_series, fundamentals_at
from market.selectors.fundamentals_many import (
    companies_load,
    company_figures,
    company_price_forward,
    first_bars,
    report_figures,
)
from market.selectors.instruments import instrument_list
from market.selectors.macro import macro_series
from market.services.candle_write import candles_write
from tests.features.companies import LATE, SPLIT_ON, at, company_market, figure
from tests.market import make
from traderai.common.clock import to_epoch_s
from traderai.common.errors import InputError

pytestmark = pytest.mark.django_db
NAMES = list(fundamentals_config().metrics)


def moments_of(since: str, until: str, *, hours: int = 31) -> np.ndarray:
    return np.arange(to_epoch_s(at(since)), to_epoch_s(at(until)) + 1, 3600 * hours, dtype=np.int64)


def differences(
    moments: np.ndarray, *, since: datetime | None, as_of: datetime = LATE
) -> list[tuple[str, str]]:
    companies = companies_load(instruments=instrument_list(), since=since, as_of=as_of)
    found = []
    for secid, company in companies.items():
        many = company_figures(company=company, metrics=NAMES, moments_s=moments)
        one = fundamental_series(secid=secid, metrics=NAMES, moments_s=moments, as_of=as_of)
        found += [(secid, name) for name in NAMES if many[name].tobytes() != one[name].tobytes()]
    return found


def whole_hours() -> None:
    """One share has hourly candles alone, and one has no candles."""
    facts = make.instrument("HOUR")
    make.write(facts, make.columns(make.hours("2023-03-01") + make.hours("2023-03-02"), [50.0] * 6))
    for day in range(1, 3):
        figure(
            Instrument.objects.get(secid="HOUR"),
            "market_cap",
            f"2023-03-0{day}",
            5e8,
            at(f"2023-03-0{day}", 20),
        )
    figure(Instrument.objects.get(secid="HOUR"), "equity", "2022", 7e8, at("2023-04-01"))
    make.instrument("BARE")


def test_the_figures_of_many_are_those_of_one_to_the_bit():
    company_market()
    whole_hours()
    assert differences(moments_of("2021-12-01", "2024-06-01"), since=None) == []
    for day in ("2023-01-01", "2023-12-20"):
        later = moments_of(day, "2024-04-01")
        assert differences(later, since=at(day)) == []
        assert differences(later, since=at(day), as_of=at("2023-12-22", 13)) == []
    company = companies_load(instruments=instrument_list(), as_of=LATE)["HOUR"]
    moment = moments_of("2023-04-02", "2023-04-02")
    assert company_figures(company=company, metrics=["pb"], moments_s=moment)["pb"] == 5e8 / 7e8


def test_counts_of_shares_and_reports_that_are_left_out_would_be_seen(monkeypatch):
    company_market()
    moments = moments_of("2023-05-16", "2023-07-01", hours=72)
    assert differences(moments, since=at("2023-05-16")) == []
    with monkeypatch.context() as patched:
        patched.setattr(fundamentals_many, "_COUNTS_BEFORE", 5)
        assert ("OILA", "market_cap") in differences(moments, since=at("2023-05-16"))
    monkeypatch.setattr(fundamentals_many, "_REPORTS_BEFORE", timedelta(days=-420))
    assert ("OILA", "profit") in differences(moments, since=at("2023-05-16"))


def test_an_unknown_metric_is_refused_with_the_nearest_one():
    make.instrument()
    company = companies_load(instruments=instrument_list(), as_of=LATE)["TEST"]
    with pytest.raises(InputError, match="did you mean 'ev_ebitda'"):
        company_figures(
            company=company, metrics=["ev_ebitd"], moments_s=moments_of("2023-01-01", "2023-01-01")
        )


def test_prices_and_first_bars_of_many():
    company_market()
    instruments = instrument_list()
    first = first_bars(instruments=instruments, timeframe=Timeframe.D1)
    assert first["OILD"] == at("2023-02-06") and first["OILA"] == at("2022-01-03")
    assert first_bars(instruments=instruments, timeframe=Timeframe.H1) == {}
    company = companies_load(instruments=instruments, since=at("2023-05-01"), as_of=LATE)["METL"]
    days = [date(2023, 4, 21) + timedelta(days=n) for n in (0, 45, 46)]
    moments = np.array([to_epoch_s(at(day)) for day in days], dtype=np.int64)
    price = company_price_forward(company=company, moments_s=moments)
    assert np.isfinite(price).tolist() == [True, True, False]


def test_a_split_that_two_sources_tell_is_one_split():
    company_market()
    share = Instrument.objects.get(secid="OILA")
    moments = moments_of("2023-03-01", "2023-08-01")
    ask = {"secid": "OILA", "metrics": ["market_cap", "shares"], "moments_s": moments, "as_of": LATE}
    before = fundamental_series(**ask)
    CorporateAction.objects.create(
        instrument=share, kind="split", ex_date=SPLIT_ON, shares_after_per_before=10.0, known_at=at("2023-04-01"),
        source="another",
    )  # fmt: skip
    after = fundamental_series(**ask)
    assert {name: made.tobytes() for name, made in after.items()} == {
        name: made.tobytes() for name, made in before.items()
    }


def test_what_becomes_known_in_the_course_of_a_second_counts_from_the_next():
    facts = make.instrument()
    share = Instrument.objects.get(pk=facts.id)
    figure(share, "equity", "2022", 5.0, at("2023-05-01") + timedelta(microseconds=200))
    second = to_epoch_s(at("2023-05-01"))
    moments = np.array([second, second + 1], dtype=np.int64)
    for as_of in (at("2023-05-01"), LATE):
        made = fundamental_series(secid="TEST", metrics=["equity"], moments_s=moments[:1], as_of=as_of)
        assert np.isnan(made["equity"][0])
        assert "equity" not in fundamentals_at(secid="TEST", as_of=at("2023-05-01")).values
    whole = fundamental_series(secid="TEST", metrics=["equity"], moments_s=moments, as_of=LATE)
    assert whole["equity"][1] == 5.0


def test_series_do_not_change_with_what_became_known_later():
    company_market()
    cuts = [at("2022-08-30"), at("2023-05-14", 13), at("2023-05-16"), at("2023-11-30")]
    for cut in cuts:
        moments = np.append(moments_of("2022-02-01", f"{cut:%Y-%m-%d}"), to_epoch_s(cut))
        moments = moments[moments <= to_epoch_s(cut)]
        early = companies_load(instruments=instrument_list(), as_of=cut)
        late = companies_load(instruments=instrument_list(), as_of=LATE)
        for secid in early:
            then, now = (
                company_figures(company=rows[secid], metrics=NAMES, moments_s=moments)
                for rows in (early, late)
            )
            for name in NAMES:
                assert then[name].tobytes() == now[name].tobytes(), (secid, name, cut)


def test_the_key_rate_counts_from_the_second_after_its_publication():
    company_market()
    known_at = at("2023-12-28") + timedelta(microseconds=700)
    MacroValue.objects.create(
        series=MacroSeries.objects.get(), date=date(2023, 12, 29), value=17.0, known_at=known_at, source="t"
    )
    second = to_epoch_s(at("2023-12-28"))
    made = macro_series(code="key_rate", moments_s=np.array([second, second + 1]), as_of=LATE)
    assert made.tolist() == [16.0, 17.0]


def test_candles_of_a_timeframe_that_prices_nothing_change_nothing():
    company_market()
    moments = moments_of("2023-03-01", "2023-04-01")
    ask = {"secid": "OILB", "metrics": ["pe"], "moments_s": moments, "as_of": LATE}
    before = fundamental_series(**ask)["pe"]
    candles_write(
        instrument_id=Instrument.objects.get(secid="OILB").pk, timeframe=Timeframe.H1,
        columns=make.columns(make.hours("2023-03-10"), [900.0] * 3), origin=make.FILE,
    )  # fmt: skip
    assert np.isfinite(before).any()
    assert fundamental_series(**ask)["pe"].tobytes() == before.tobytes()
    assert differences(moments, since=at("2023-03-01")) == []


def test_figures_of_reports_alone_are_those_of_one_at_a_moment():
    company_market()
    metrics = ["roe", "net_margin", "net_debt", "net_debt_ebitda", "earnings_yoy"]
    known = 0
    for moment in (at("2022-07-01"), at("2023-06-30", 11), at("2024-03-01")):
        many = report_figures(instruments=instrument_list(), metrics=metrics, as_of=moment)
        for secid, found in many.items():
            one = fundamentals_at(secid=secid, as_of=moment).values
            assert found == {name: one[name] for name in metrics if name in one}, secid
            known += len(found)
    assert known > 5
    with pytest.raises(InputError, match="made of reports alone, were pe"):
        report_figures(instruments=instrument_list(), metrics=["roe", "pe"], as_of=LATE)
