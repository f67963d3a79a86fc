from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from market.contracts import Timeframe
from market.models import (
    Candle,
    CorporateAction,
    DataQualityReport,
    IngestionRun,
    Instrument,
    InstrumentTerms,
    QuarantinedRow,
    TradingDay,
)
from market.quality_config import Severities, quality_config
from market.selectors.quality import (
    quality_report_html,
    quality_report_latest,
    quarantine_sums,
    runs_worth_a_look,
)
from market.services.candle_write import candles_write
from market.services.quality import data_quality_due, data_quality_run
from market.services.quality_html import MEANINGS
from market.services.quality_market import market_context
from market.services.quality_series import SeriesKey, series_read, series_stored
from market.services.quarantine import rows_quarantine
from market.sources.records import RejectedRow
from tests.market import make
from tests.market.quality_market import AS_OF, HOURS, clean_bars, columns_of, without, workdays
from traderai.common.config import PACKAGED_DIR
from traderai.common.errors import InputError, NotFoundError, NotReadyError
from traderai.common.lake import lake_at
from traderai.jobs.models import Job

pytestmark = pytest.mark.django_db
NOW = datetime(2023, 5, 17, 5, tzinfo=UTC)
PER_DAY = len(HOURS)


@pytest.fixture(autouse=True)
def lake(tmp_path, settings):
    settings.LAKE_URL = f"file://{tmp_path / 'lake'}"
    return lake_at(settings.LAKE_URL)


def stored(series, **changed):
    for bars in series:
        facts = make.instrument(bars.key.instrument.secid, **changed)
        candles_write(
            instrument_id=facts.id, timeframe=bars.key.timeframe, columns=columns_of(bars), origin=make.FILE
        )


def market(count=4, **changed):
    return [clean_bars(f"S{seed}", seed, **changed) for seed in range(count)]


def run(**changed):
    return data_quality_run(**{"as_of": AS_OF, "now": NOW} | changed)


def counts(report):
    return {one["check"]: one["count"] for one in report.findings["checks"] if one["count"]}


def halved(bars, at):
    bars.prices[at:] = (bars.prices[at:] * 0.1).round(2)
    return bars


def test_clean_candles_are_ok_and_the_report_is_kept_three_times(lake):
    stored(market())
    report = run()
    assert (report.verdict, counts(report)) == ("ok", {})
    row = DataQualityReport.objects.get()
    assert (row.verdict, row.json_key, row.html_key) == ("ok", report.json_key, report.html_key)
    figures = json.loads(lake.read(report.json_key))
    assert (figures["series_looked_at"], figures["bars_looked_at"]) == (4, 4 * 90 * PER_DAY)
    assert figures["coverage"][0]["secids"] == ["S0", "S1", "S2", "S3"]
    assert {x for row in figures["coverage"][0]["frac"] for x in row} == {1.0}
    assert figures["bars_per_day"][0]["median"] == figures["bars_per_day"][0]["room"] == [15.0] * 90
    assert b"No series has an error." in lake.read(report.html_key)


def test_a_planted_fault_comes_out_everywhere(lake):
    series = market()
    halved(series[1], 1000)
    stored(series)
    before = set(Candle.objects.values_list("instrument_id", "begin", "close"))
    report = run()
    assert report.verdict == "failed" and report.findings["unfit_series"] == ["S1 1h"]
    assert counts(report) == {"big_jump": 1, "split_suspected": 1, "outlier": 1}
    told = [one["text"] for one in report.findings["worst"] if one["check"] == "split_suspected"]
    assert "looks like a split 1:10" in told[0]
    page = lake.read(report.html_key).decode()
    assert "looks like a split 1:10" in page and "S1 1h" in page
    assert set(Candle.objects.values_list("instrument_id", "begin", "close")) == before


