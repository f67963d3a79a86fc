from __future__ import annotations

import json
from datetime import date, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from market.fundamentals_config import fundamentals_config, period_of
from market.sources.fundamental_files import company_list_of, market_caps_of, smartlab_of
from tests.market import make
from traderai.common.clock import midnight
from traderai.common.config import parse
from traderai.common.errors import InputError


def smartlab(tmp_path, *rows):
    names = ("ticker", "freq", "period", "metric", "value_raw", "value")
    columns = {name: [row[i] for row in rows] for i, name in enumerate(names)}
    columns["value"] = pa.array(columns["value"], type=pa.float64())
    pq.write_table(pa.table(columns), tmp_path / "lab.parquet")
    return smartlab_of(tmp_path / "lab.parquet")


@pytest.mark.parametrize(
    ("code", "kind", "end"),
    [
        ("2023", "year", "2023-12-31"), ("2023Q1", "quarter", "2023-03-31"), ("2023Q2", "quarter", "2023-06-30"),
        ("2023Q4", "quarter", "2023-12-31"), ("2024-02-29", "day", "2024-02-29"),
    ],
)  # fmt: skip
def test_periods_are_years_quarters_and_days(code, kind, end):
    period = period_of(code)
    assert (period.kind, period.end) == (kind, date.fromisoformat(end))


@pytest.mark.parametrize(
    "code", ["", "LTM ?", "2023Q5", "2023Q", "23", "2023-02-30", "0001", "2023q1", "²023"]
)
def test_anything_else_is_no_period(code):
    assert period_of(code) is None


@pytest.mark.parametrize(
    ("code", "reported", "known"),
    [
        ("2023", None, "2024-04-29"), ("2023Q4", None, "2024-04-29"), ("2023Q3", None, "2023-11-29"),
        ("2023", "2024-02-28", "2024-04-29"),  # before the usual lag: the lag counts
        ("2022", "2024-03-20", "2024-03-21"),  # published late: the later day counts
        ("2014", "2018-07-01", "2015-04-30"),  # typed in years later: that day says nothing
        ("2024-01-09", None, "2024-01-10"),
    ],
)  # fmt: skip
def test_reports_are_known_after_their_usual_lag_or_later(code, reported, known):
    told = None if reported is None else date.fromisoformat(reported)
    assert fundamentals_config().known_at(period_of(code), told) == make.moscow(known)


def test_smartlab_rows_are_named_scaled_and_checked(tmp_path):
    profit = "Чистая прибыль, млрд руб"
    page = smartlab(
        tmp_path,
        ("SBER", "yearly", "2023", "Дата отчета", "28.02.2024", None),
        ("SBER", "yearly", "2023", profit, "1 509", 1509.0),
        ("SBER", "yearly", "2023", "P/E", "4.06", 4.06),
        ("SBER", "yearly", "2022", "Персонал, чел", "210 700", 210700.0),
        ("SBER", "yearly", "2022", "P/E", "11.8", 11.8),
        ("SBER", "yearly", "2022", profit, "?", None),
        ("SBER", "yearly", "", profit, "1", 1.0),
        ("SBER", "quarterly", "2022Q4", "Чистый долг, млрд руб", "0.00", 0.0),
        ("XXXX", "yearly", "2022", "Валюта отчета", "USD", None),
        ("XXXX", "yearly", "2022", profit, "1", 1.0),
    )
    (record,) = page.records
    assert (record.secid, record.metric, record.period, record.value) == ("SBER", "profit", "2023", 1.509e12)
    assert (record.known_at, record.period_end) == (make.moscow("2024-04-29"), date(2023, 12, 31))
    assert [row.reason for row in page.rejected] == [
        "bad_number", "period_unknown", "zero_for_unknown", "currency_not_rub",
    ]  # fmt: skip
    assert page.outside == 5
    assert dict(page.outside_names) == {"P/E": 2, "Персонал, чел": 1, "Дата отчета": 1, "Валюта отчета": 1}


def test_capitalisations_are_known_the_next_day(tmp_path):
    path = tmp_path / "caps.parquet"
    day = date(2024, 1, 9)
    caps = pa.array([5e12, None, -1.0, float("nan")], type=pa.float64())
    pq.write_table(pa.table({"secid": ["SBER"] * 4, "date": [day] * 4, "cap": caps}), path)
    (page,) = market_caps_of(path)
    (record,) = page.records
    assert (record.period, record.value, record.known_at) == ("2024-01-09", 5e12, make.moscow("2024-01-10"))
    assert [row.reason for row in page.rejected] == ["bad_number"] * 3


