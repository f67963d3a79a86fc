from __future__ import annotations

import threading
from datetime import date, timedelta

import numpy as np
import pytest
from django.db import IntegrityError, connection, transaction

from market.contracts import Timeframe
from market.fundamentals_config import fundamentals_config, period_of
from market.models import CorporateAction, FundamentalMetric, Instrument
from market.selectors.fundamentals import fundamental_series, fundamentals_at
from market.services.candle_write import candles_write
from market.services.fundamentals_write import fundamentals_write
from market.services.multiples import multiples_build
from market.sources.records import FundamentalRecord, RecordPage
from tests.market import make
from traderai.common.clock import midnight, to_epoch_s
from traderai.common.errors import InputError, NotFoundError

pytestmark = pytest.mark.django_db
NOW = make.moscow("2024-06-03T12:00")


def record(metric, period, value, known=None, secid="TEST", source="t"):
    told = period_of(period)
    return FundamentalRecord(
        secid=secid,
        metric=metric,
        period=period,
        period_end=told.end,
        value=value,
        known_at=make.moscow(known) if known else fundamentals_config().known_at(told),
        source=source,
    )


def bring(*records, now=NOW):
    report = fundamentals_write(page=RecordPage(place="x", records=records), now=now)
    return report.new, report.changed, report.unchanged, report.outside, [r.reason for r in report.rejected]


def at(moment, secid="TEST"):
    return fundamentals_at(secid=secid, as_of=make.moscow(moment)).values


def stored():
    rows = FundamentalMetric.objects.order_by("known_at")
    return list(rows.values_list("value", "known_at"))


def daily(facts, first, closes):
    days = make.days_of(first, len(closes))
    candles_write(
        instrument_id=facts.id,
        timeframe=Timeframe.D1,
        columns=make.columns([midnight(day) for day in days], closes),
        origin=make.FILE,
    )
    return days


def test_figures_are_written_once_and_restated_ones_stand_beside_the_old():
    make.instrument()
    first = record("equity", "2023", 10.0)
    assert bring(first) == (1, 0, 0, 0, [])
    assert bring(first, first) == (0, 0, 2, 0, [])
    later = record("equity", "2023", 11.0, "2024-05-20")
    assert bring(later) == (0, 1, 0, 0, [])
    assert bring(first, later) == (0, 0, 2, 0, [])
    assert stored() == [(10.0, make.moscow("2024-04-29")), (11.0, make.moscow("2024-05-20"))]
    assert at("2024-04-28") == {}
    assert at("2024-04-29")["equity"] == 10.0
    assert at("2024-05-20")["equity"] == 11.0


def test_a_figure_told_otherwise_for_its_old_moment_is_known_from_now_on():
    make.instrument()
    bring(record("equity", "2023", 10.0))
    assert bring(record("equity", "2023", 12.0)) == (0, 1, 0, 0, [])
    assert bring(record("equity", "2023", 12.0), now=NOW + timedelta(days=9)) == (0, 0, 1, 0, [])
    assert stored() == [(10.0, make.moscow("2024-04-29")), (12.0, NOW)]
    assert at("2024-06-03")["equity"] == 10.0


def test_lists_that_disagree_at_one_moment_settle():
    make.instrument()
    lists = [record("equity", "2023", value) for value in (10.0, 11.0, 12.0)]
    assert [bring(one)[:3] for one in lists] == [(1, 0, 0), (0, 1, 0), (0, 1, 0)]
    assert [moment for _, moment in stored()] == [make.moscow("2024-04-29"), NOW, NOW + timedelta(seconds=1)]
    later = NOW + timedelta(days=1)
    assert [bring(one, now=later)[:3] for one in lists] == [(0, 0, 1)] * 3


def test_an_older_edition_is_added_before_the_newer_one():
    make.instrument()
    bring(record("equity", "2023", 12.0, "2024-05-20"))
    assert bring(record("equity", "2023", 10.0)) == (0, 1, 0, 0, [])
    assert [value for value, _ in stored()] == [10.0, 12.0]
    assert bring(record("equity", "2023", 10.0), record("equity", "2023", 12.0, "2024-05-20"))[:3] == (
        0,
        0,
        2,
    )