def test_the_page_loads_nothing_runs_nothing_and_shows_plots(lake):
    series = market()
    halved(series[1], 1000)
    stored([*series, clean_bars("D", 1, days=90, minutes=1440)])
    page = lake.read(run().html_key).decode()
    assert "<script" not in page and "javascript:" not in page and "@import" not in page
    loaded = re.findall(r'(?:src|href|url)\s*[=(]\s*"?([^")>\s]+)', page)
    assert loaded and all(link.startswith(("#", "data:image/")) for link in loaded)
    assert page.count("<svg") == 4  # coverage of two timeframes, bars a day, the worst series' prices
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert "currentColor" in page and "#010203" not in page


def test_names_from_outside_are_escaped_on_the_page(lake):
    stored(market(2))
    ingestion = IngestionRun.objects.create(kind="candles", source="<b>x", started_at=NOW, error="<script>y")
    rows_quarantine(
        run_id=ingestion.pk, source="<i>", rows=[RejectedRow(place="<u>f", reason="bad_number", raw={})]
    )
    page = lake.read(run().html_key).decode()
    assert "&lt;script&gt;y" in page and "&lt;u&gt;f" in page
    assert "<script" not in page and "<u>f" not in page


def test_what_came_later_is_not_seen():
    series = market()
    halved(series[1], 1000)
    stored(series)
    before = datetime.fromtimestamp(int(series[1].begin_s[1000]), UTC)
    assert "big_jump" not in counts(run(as_of=before + timedelta(minutes=59)))
    assert counts(run(as_of=before + timedelta(minutes=60)))["big_jump"] == 1
    key = SeriesKey(instrument=Instrument.objects.get(secid="S1"), timeframe=Timeframe.H1)
    cut = series_read(key=key, since=None, as_of=before + timedelta(minutes=60))
    assert len(cut) == 1001
    np.testing.assert_array_equal(cut.prices, series[1].prices[:1001])
    assert len(series_read(key=key, since=before, as_of=before + timedelta(minutes=60))) == 1


def test_a_split_explains_from_when_it_was_known():
    series = market()
    halved(series[1], 1005)  # the first bar of a day
    stored(series)
    day = datetime.fromtimestamp(int(series[1].begin_s[1005]), UTC).date()
    CorporateAction.objects.create(
        instrument=Instrument.objects.get(secid="S1"),
        kind="split",
        ex_date=day,
        shares_after_per_before=10.0,
        known_at=AS_OF - timedelta(days=5),
        source="test",
    )
    assert "big_jump" not in counts(run())
    assert counts(run(as_of=AS_OF - timedelta(days=6)))["big_jump"] == 1


def test_the_price_step_is_that_of_the_day():
    series = market(1)
    stored(series)
    instrument = Instrument.objects.get()
    InstrumentTerms.objects.create(
        instrument=instrument, valid_from=date(2023, 3, 1), price_step_rub=0.05, source="test"
    )
    bars = series_read(key=SeriesKey(instrument=instrument, timeframe=Timeframe.H1), since=None, as_of=AS_OF)
    first = np.searchsorted(bars.day, (date(2023, 3, 1) - date(1970, 1, 1)).days)
    assert set(bars.step_rub[:first]) == {0.01} and set(bars.step_rub[first:]) == {0.05}


def test_the_scope_leaves_the_rest_out():
    series = [*market(3), clean_bars("D", 5, days=90, minutes=1440)]
    halved(series[1], 1000)
    stored(series)
    assert run(secids=["S0", "S2"]).findings["series_looked_at"] == 2
    assert run(timeframes=[Timeframe.D1]).findings["timeframes"][0]["timeframe"] == "1d"
    late = run(since=AS_OF - timedelta(days=20))
    assert late.verdict == "ok" and "since 2023-04-27" in late.scope
    keys = series_stored(secids=["D"], timeframes=list(Timeframe), since=None, as_of=AS_OF)
    assert [(key.instrument.secid, key.timeframe) for key in keys] == [("D", Timeframe.D1)]


def test_nothing_to_look_at_and_an_unknown_ticker_are_said():
    with pytest.raises(NotReadyError, match="run `ingest` first"):
        run()
    make.instrument("SBER")
    with pytest.raises(NotFoundError, match="did you mean 'SBER'"):
        run(secids=["SBRE"])
    assert not DataQualityReport.objects.exists()


