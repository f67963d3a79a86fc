from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from market.contracts import Timeframe
from market.iss.client import IssLimits, iss_reachable
from market.models import Candle, CorporateAction, IngestionRun, Instrument, QuarantinedRow
from market.selectors.candles import candle_list
from market.services.ingest import ingest_actions, ingest_all, ingest_candles, ingest_instruments
from market.sources.iss import IssSource
from tests.iss_server import Fault, IssServer, security
from tests.market import make
from traderai.common.errors import InputError, InvariantError, TransientError

pytestmark = pytest.mark.django_db
NOW = make.moscow("2024-07-01T12:20")
H1 = Timeframe.H1


def source(server, **changed):
    limits = {
        "requests_per_s": 500.0,
        "attempts": 4,
        "backoff_s": 0.001,
        "timeout_s": 5.0,
    } | changed
    return IssSource(
        limits=IssLimits(base_url=server.base_url, **limits),
        data_lag=timedelta(minutes=15),
        history=timedelta(days=1100),
        jitter=np.random.default_rng(1),
    )


def iss_bars(days, close=100.0, first_hour=10, count=9):
    return [
        {
            "begin": f"{day} {hour:02d}:00:00", "end": f"{day} {hour:02d}:59:59", "open": close, "close": close + 0.5,
            "high": close + 1, "low": close - 1, "value": 1000.0 * close, "volume": 1000,
        }
        for day in days
        for hour in range(first_hour, first_hour + count)
    ]  # fmt: skip


@pytest.fixture
def server():
    rows = iss_bars(make.days_of("2024-05-06", 41))
    with IssServer(candles={("SBER", 60): rows}, securities=[security("SBER"), security("GMKN")]) as made:
        yield made


def begins(secid="SBER"):
    return [
        c.begin for c in candle_list(secid=secid, timeframe=H1, as_of=make.moscow("2030-01-01"), limit=10_000)
    ]


@pytest.mark.parametrize("page_size", [500, 100, 7])
def test_every_page_size_brings_the_same_closed_bars(server, page_size):
    server.page_size = page_size
    report = ingest_all(source=source(server), secids=["SBER"], now=NOW)
    # 12:20 with 15 minutes' lag: the bar 11:00 to 12:00 is the newest complete one, 12:00 is not.
    assert begins()[-1] == make.moscow("2024-07-01T11:00")
    expected = [r["begin"] for r in server.candles["SBER", 60] if r["begin"] <= "2024-07-01 11:00:00"]
    assert [f"{b.astimezone(make.MOSCOW):%Y-%m-%d %H:%M:%S}" for b in begins()] == expected
    assert len(expected) + report.rows_unclosed == 369
    again = ingest_all(source=source(server), secids=["SBER"], now=NOW)
    assert (again.rows_new, again.rows_changed, again.restated_series) == (0, 0, ())


@pytest.mark.parametrize(
    "faults",
    [
        [Fault(status=429), Fault(status=429)],
        [Fault(status=403, body=b"Too Many Requests")],
        [Fault(status=502), Fault(status=500)],
        [Fault(body=b"<!DOCTYPE html><html>Service works</html>")],
        [Fault(body=b'{"candles": {"columns": ["open", "cl')],
        [Fault(hang_up=True)],
    ],
)
def test_a_hiccup_is_asked_again(server, faults):
    ingest_instruments(source=source(server), secids=["SBER"], now=NOW)
    server.faults = faults
    report = ingest_candles(source=source(server), secids=["SBER"], now=NOW)
    assert report.rows_new == len(begins()) > 300


def test_a_server_that_stays_ill_is_transient_and_what_came_is_kept(server):
    ingest_instruments(source=source(server), secids=["SBER"], now=NOW)
    server.page_size = 100
    calls = {"n": 0}

    def dies(url):
        calls["n"] += "candles" in url
        return (503, b"") if calls["n"] > 2 else IssServer.answer(server, url)

    server.answer = dies
    with pytest.raises(TransientError, match="failed 4 times"):
        ingest_candles(source=source(server), secids=["SBER"], now=NOW)
    assert len(begins()) == 200
    assert "TransientError" in IngestionRun.objects.get(kind="candles").error
    server.answer = lambda url: IssServer.answer(server, url)
    server.requests.clear()
    resumed = ingest_candles(source=source(server), secids=["SBER"], now=NOW)
    assert resumed.restated_series == ()
    assert resumed.rows_new + 200 == len(begins()) > 300
    # It went on from the last page that had come, and the bar before it shows that nothing was restated.
    assert resumed.rows_unchanged == 101