def test_unknown_companies_count_as_outside_and_contradictions_are_refused():
    make.instrument()
    assert bring(
        record("equity", "2023", 1.0), record("equity", "2023", 2.0), record("equity", "2023", 1.0, secid="NONE")
    ) == (1, 0, 0, 1, ["told_twice_differently"])  # fmt: skip
    assert bring() == (0, 0, 0, 0, [])


@pytest.mark.django_db(transaction=True)
def test_two_writers_take_turns():
    make.instrument()
    results = []

    def write():
        try:
            results.append(bring(*[record("equity", str(year), 1.0) for year in range(2000, 2024)]))
        finally:
            connection.close()

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(row[:3] for row in results) == [(0, 0, 24)] * 3 + [(24, 0, 0)]


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({}, "market_fundamentalmetric_once"),
        ({"period": "2022", "value": float("inf")}, "market_fundamentalmetric_finite"),
        ({"period": "2022", "value": float("nan")}, "market_fundamentalmetric_finite"),
    ],
)
def test_the_table_refuses_what_makes_no_sense(values, constraint):
    facts = make.instrument()
    row = {
        "instrument_id": facts.id, "metric": "equity", "period": "2023", "period_end": date(2023, 12, 31),
        "value": 1.0, "known_at": NOW, "source": "t",
    }  # fmt: skip
    FundamentalMetric.objects.create(**row)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        FundamentalMetric.objects.create(**row | values)


def test_a_figure_counts_for_420_days_after_its_usual_publication():
    make.instrument()
    bring(record("equity", "2022", 5.0))
    last = make.moscow("2022-12-31") + timedelta(days=120 + 420)
    assert fundamentals_at(secid="TEST", as_of=last - timedelta(seconds=1)).values == {"equity": 5.0}
    assert fundamentals_at(secid="TEST", as_of=last).values == {}


def test_ratios_are_made_of_twelve_months_and_the_newest_balance():
    make.instrument()
    quarters = ["2023Q1", "2023Q2", "2023Q3", "2023Q4", "2024Q1"]
    bring(
        *[record("profit", code, 10.0 + i) for i, code in enumerate(quarters)],
        *[record("revenue", code, 100.0) for code in quarters],
        *[record("ebitda", code, 25.0) for code in quarters],
        record("equity", "2023", 200.0), record("net_debt", "2023Q4", 50.0),
    )  # fmt: skip
    made = at("2024-06-03")
    assert made["profit"] == 11 + 12 + 13 + 14
    assert made["roe"] == 25.0
    assert made["net_margin"] == 12.5
    assert made["ebitda_margin"] == 25.0
    assert made["net_debt_ebitda"] == 0.5
    assert made["earnings_yoy"] == pytest.approx(40.0)
    assert "pe" not in made
    before = at("2024-05-29")
    assert before["profit"] == 10 + 11 + 12 + 13
    assert "earnings_yoy" not in before


def test_a_stored_ratio_stands_in_where_reports_do_not_suffice():
    make.instrument()
    bring(record("roe", "2022", 33.0), record("sanction_score", "2024-05-01", 70.0))
    made = at("2024-05-02")
    assert (made["roe"], made["sanction_score"]) == (33.0, 70.0)
    bring(record("profit", "2023", 30.0), record("equity", "2023", 300.0))
    assert at("2024-05-02")["roe"] == 10.0


def priced(closes=(100.0,) * 40):
    facts = make.instrument()
    days = daily(facts, "2024-04-15", list(closes))
    bring(
        record("profit", "2023", 50.0), record("equity", "2023", 400.0), record("net_debt", "2023", 100.0),
        record("ebitda", "2023", 200.0),
        *[record("market_cap", str(day), 1000.0) for day in days[:5]],
    )  # fmt: skip
    return facts, days