def test_simulated_shares_keep_a_calendar_of_their_own(lake):
    stored(market(3))
    gone = workdays(90)[70:72]
    # On two days only simulated shares trade: nobody real may be missed on them.
    for facts_of in Instrument.objects.all():
        Candle.objects.filter(
            instrument=facts_of, begin__gte=make.moscow("2023-04-19"), begin__lt=make.moscow("2023-04-21")
        ).delete()
    assert [str(np.datetime64(int(day), "D")) for day in gone] == ["2023-04-19", "2023-04-20"]
    simulated = [clean_bars(f"SIM{seed}", 50 + seed) for seed in range(3)]
    stored(simulated, is_simulated=True)
    report = run()
    assert {one["group"] for one in report.findings["timeframes"]} == {"shares", "simulated"}
    assert "missing_days" not in counts(report) and "stray_day" not in counts(report)
    assert "SIMULATED" in lake.read(report.html_key).decode()


def test_the_markets_move_is_the_median_shares_move():
    daily = [clean_bars(f"D{seed}", seed, days=40, minutes=1440) for seed in range(11)]
    stored(daily)
    context = market_context(timeframe_min=1440, simulated=False, since=None, as_of=AS_OF)
    closes = np.array([bars.prices[:, 3] for bars in daily])
    wanted = np.median(np.diff(np.log(closes), axis=1), axis=0)
    assert np.isnan(context.moves[0])
    np.testing.assert_allclose(context.moves[1:], wanted, atol=1e-12)
    hourly = [clean_bars(f"H{seed}", seed, days=20) for seed in range(11)]
    stored(hourly)
    context = market_context(timeframe_min=60, simulated=False, since=None, as_of=AS_OF)
    closes = np.array([bars.prices[PER_DAY - 1 :: PER_DAY, 3] for bars in hourly])
    np.testing.assert_allclose(
        context.moves[1:20], np.median(np.diff(np.log(closes), axis=1), axis=0), atol=1e-12
    )


def test_few_shares_are_no_market():
    stored([clean_bars(f"D{seed}", seed, days=40, minutes=1440) for seed in range(9)])
    context = market_context(timeframe_min=1440, simulated=False, since=None, as_of=AS_OF)
    assert np.isnan(context.moves).all() and context.days.size == TradingDay.objects.count()


def test_two_reports_of_one_second_do_not_overwrite_each_other(lake):
    stored(market(1))
    first, second = run(), run()
    assert first.html_key != second.html_key and lake.exists(first.html_key) and lake.exists(second.html_key)
    assert quality_report_latest(as_of=NOW) == second
    assert quality_report_latest(as_of=NOW - timedelta(seconds=1)) is None
    assert quality_report_html(report_id=first.id) == lake.read(first.html_key)
    with pytest.raises(NotFoundError, match="run data_quality"):
        quality_report_html(report_id=0)


def test_the_night_has_one_report_on_its_newest_days():
    stored(market(2))
    report = data_quality_due(now=NOW)
    assert report is not None and "since" in report.scope
    assert data_quality_due(now=NOW + timedelta(hours=3)) is None
    assert data_quality_due(now=NOW + timedelta(days=1)) is not None
    assert DataQualityReport.objects.count() == 2


def test_a_night_without_candles_makes_no_report_and_no_noise():
    assert data_quality_due(now=NOW) is None
    assert Job.objects.get().state == Job.State.DONE and not DataQualityReport.objects.exists()


