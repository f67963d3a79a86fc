"""What is joined of companies was known at the last midnight, whatever was stored later and whatever is built."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import numpy as np
import pytest

from features.families.fundamental import FEATURES
from features.kernels import fundamental
from features.kernels.fundamental import ReportSteps
from features.sources import fundamental as joined
from features.sources.base import BuildScope, MonthBars, MonthScope
from features.sources.fundamental import FundamentalSource
from features.sources.listed import SOURCES
from market.contracts import Timeframe
from market.kernels.reports import Reports
from market.models import Candle, CorporateAction, FundamentalMetric, Instrument, MacroSeries, MacroValue
from market.selectors.bars_many import bars_load_many
from market.services.candle_write import candles_write
from tests.features.companies import (
    LATE,
    at,
    candles,
    capitalisations,
    columns_of,
    company_market,
    dividends,
    figure,
    months_of,
    reports,
    scope_of,
)
from tests.market import make
from traderai.common.arrays import F64
from traderai.common.clock import to_epoch_s
from traderai.common.errors import InvariantError

pytestmark = pytest.mark.django_db
NAMES = [spec.name for spec in FEATURES]
Found = dict[tuple[str, str], tuple[MonthBars, F64]]


def value(secid: str, name: str, known_at: datetime) -> float:
    """Return a feature at an hourly bar of a share that ends at a moment."""
    begin = known_at - timedelta(hours=1)
    month = begin.replace(day=1, hour=0)
    scope = scope_of(month.date(), (month + timedelta(days=32)).replace(day=1).date())
    bars = bars_load_many(
        instruments=[facts for facts in scope.universe if facts.secid == secid],
        timeframe=Timeframe.H1, as_of=LATE, since_by_id={},
    )[secid]  # fmt: skip
    found = FundamentalSource(scope, FEATURES).month_columns(
        MonthScope(
            month=f"{begin:%Y-%m}", begin_s=scope.since_s, end_s=scope.until_s,
            bars={secid: MonthBars(bars=bars, start=0)},
        )
    )  # fmt: skip
    return float(found[secid][bars.known_s.tolist().index(to_epoch_s(known_at)), NAMES.index(name)])


def assert_same_before(cut: datetime, early: Found, late: Found) -> None:
    """Compare every bar that had ended by `cut`, to the bit."""
    rows = 0
    for key, (bars, values) in early.items():
        stop = int(np.searchsorted(bars.known_s, to_epoch_s(cut), side="right"))
        assert values[:stop].tobytes() == late[key][1][:stop].tobytes(), key
        rows += stop
    assert rows > 200


def test_the_source_is_listed() -> None:
    assert SOURCES["fundamental"] is FundamentalSource


def test_an_earlier_as_of_gives_the_same_bits() -> None:
    company_market()
    whole = columns_of(scope_of(date(2022, 9, 1), date(2024, 1, 1)))
    for cut in (at("2022-12-20"), at("2023-05-03", 13), at("2023-05-16"), at("2023-11-20")):
        until = (cut.replace(day=1) + timedelta(days=32)).replace(day=1).date()
        assert_same_before(cut, columns_of(scope_of(date(2022, 9, 1), until, as_of=cut)), whole)


def test_what_is_stored_later_changes_nothing_before() -> None:
    company_market()
    cut, scope = at("2023-03-15"), scope_of(date(2022, 9, 1), date(2023, 7, 1))
    before = columns_of(scope)
    replace_the_future(cut)
    after = columns_of(scope_of(date(2022, 9, 1), date(2023, 7, 1)))
    assert_same_before(cut, before, after)
    with pytest.raises(AssertionError):
        assert_same_before(at("2023-06-20"), before, after)


def replace_the_future(cut: datetime) -> None:
    """Put noise in the place of everything that became known after a moment; add companies that came later."""
    rng = np.random.default_rng(99)
    for table in (FundamentalMetric, CorporateAction, MacroValue):
        table.objects.filter(known_at__gt=cut).delete()
    Candle.objects.filter(begin__gte=cut).delete()
    days = [cut.date() + timedelta(days=n) for n in range(100)]
    for share in Instrument.objects.all():
        closes = [float(one) for one in 900.0 * np.exp(np.cumsum(rng.normal(0.0, 0.2, len(days))))]
        candles_write(
            instrument_id=share.pk, timeframe=Timeframe.D1, origin=make.FILE,
            columns=make.columns([at(day) for day in days], closes),
        )  # fmt: skip
        for metric in ("profit", "revenue", "ebitda", "equity", "net_debt"):
            for period in ("2020Q3", "2021", "2022Q4", "2023Q1"):
                figure(share, metric, period, float(rng.normal(0.0, 1e10)), cut + timedelta(days=9))
        figure(share, "market_cap", f"{cut:%Y-%m-%d}", 7e12, cut + timedelta(days=1))
        figure(share, "sanction_score", "2023-01-10", float(rng.uniform(0, 99)), cut + timedelta(seconds=0.5))
        for ex_date in (date(2022, 11, 1), date(2023, 2, 1), date(2023, 5, 9)):
            CorporateAction.objects.create(
                instrument=share, kind="dividend", ex_date=ex_date, amount_rub=99.0, source="noise",
                known_at=cut + timedelta(days=3),
            )  # fmt: skip
    MacroValue.objects.create(
        series=MacroSeries.objects.get(), date=date(2022, 12, 1), value=90.0, source="n",
        known_at=cut + timedelta(seconds=0.5),
    )  # fmt: skip
    late = Instrument.objects.create(secid="LATE", name_ru="L", name_en="L", sector="finance")
    reports(late, rng)
    capitalisations(late, [day - timedelta(days=200) for day in days], rng)
    dividends(late, rng)
    candles_write(
        instrument_id=late.pk, timeframe=Timeframe.D1, origin=make.FILE,
        columns=make.columns([at(day) for day in days], [50.0] * len(days)),
    )  # fmt: skip


def test_a_figure_taken_by_its_period_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    company_market()

    def by_period(told: Reports, *, is_flow: bool) -> ReportSteps:
        ends_s = told.expires_s - 86_400 * 480
        return fundamental.report_steps(replace(told, known_s=ends_s), is_flow=is_flow)

    monkeypatch.setattr(joined, "report_steps", by_period)
    whole = columns_of(scope_of(date(2022, 9, 1), date(2023, 9, 1)))
    cut = at("2023-04-20")
    early = columns_of(scope_of(date(2022, 9, 1), date(2023, 5, 1), as_of=cut))
    with pytest.raises(AssertionError):
        assert_same_before(cut, early, whole)


def test_a_month_does_not_depend_on_what_else_is_built() -> None:
    company_market()
    scope = scope_of(date(2022, 6, 1), date(2024, 1, 1))
    whole = columns_of(scope)
    for begin, end in ((date(2022, 12, 1), date(2023, 1, 1)), (date(2023, 5, 1), date(2023, 7, 1))):
        for key, (_, values) in columns_of(scope_of(begin, end)).items():
            assert values.tobytes() == whole[key][1].tobytes(), key
    backwards = FundamentalSource(scope, FEATURES)
    for month in reversed(months_of(scope)):
        for secid, values in backwards.month_columns(month).items():
            assert values.tobytes() == whole[secid, month.month][1].tobytes()


def test_a_few_columns_are_those_of_all() -> None:
    company_market()
    scope = scope_of(date(2023, 3, 1), date(2023, 4, 1))
    few = tuple(spec for spec in FEATURES if spec.name in {"fund_risk_score", "fund_pe"})
    whole, part = columns_of(scope), columns_of(scope, few)
    places = [NAMES.index(spec.name) for spec in few]
    assert all(part[key][1].tobytes() == values[:, places].tobytes() for key, (_, values) in whole.items())


def test_a_report_of_midnight_counts_for_the_bar_that_ends_with_it() -> None:
    facts = make.instrument("OILX")
    begins = [at("2023-05-01", 21) + timedelta(hours=n) for n in range(30)]
    make.write(facts, make.columns(begins, [100.0] * 30))
    make.instrument("DAYS")
    candles(Instrument.objects.get(secid="DAYS"), np.random.default_rng(1))
    candles_write(
        instrument_id=facts.id, timeframe=Timeframe.D1, origin=make.FILE,
        columns=make.columns([at("2023-04-28")], [100.0]),
    )  # fmt: skip
    share = Instrument.objects.get(pk=facts.id)
    figure(share, "equity", "2022", 5.0, at("2023-05-02"))
    figure(share, "profit", "2022", 1.0, at("2023-05-02") + timedelta(seconds=1))
    for name, hours in (("fund_roe", 48), ("fund_equity_age_days", 24)):
        first = at("2023-05-01") + timedelta(hours=hours)
        if hours == 24:
            assert np.isnan(value("OILX", name, first - timedelta(hours=1)))
            assert value("OILX", name, first) == 122.0
        else:
            assert np.isnan(value("OILX", name, first - timedelta(hours=1)))
            assert value("OILX", name, first) == 20.0


def test_a_source_of_yesterday_is_refused_for_bars_of_today() -> None:
    company_market()
    whole = scope_of(date(2023, 3, 1), date(2023, 4, 1))
    month = months_of(whole)[0]
    assert FundamentalSource(replace(whole, as_of=at("2023-04-01")), FEATURES).month_columns(month)
    with pytest.raises(InvariantError, match="open the source anew"):
        FundamentalSource(replace(whole, as_of=at("2023-03-31", 23)), FEATURES).month_columns(month)


def test_what_is_not_stored_is_missing_and_never_zero() -> None:
    facts = make.instrument("BARE")
    candles_write(
        instrument_id=facts.id, timeframe=Timeframe.D1, origin=make.FILE,
        columns=make.columns([at("2023-05-02"), at("2023-05-03")], [100.0, 101.0]),
    )  # fmt: skip
    found = columns_of(scope_of(date(2023, 5, 1), date(2023, 6, 1)))
    assert np.isnan(found["BARE", "2023-05"][1]).all()
    assert found["BARE", "2023-05"][1].shape == (2, len(FEATURES))


def test_a_share_is_no_peer_before_its_first_bar_of_the_timeframe() -> None:
    company_market()
    candles_write(
        instrument_id=Instrument.objects.get(secid="OILB").pk, timeframe=Timeframe.H1, origin=make.FILE,
        columns=make.columns(make.hours("2023-03-15"), [100.0] * 3),
    )  # fmt: skip
    daily = scope_of(date(2023, 3, 1), date(2023, 4, 1))
    hourly = replace(daily, timeframe=Timeframe.H1)
    months = months_of(daily)
    score = NAMES.index("fund_value_score")

    def scores(scope: BuildScope) -> F64:
        return np.asarray(FundamentalSource(scope, FEATURES).month_columns(months[0])["OILA"][:, score])

    assert np.isfinite(scores(daily)).any()
    assert np.isnan(scores(hourly)).all()  # OILB alone has hourly bars