def test_multiples_move_with_the_close_between_counts_of_shares():
    _, days = priced([100.0] * 30 + [120.0] * 10)
    made = at("2024-05-20")
    assert made["market_cap"] == 1000.0
    assert (made["pe"], made["pb"], made["ev_ebitda"], made["eps_ttm"]) == (20.0, 2.5, 5.5, 5.0)
    made = at(f"{days[30] + timedelta(days=1)}")
    assert made["pe"] == pytest.approx(24.0)
    assert made["market_cap"] == pytest.approx(1200.0)
    assert made["eps_ttm"] == pytest.approx(5.0)


def test_multiples_run_on_across_a_split():
    facts, days = priced([100.0] * 20 + [1.0] * 20)
    CorporateAction.objects.create(
        instrument_id=facts.id, kind="split", ex_date=days[20], shares_after_per_before=100.0,
        known_at=midnight(days[20]), source="t",
    )  # fmt: skip
    before, after = at(f"{days[19]}T12:00"), at(f"{days[21] + timedelta(days=1)}")
    for name in ("pe", "pb", "ev_ebitda", "market_cap"):
        assert before[name] == pytest.approx(after[name]), name
    assert (before["eps_ttm"], after["eps_ttm"]) == (pytest.approx(5.0), pytest.approx(0.05))
    assert (before["shares"], after["shares"]) == (pytest.approx(10.0), pytest.approx(1000.0))


def test_dividend_yield_counts_a_year_of_known_dividends_in_shares_of_the_day():
    facts, days = priced([100.0] * 20 + [1.0] * 20)
    actions = [
        ("split", days[20], {"shares_after_per_before": 100.0}, midnight(days[20])),
        ("dividend", days[2] - timedelta(days=360), {"amount_rub": 4.0}, make.moscow("2020-01-01")),
        ("dividend", days[10], {"amount_rub": 6.0}, make.moscow("2024-04-01")),
        ("dividend", days[25], {"amount_rub": 0.05}, midnight(days[35])),
    ]
    for kind, day, figure, known_at in actions:
        CorporateAction.objects.create(
            instrument_id=facts.id, kind=kind, ex_date=day, known_at=known_at, source="t", **figure
        )
    asked = (days[3], days[10], days[22], days[30], days[36])
    shown = [at(f"{day}")["dividend_yield"] for day in asked]
    assert shown == pytest.approx([4.0, 6.0, 6.0, 6.0, 11.0])
    assert "dividend_yield" not in at("2019-12-31")


def test_without_prices_or_with_stale_ones_there_are_no_multiples():
    _, days = priced()
    assert "pe" in at(f"{days[-1] + timedelta(days=46)}")
    assert "pe" not in at(f"{days[-1] + timedelta(days=47)}")
    make.instrument("BARE")
    bring(
        record("profit", "2023", 50.0, secid="BARE"), record("market_cap", "2024-05-02", 10.0, secid="BARE")
    )
    assert at("2024-05-03", "BARE") == {"profit": 50.0}


def test_another_class_of_shares_has_its_own_count_and_the_company_s_reports():
    for secid, close in (("SBER", 100.0), ("SBERP", 50.0), ("VTBR", 10.0)):
        facts = make.instrument(secid)
        daily(facts, "2024-05-01", [close] * 5)
        bring(record("market_cap", "2024-05-06", 1000.0, secid=secid))
    bring(record("profit", "2023", 100.0, secid="SBER"), record("profit", "2023", 100.0, secid="VTBR"))
    assert at("2024-05-08", "SBER")["pe"] == pytest.approx(10 * 1.04632)
    assert at("2024-05-08", "SBERP")["pe"] == pytest.approx(10 * 22.587)
    assert at("2024-05-08", "VTBR") == {
        "profit": 100.0, "market_cap": pytest.approx(1000.0), "shares": pytest.approx(100.0),
    }  # fmt: skip