def test_a_restated_bar_makes_the_whole_series_come_anew(server):
    ingest_all(source=source(server), secids=["SBER"], now=NOW)
    for row in server.candles["SBER", 60]:
        row.update({name: row[name] / 10 for name in ("open", "high", "low", "close")})
    report = ingest_candles(source=source(server), secids=["SBER"], now=NOW)
    assert report.restated_series == ("SBER 1h",)
    assert set(Candle.objects.values_list("close", flat=True)) == {10.05}
    assert "restated: SBER 1h" in IngestionRun.objects.order_by("-pk")[0].detail


@pytest.mark.parametrize("divided", [True, False])
def test_whether_iss_divided_by_a_split_is_seen_from_the_prices(divided):
    before, after = make.days_of("2024-03-18", 10), make.days_of("2024-04-08", 10)
    rows = iss_bars(before, close=150.0 if divided else 15_000.0) + iss_bars(after, close=152.0)
    with IssServer(candles={("GMKN", 60): rows}, securities=[security("GMKN")]) as server:
        server.splits = [{"tradedate": "2024-04-08", "secid": "GMKN", "before": 1, "after": 100}]
        ingest_all(source=source(server), secids=["GMKN"], now=NOW)
    closes = sorted(set(Candle.objects.values_list("close", flat=True)))
    assert closes == [152.5, 15_050.0 if divided else 15_000.5]
    assert CorporateAction.objects.get().shares_after_per_before == 100.0


def test_reference_data_are_read_by_name(server):
    server.securities = [
        dict(reversed(security("SBER", LOTSIZE=10, MINSTEP=0.005, STATUS="N").items())),
        security("LKOHP", SECTYPE="2"),
    ]
    report = ingest_instruments(source=source(server), secids=["SBER", "LKOHP", "GHOST"], now=NOW)
    assert (report.rows_new, report.rows_quarantined) == (2, 1)
    sber = Instrument.objects.get(secid="SBER")
    assert (sber.price_step_rub, sber.decimals, sber.active, sber.sector) == (0.005, 3, False, "finance")
    assert Instrument.objects.get(secid="LKOHP").kind == "preferred"


def test_dividends_of_iss(server):
    ingest_all(source=source(server), secids=["SBER"], now=NOW)
    paid = {"secid": "SBER", "isin": "x", "currencyid": "RUB"}
    server.dividends = [
        paid | {"registryclosedate": "2024-06-10", "value": 33.3},
        paid | {"registryclosedate": "2024-06-12", "value": 1.0, "currencyid": "USD"},
        paid | {"registryclosedate": "soon", "value": 1.0},
        paid | {"registryclosedate": "2030-06-12", "value": 1.0},
    ]
    report = ingest_actions(source=source(server), secids=["SBER"], now=NOW)
    assert (report.rows_new, report.rows_outside, report.rows_quarantined) == (1, 1, 2)
    assert str(CorporateAction.objects.get(kind="dividend").ex_date) == "2024-06-10"


def test_bad_rows_of_a_page_go_to_quarantine(server):
    rows = server.candles["SBER", 60]
    rows[3]["low"], rows[5]["begin"], rows[7]["close"] = 1e9, "2024-05-06 25:00:00", None
    ingest_all(source=source(server), secids=["SBER"], now=NOW)
    reasons = sorted(QuarantinedRow.objects.values_list("reason", flat=True))
    assert reasons == ["bad_number", "low_above_high", "unparseable_time"]


def test_an_unknown_ticker_has_no_rows(server):
    ingest_instruments(source=source(server), secids=["GMKN"], now=NOW)
    assert ingest_candles(source=source(server), secids=["GMKN"], now=NOW).rows_received == 0


def test_a_changed_layout_stops_us(server, monkeypatch):
    monkeypatch.setattr("tests.iss_server.CANDLE_COLUMNS", ["open", "close", "high", "low", "begin"])
    ingest_instruments(source=source(server), secids=["SBER"], now=NOW)
    with pytest.raises(InvariantError, match="must have volume, value"):
        ingest_candles(source=source(server), secids=["SBER"], now=NOW)


def test_iss_has_no_30m_bars(server):
    ingest_instruments(source=source(server), secids=["SBER"], now=NOW)
    with pytest.raises(InputError, match="no 30m bars"):
        ingest_candles(source=source(server), secids=["SBER"], timeframes=[Timeframe.M30], now=NOW)


def test_reachable_means_json(server):
    assert source(server).reachable()
    server.faults = [Fault(body=b"<html>captive portal</html>")]
    assert not source(server).reachable()
    for nowhere in ("http://127.0.0.1:9/iss", "not a url"):
        assert not iss_reachable(limits=IssLimits(base_url=nowhere), timeout_s=1.0)