ENTRIES = [
    {"secid": "SBER", "period": "2023", "known_at": "2024-02-28", "metrics": {"profit": 1.5e12, "roe": 25}},
    {"ticker": "LKOH", "period": "2024-05-31", "metrics": {"sanction_score": 80.5}},
    {"secid": "GAZP", "period": "2023Q2", "known_at": "2023-08-29T10:30", "metrics": {"profit": 1.0}},
]


def test_a_company_list_in_json_or_csv_says_the_same(tmp_path):
    (tmp_path / "list.json").write_text(json.dumps({"companies": ENTRIES}), encoding="utf-8")
    (tmp_path / "list.csv").write_text(
        "secid,period,known_at,profit,roe,sanction_score\n"
        "SBER,2023,2024-02-28,1.5e12,25,\nLKOH,2024-05-31,,,,80.5\nGAZP,2023Q2,2023-08-29T10:30,1.0,,\n"
    )
    pages = [company_list_of(tmp_path / name) for name in ("list.json", "list.csv")]
    told = [
        [(r.secid, r.metric, r.period, r.value, r.known_at, r.source) for r in page.records] for page in pages
    ]
    assert told[0] == told[1]
    assert [row[4] for row in told[0]] == [
        make.moscow("2024-02-29"), make.moscow("2024-02-29"), make.moscow("2024-06-01"),
        make.moscow("2023-08-29T10:30"),
    ]  # fmt: skip
    assert pages[0].rejected == pages[1].rejected == ()


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({"period": "2023", "metrics": {"profit": 1.0}}, "secid_missing"),
        ({"secid": "A", "period": "soon", "metrics": {"profit": 1.0}}, "period_unknown"),
        (
            {"secid": "A", "period": "2023", "known_at": "x", "metrics": {"profit": 1.0}},
            "known_at_unparseable",
        ),
        (
            {"secid": "A", "period": "2023", "known_at": "2023-06-01", "metrics": {"profit": 1.0}},
            "known_before_its_period_ends",
        ),
        ({"secid": "A", "period": "2023"}, "metrics_missing"),
        ({"secid": "A", "period": "2023", "metrics": [1]}, "metrics_missing"),
        ("just a text", "secid_missing"),
        ({"secid": "A", "period": "2023", "metrics": {"proffit": 1.0}}, "unknown_metric"),
        ({"secid": "A", "period": "2023", "metrics": {"profit": "much"}}, "bad_number"),
        ({"secid": "A", "period": "2023", "metrics": {"profit": True}}, "bad_number"),
        ({"secid": "A", "period": "2023", "metrics": {"profit": 1e999}}, "bad_number"),
        ({"secid": "A", "period": "2023", "metrics": {"shares": 0.0}}, "below_least"),
        ({"secid": "A", "period": "2023-05-05", "metrics": {"profit": 1.0}}, "flow_needs_a_year_or_quarter"),
    ],
)
def test_a_bad_entry_is_refused_and_its_neighbour_stays(tmp_path, entry, reason):
    path = tmp_path / "list.json"
    path.write_text(json.dumps([entry, ENTRIES[0]]), encoding="utf-8")
    page = company_list_of(path)
    assert len(page.records) == 2
    (row,) = page.rejected
    assert (row.place, row.reason) == ("list.json[0]", reason)
    if reason == "unknown_metric":
        assert "did you mean 'profit'?" in row.raw["hint"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.json", "{", "cannot be read as JSON"),
        ("a.json", '{"firms": []}', "must hold a list of companies"),
        ("a.csv", "name,profit\nA,1\n", "must have the columns secid and period"),
    ],
)
def test_a_list_of_another_shape_is_named_with_a_remedy(tmp_path, name, content, message):
    (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match=message):
        company_list_of(tmp_path / name)


def test_a_parquet_file_of_another_shape_is_named_with_a_remedy(tmp_path):
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"a": [1]}), path)
    with pytest.raises(InputError, match="must have the columns"):
        smartlab_of(path)
    path.write_bytes(b"PAR1 no")
    with pytest.raises(InputError, match="cannot be read as Parquet"):
        list(market_caps_of(path))