def test_issue_sizes_serve_where_no_capitalisation_is_told():
    facts = make.instrument(issue_size_shares=50)
    days = daily(facts, "2024-05-01", [100.0] * 20 + [10.0] * 20)
    assert multiples_build(now=NOW).new == 1
    assert multiples_build(now=NOW).unchanged == 1
    assert multiples_build(now=NOW + timedelta(days=100)).unchanged == 1
    bring(record("profit", "2023", 250.0))
    assert "pe" not in at("2024-06-02")
    assert at("2024-06-04")["market_cap"] == pytest.approx(500.0)
    Instrument.objects.update(issue_size_shares=60)
    assert multiples_build(now=NOW + timedelta(days=1)).new == 1
    assert at("2024-06-05")["market_cap"] == pytest.approx(600.0)
    assert multiples_build(now=NOW + timedelta(days=300)).new == 1  # said anew before it is too old
    assert days


def test_issue_sizes_of_after_a_split_are_counted_in_the_shares_of_then():
    facts = make.instrument(issue_size_shares=500)
    days = daily(facts, "2024-05-01", [100.0] * 20 + [10.0] * 20)
    CorporateAction.objects.create(
        instrument_id=facts.id, kind="split", ex_date=days[20], shares_after_per_before=10.0,
        known_at=midnight(days[20]), source="t",
    )  # fmt: skip
    multiples_build(now=NOW)
    assert at("2024-06-04")["market_cap"] == pytest.approx(5000.0)
    assert at("2024-06-04")["shares"] == pytest.approx(500.0)


def test_what_became_known_after_as_of_does_not_count_at_later_moments():
    facts, days = priced([100.0] * 20 + [1.0] * 20)
    CorporateAction.objects.create(
        instrument_id=facts.id, kind="split", ex_date=days[5], shares_after_per_before=2.0,
        known_at=midnight(days[30]), source="t",
    )  # fmt: skip
    bring(record("equity", "2024Q1", 999.0))
    as_of = midnight(days[15])
    later = np.array([to_epoch_s(as_of + timedelta(days=24))], dtype=np.int64)
    made = fundamental_series(secid="TEST", metrics=["equity", "pb", "shares"], moments_s=later, as_of=as_of)
    assert (made["equity"][0], made["pb"][0]) == (400.0, 2.5)
    assert made["shares"][0] == pytest.approx(10.0)


def test_series_are_causal_and_equal_to_asking_for_each_moment():
    _, days = priced([100.0 + i for i in range(40)])
    bring(record("profit", "2023", 60.0, "2024-05-13"), record("equity", "2024Q1", 500.0))
    moments = np.array([to_epoch_s(midnight(day)) for day in days], dtype=np.int64)
    names = list(fundamentals_config().metrics)
    ask = {"secid": "TEST", "metrics": names}
    whole = fundamental_series(**ask, moments_s=moments, as_of=make.moscow("2025-01-01"))
    assert np.isfinite(whole["pe"]).sum() > 20
    for at_ in range(0, len(days), 6):
        early = fundamental_series(**ask, moments_s=moments[: at_ + 1], as_of=midnight(days[at_]))
        alone = fundamentals_at(secid="TEST", as_of=midnight(days[at_])).values
        for name in names:
            assert np.array_equal(early[name], whole[name][: at_ + 1], equal_nan=True), name
            assert np.isnan(whole[name][at_]) == (name not in alone)
            assert name not in alone or alone[name] == whole[name][at_]


def test_the_newest_reports_are_handed_out_with_their_sources():
    make.instrument()
    bring(record("equity", "2023", 1.0), record("equity", "2022", 2.0, "2024-05-05"))
    (told,) = fundamentals_at(secid="TEST", as_of=NOW).reports
    assert (told.metric, told.period, told.value, told.source) == ("equity", "2023", 1.0, "t")


def test_unknown_names_are_refused_with_the_closest_known_one():
    make.instrument()
    moments = np.array([0], dtype=np.int64)
    with pytest.raises(InputError, match="did you mean 'profit'"):
        fundamental_series(secid="TEST", metrics=["proffit"], moments_s=moments, as_of=NOW)
    with pytest.raises(NotFoundError, match="TESY"):
        fundamentals_at(secid="TESY", as_of=NOW)