def test_refused_rows_and_failed_runs_are_summed_up():
    good = IngestionRun.objects.create(kind="candles", source="iss", started_at=NOW)
    bad = IngestionRun.objects.create(kind="candles", source="files", started_at=NOW, error="OSError: disk")
    late = IngestionRun.objects.create(
        kind="candles", source="iss", started_at=NOW + timedelta(days=1), alert="failed"
    )
    for ingestion, reason, count in (
        (good, "low_above_high", 2),
        (good, "bad_number", 1),
        (late, "bad_number", 5),
    ):
        rows_quarantine(
            run_id=ingestion.pk,
            source="iss",
            rows=[
                RejectedRow(place=f"p{i}", reason=reason, raw={"i": i, "run": ingestion.pk})
                for i in range(count)
            ],
        )
    assert [(one.reason, one.rows, one.example) for one in quarantine_sums(as_of=NOW)] == [
        ("low_above_high", 2, "p1"),
        ("bad_number", 1, "p0"),
    ]
    assert [one.id for one in runs_worth_a_look(as_of=NOW)] == [bad.pk]
    assert [one.id for one in runs_worth_a_look(as_of=NOW + timedelta(days=2))] == [late.pk, bad.pk]
    assert QuarantinedRow.objects.count() == 8


def test_the_command_tells_and_leaves_files(tmp_path, capsys):
    series = market()
    halved(series[1], 1000)
    stored([without(series[0], np.isin(series[0].day, workdays(90)[70:72])), *series[1:]])
    out = tmp_path / "out"
    call_command("data_quality", "--until", "2023-05-15", "--out", str(out))
    told = capsys.readouterr().out
    assert "failed: 4 series" in told and "not fit for use: S1 1h" in told
    assert "looks like a split 1:10" in told and re.search(r"missing_days +1 in 1 series", told)
    assert sorted(path.suffix for path in out.iterdir()) == [".html", ".json"]
    with pytest.raises(CommandError, match="not fit for use") as failure:
        call_command("data_quality", "--until", "2023-05-15", "--strict")
    assert failure.value.returncode == 2
    call_command("data_quality", "--until", "2023-05-15", "--strict", "--secids", "s0,S2")
    call_command(
        "data_quality", "--until", "2023-05-15", "--strict", "--since", "2023-05-01", "--timeframes", "H1"
    )
    with pytest.raises(CommandError, match="did you mean 'S1'"):
        call_command("data_quality", "--secids", "S11")
    with pytest.raises((CommandError, InputError), match="timeframe must be one of"):
        call_command("data_quality", "--timeframes", "7h")


def test_a_verdict_is_one_of_three():
    good = {"created_at": NOW, "as_of": NOW, "scope": "x", "findings": {}}
    with pytest.raises(IntegrityError, match="market_dataqualityreport_verdict_known"), transaction.atomic():
        DataQualityReport.objects.create(verdict="fine", **good)
    for verdict in DataQualityReport.Verdict.values:
        DataQualityReport.objects.create(verdict=verdict, **good)


def test_every_check_has_a_severity_and_a_meaning():
    assert set(MEANINGS) == set(Severities.checks())
    assert {quality_config().severities.of(check) for check in Severities.checks()} == {
        "info",
        "warning",
        "error",
    }


@pytest.mark.parametrize(
    ("was", "becomes", "complaint"),
    [
        ("min_ratio: 0.7", "min_ratio: 0.2", "fail_ratio <= min_ratio"),
        ("runs_min: 3", "runs_min: 30", "runs_min <= runs"),
        ("big_jump_ratio: 3.0", "big_jump_ratio: 1.1", "big_jump_ratio above"),
        ("window_min_days: 8", "window_min_days: 80", "window_min_days <= window_days"),
        ("ratio_min: 3.5", "ratio_min: 0.5", "above 1"),
        ("duplicate: error", "duplicate: bad", "must be one of info, warning, error"),
    ],
)
def test_limits_that_make_no_sense_are_refused(tmp_path, monkeypatch, was, becomes, complaint):
    text = (PACKAGED_DIR / "quality.yaml").read_text()
    assert was in text
    (tmp_path / "quality.yaml").write_text(text.replace(was, becomes))
    monkeypatch.setenv("TRADERAI_CONFIG_DIR", str(tmp_path))
    with pytest.raises(InputError, match=complaint):
        quality_config()