def test_the_configuration_refuses_what_makes_no_sense():
    good = {
        "metrics": {"a": {"unit": "rub", "kind": "flow", "ru": "A", "en": "A", "smartlab": ["A"]}},
        "publication_lag_days": {"year": 120, "quarter": 60, "day": 1}, "report_dates_since": "2017-12-31",
        "stale_after_days": 420, "price_stale_after_days": 45, "company_shares_per_share": {}, "reports_of": {},
        "unlisted_shares": [],
    }  # fmt: skip
    kind = type(fundamentals_config())
    assert parse(good, kind, where="x").stale_after_days == 420
    twice = {"b": good["metrics"]["a"]}
    for change in (
        {"metrics": good["metrics"] | twice},
        {"company_shares_per_share": {"A": 0.5}},
        {"report_dates_since": "x"},
    ):
        with pytest.raises(InputError):
            parse(good | change, kind, where="x")


@pytest.mark.realdata
def test_the_real_tables_are_read_whole(real_data):
    page = smartlab_of(real_data / "fundamentals" / "smartlab_2008_2024.parquet")
    assert len(page.records) + len(page.rejected) + page.outside == 106_172
    assert len(page.outside_names) == 168 and dict(page.outside_names)["P/E"] == 2_387
    figures = {(r.secid, r.metric, r.period): r.value for r in page.records}
    # Out of the companies' published IFRS reports.
    assert figures["SBER", "profit", "2023"] == 1.509e12
    assert figures["SBER", "equity", "2023"] == 6.584e12
    assert figures["LKOH", "profit", "2020"] == pytest.approx(15.2e9, rel=0.01)
    assert figures["GMKN", "revenue", "2023"] == pytest.approx(1.172e12)
    assert figures["TRNFP", "profit", "2023"] == pytest.approx(304.2e9)
    assert min(r.known_at - midnight(r.period_end) for r in page.records).days >= 60
    reasons = {row.reason for row in page.rejected}
    assert reasons == {"period_unknown", "zero_for_unknown"}
    pages = list(market_caps_of(real_data / "daily" / "market_cap_2018_2024.parquet"))
    assert sum(len(one.records) for one in pages) == 400_136


@pytest.mark.parametrize("told", ["2024-02-28", "20240228", "2024-W09-3"])
def test_a_bare_day_of_publication_counts_from_its_end_however_it_is_written(tmp_path, told):
    entry = {"secid": "TEST", "period": "2023", "known_at": told, "metrics": {"profit": 1e9}}
    (tmp_path / "list.json").write_text(json.dumps([entry]))
    (record,) = company_list_of(tmp_path / "list.json").records
    assert record.known_at == make.moscow("2024-02-29")


@pytest.mark.parametrize(
    ("period", "known_at", "value", "reason"),
    [
        ("2023", "2023-12-31T18:00", "5", "known_before_its_period_ends"),
        ("2023Q3", "2023-09-30T18:00", "5", "known_before_its_period_ends"),
        ("2023", "9999-12-31", "5", "known_at_unparseable"),
        ("9999", "", "5", "period_unknown"),
        ("0000Q1", "", "5", "period_unknown"),
        ("2023", "", "9" * 400, "bad_number"),
        ("2023", "", "1e400", "bad_number"),
    ],
)
def test_a_figure_that_no_calendar_and_no_float_can_hold_stops_no_other(
    tmp_path, period, known_at, value, reason
):
    bad = (
        f'{{"secid": "A", "period": "{period}", "known_at": "{known_at}", "metrics": {{"profit": {value}}}}}'
    )
    good = '{"secid": "A", "period": "2023", "metrics": {"profit": 5}}'
    (tmp_path / "list.json").write_text(f"[{bad}, {good}]")
    page = company_list_of(tmp_path / "list.json")
    assert ([row.reason for row in page.rejected], len(page.records)) == ([reason], 1)


def test_days_of_capitalisations_may_be_stored_as_moments(tmp_path):
    days, caps = [datetime(2023, 1, 2)] * 2, [1e9, 1e9]  # noqa: DTZ001  # as pandas writes days
    pq.write_table(pa.table({"secid": ["TEST", None], "date": days, "cap": caps}), tmp_path / "c.parquet")
    (page,) = market_caps_of(tmp_path / "c.parquet")
    assert [record.period for record in page.records] == ["2023-01-02"]  # else no reader could take it back
    assert [row.reason for row in page.rejected] == ["secid_missing"]
