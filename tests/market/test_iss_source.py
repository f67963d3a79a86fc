"""Everything else that ISS tells: securities, boards, tickers, indices, the calendar, notices, daily history."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from market.contracts import Timeframe
from market.iss.client import IssLimits
from market.iss_config import IssConfig, ScheduledCandles, iss_config
from market.models import Candle, CandleCoverage, CandleSource, IngestionRun, Instrument, TradingDay
from market.selectors.instruments import instrument_get
from market.services.instruments_write import instruments_write
from market.services.series_ingest import series_ingest
from market.services.sources import iss_source
from market.sources.iss import IssHistory, IssSource
from market.sources.iss_candles import security_path
from market.sources.iss_news import plain_text
from market.sources.records import CandleRequest
from tests import iss_replies
from tests.iss_replies import RETRIED
from tests.iss_server import Fault, IssServer, security
from tests.market import make
from traderai.common.config import load_config, load_yaml
from traderai.common.errors import InputError, InvariantError, TransientError

NOW = make.moscow("2024-07-01T12:20")


def source(server, **changed):
    limits = {"requests_per_s": 1000.0, "attempts": 2, "backoff_s": 0.001} | changed
    return IssSource(
        limits=IssLimits(base_url=server.base_url, **limits),
        data_lag=timedelta(minutes=15),
        history=timedelta(days=600),
        jitter=np.random.default_rng(1),
    )


@pytest.fixture
def server():
    with IssServer() as made:
        yield made


def test_shares_and_funds_are_read_from_their_boards_with_sectors_from_the_indices(server):
    server.securities = [security("SBER"), security("AAAA", SHORTNAME="Нефть", MINSTEP=0.5)]
    server.funds = [security("TMOS", LOTSIZE=1, SECTYPE="J"), security("SBER")]
    server.members = {"MOEXOG": [{"ticker": "AAAA", "from": "2020-01-01", "till": "2024-06-28"}]}
    page = source(server).instruments(secids=["SBER", "AAAA", "TMOS", "NONE"])
    by_secid = {record.secid: record for record in page.records}
    assert (by_secid["TMOS"].kind, by_secid["TMOS"].board, by_secid["TMOS"].lot_size) == ("etf", "TQTF", 1)
    assert (by_secid["AAAA"].sector, by_secid["AAAA"].price_step_rub) == ("oil_gas", 0.5)
    assert (by_secid["SBER"].sector, by_secid["SBER"].board) == ("finance", "TQBR")
    assert [row.raw for row in page.rejected] == [{"secid": "NONE"}]
    assert source(server).listed_secids() == ("SBER", "AAAA", "TMOS")
    terms = source(server).terms(secids=["AAAA", "NONE"])
    assert [(one.secid, one.lot_size, one.price_step_rub) for one in terms.records] == [("AAAA", 10, 0.5)]


@pytest.mark.parametrize("change", [{"LOTSIZE": None}, {"MINSTEP": "many"}, {"LISTLEVEL": "A"}])
def test_a_security_whose_figures_are_none_is_rejected_alone(server, change):
    server.securities = [security("SBER"), security("GAZP", **change)]
    page = source(server).instruments(secids=["SBER", "GAZP"])
    assert [record.secid for record in page.records] == ["SBER"]
    assert [row.reason for row in page.rejected] == ["bad_number"]


@pytest.mark.django_db
def test_what_is_listed_no_more_is_an_instrument_too(server):
    gone = {"SECID": "URKA", "BOARDID": "TQBR", "history_from": "2013-07-08", "history_till": "2022-10-28"}
    server.listing = [gone | {"SHORTNAME": "Уркалий-ао", "NAME": "Уралкалий"}]
    server.securities = [security("SBER")]
    page = source(server).instruments(secids=["SBER", "URKA", "NONE"])
    assert [row.raw for row in page.rejected] == [{"secid": "NONE"}]
    instruments_write(records=page.records)
    urka = Instrument.objects.get(secid="URKA")
    assert (urka.active, urka.delisted_on, urka.name_ru) == (False, date(2022, 10, 28), "Уралкалий")
    server.requests.clear()
    source(server).instruments(secids=["SBER"])
    assert not [url for url in server.requests if "listing" in url]


def test_every_ticker_change_that_is_one(server):
    server.changeover = [
        {"action_date": "2024-07-24", "old_secid": "YNDX", "new_secid": "YDEX"},
        {"action_date": "2024-11-28", "old_secid": "TCSG", "new_secid": "T"},
        {"action_date": "2014-07-14", "old_secid": "HYDR", "new_secid": "HYDR"},
        {"action_date": None, "old_secid": "A", "new_secid": "B"},
    ]
    page = source(server).ticker_changes()
    assert [(one.old_secid, one.new_secid, f"{one.changed_on}") for one in page.records] == [
        ("YNDX", "YDEX", "2024-07-24"), ("TCSG", "T", "2024-11-28"),
    ]  # fmt: skip
    assert [row.reason for row in page.rejected] == ["no_ticker_change"] * 2


def test_the_listing_holds_what_is_traded_no_more(server):
    gone = {"SECID": "URKA", "BOARDID": "TQBR", "history_from": "2013-07-08", "history_till": "2022-10-28"}
    never = {"SECID": "GHST", "BOARDID": "TQBR", "history_from": None, "history_till": None}
    server.listing = [gone | {"SECID": f"U{at:03d}"} for at in range(230)] + [never]
    page = source(server).listing()
    assert len(page.records) == 230
    assert (page.records[0].traded_from, page.records[0].traded_till) == (
        date(2013, 7, 8),
        date(2022, 10, 28),
    )
    assert [row.reason for row in page.rejected] == ["no_span"]
    assert len([url for url in server.requests if "TQBR/listing" in url]) == 3


def test_members_are_dated_and_those_of_today_have_no_last_day(server):
    server.members = {
        "IMOEX": [
            {"ticker": "SBER", "from": "2001-01-03", "till": "2024-06-28", "tradingsession": 1},
            {"ticker": "SBER", "from": "2001-01-03", "till": "2024-06-28", "tradingsession": 3},
            {"ticker": "YNDX", "from": "2014-06-24", "till": "2024-06-13", "tradingsession": 3},
            {"ticker": "????", "from": "2014-06-24", "till": "2013-06-13", "tradingsession": 3},
        ]
    }
    page = source(server).index_members()
    assert [(one.index_secid, one.secid, one.member_till) for one in page.records] == [
        ("IMOEX", "SBER", None), ("IMOEX", "YNDX", date(2024, 6, 13)),
    ]  # fmt: skip
    assert [row.reason for row in page.rejected] == ["no_span"]


def test_spans_of_candles_are_told_by_timeframe(server):
    server.borders = {
        "SBER": [
            {"begin": "2011-12-15 10:00:00", "end": "2024-07-01 12:05:00", "interval": 1},
            {"begin": "2007-01-01 00:00:00", "end": "2024-06-01 00:00:00", "interval": 31},
        ]
    }
    borders = source(server).candle_borders(secid="SBER", board="TQBR")
    assert borders == {Timeframe.M1: (make.moscow("2011-12-15T10:00"), make.moscow("2024-07-01T12:05"))}


@pytest.mark.django_db
def test_index_candles_come_from_the_index_board_and_make_no_trading_days(server):
    bars = [
        {"begin": f"2024-06-{day} 00:00:00", "end": f"2024-06-{day} 23:59:59", "open": 3200.0, "close": 3210.0,
         "high": 3220.0, "low": 3190.0, "value": 1e10, "volume": 0}
        for day in (22, 24, 25)
    ]  # fmt: skip
    server.candles["RTSI", 24] = bars
    asked = source(server)
    instruments_write(records=asked.indices().records)
    rtsi = instrument_get(secid="RTSI")
    run = IngestionRun.objects.create(kind="indices", source="iss", started_at=NOW)
    request = CandleRequest(secid="RTSI", timeframe=Timeframe.D1, now=NOW)
    report = series_ingest(source=asked, instrument=rtsi, request=request, run_id=run.pk)
    assert report.rows_new == 3
    assert "/markets/index/boards/RTSI/securities/RTSI/candles" in server.requests[0]
    assert set(Candle.objects.values_list("board", flat=True)) == {"RTSI"}
    assert not TradingDay.objects.exists()
    assert [page.board for page in asked.index_candles(request=request)] == ["RTSI"]


def history_row(day, close, **changed):
    row = {
        "BOARDID": "TQBR", "TRADEDATE": f"{day}", "SHORTNAME": "x", "SECID": "GMKN", "NUMTRADES": 5, "VALUE": 1e6,
        "OPEN": close, "LOW": close - 1, "HIGH": close + 1, "LEGALCLOSEPRICE": close, "WAPRICE": close,
        "CLOSE": close, "VOLUME": 100, "TRADINGSESSION": 3,
    }  # fmt: skip
    return row | changed


@pytest.mark.django_db
def test_daily_history_is_as_traded_and_outranks_candles_that_were_turned_back(server):
    make.instrument("GMKN")
    days = make.days_of("2024-01-09", 120)
    quiet = {"NUMTRADES": 0, "OPEN": None, "HIGH": None, "LOW": None, "CLOSE": None, "VOLUME": 0}
    server.history["GMKN"] = [history_row(day, 15_000.0) for day in days[:119]] + [
        history_row(days[119], 0.0, **quiet), history_row(days[3], 1.0, BOARDID="SMAL"),
    ]  # fmt: skip
    server.candles["GMKN", 24] = [
        {"begin": f"{day} 00:00:00", "end": "", "open": 149.0, "close": 149.0, "high": 149.0, "low": 149.0,
         "value": 1.0, "volume": 7}
        for day in days
    ]  # fmt: skip
    asked, facts = source(server), instrument_get(secid="GMKN")
    run = IngestionRun.objects.create(kind="candles", source="iss", started_at=NOW)
    request = CandleRequest(secid="GMKN", timeframe=Timeframe.D1, now=NOW, since=make.moscow("2024-01-01"))
    for feed in (asked, IssHistory(source=asked), asked):
        report = series_ingest(source=feed, instrument=facts, request=request, run_id=run.pk, refetch=True)
    assert report.rows_outranked > 0
    by_source = dict(Candle.objects.values_list("begin", "source__name"))
    assert list(by_source.values()).count("iss/history") == 119
    assert Candle.objects.filter(source__name="iss/history", close=15_000.0).count() == 119
    assert CandleCoverage.objects.count() == CandleSource.objects.count() == 2
    history = [url for url in server.requests if url.startswith("/iss/history")]
    assert len(history) == 2 and "from=2024-01-01" in history[0]  # the cursor says where it ends
    with pytest.raises(InputError, match="1d bars only"):
        list(asked.daily_history(request=CandleRequest(secid="GMKN", timeframe=Timeframe.H1, now=NOW)))


DAYS = [
    {"tradedate": "2024-12-28", "stock_workday": 1, "stock_trade_session_date": None, "stock_reason": "T"},
    {"tradedate": "2024-12-31", "stock_workday": 0, "stock_trade_session_date": None, "stock_reason": "H"},
    {"tradedate": "2025-01-09", "stock_workday": 1, "stock_trade_session_date": None, "stock_reason": "N"},
    {"tradedate": "2025-03-01", "stock_workday": 1, "stock_trade_session_date": "2025-03-03", "stock_reason": "W"},
    {"tradedate": "2025-03-02", "stock_workday": None, "stock_trade_session_date": None, "stock_reason": None},
    {"tradedate": "2025-03-03", "stock_workday": 1, "stock_trade_session_date": "2025-02-28", "stock_reason": "N"},
]  # fmt: skip
SESSIONS = [
    {"tradedate": "2025-01-09", "tradingsession": code, "boardid": board, "secid": secid, "type": kind,
     "time_from": begin, "time_till": end}
    for code, board, secid, kind, begin, end in [
        (1, "TQBR", None, "oa_booking", "09:50:00", "09:59:59"), (1, "TQBR", "", "system", "10:00:00", "18:39:59"),
        (2, "TQBR", None, "system", "19:05:00", "23:49:59"), (1, "CPEY", None, "system", "07:00:00", "23:00:00"),
        (1, "TQBR", "ABIO", "system", "06:00:00", "23:00:00"), (-999, "TQBR", None, "x", "01:00:00", "02:00:00"),
        (0, "TQBR", None, "system", "09:00:00", "08:00:00"),
    ]
]  # fmt: skip


def test_the_calendar_with_its_sessions(server):
    server.days, server.sessions, server.page_size = DAYS, SESSIONS, 2
    page = source(server).calendar(since=date(2024, 12, 1), until=date(2025, 4, 1))
    days = {f"{one.day}": one for one in page.records}
    assert [(day, one.is_open, f"{one.trading_date}") for day, one in days.items()] == [
        ("2024-12-28", True, "2024-12-28"), ("2024-12-31", False, "None"), ("2025-01-09", True, "2025-01-09"),
        ("2025-03-01", True, "2025-03-03"),
    ]  # fmt: skip
    assert (days["2024-12-31"].reason, days["2025-03-01"].reason) == ("holiday", "weekend session")
    told = [(code, f"{begin:%H:%M}", f"{end:%H:%M}") for code, begin, end in days["2025-01-09"].sessions]
    assert told == [("main", "09:50", "18:39"), ("evening", "19:05", "23:49")]
    assert sorted(row.reason for row in page.rejected) == ["no_calendar_day", "no_session"]
    assert page.outside == 1
    asked = [url for url in server.requests if "/calendars.json" in url and "start=0" in url]
    assert ["till=2024-12-31" in asked[0], "from=2025-01-01" in asked[1]] == [True, True]


def test_a_calendar_without_sessions_says_so(server):
    server.days = DAYS
    page = source(server).calendar(since=date(2024, 12, 1), until=date(2025, 1, 1))
    assert len(page.records) == 2
    assert [row.reason for row in page.rejected] == ["sessions_not_available"]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (RETRIED["html"], TransientError),
        (RETRIED["403"], TransientError),
        (Fault(status=404), InvariantError),
    ],
)
def test_a_calendar_that_needs_a_subscription_is_a_typed_error(server, fault, error):
    server.plan = lambda *_: fault
    with pytest.raises(error):
        source(server).calendar(since=date(2024, 12, 1), until=date(2025, 1, 1))


def test_notices_come_oldest_first_with_their_texts(server):
    server.news = [
        {"id": 1000 - at, "tag": "site", "title": f"О торгах &laquo;{at}&raquo;", "body": "<p>Один&nbsp;два</p><p>три</p>",
         "published_at": f"2024-06-{28 - at // 10:02d} 1{9 - at % 10}:00:00", "modified_at": None}
        for at in range(120)
    ]  # fmt: skip
    server.news[40]["modified_at"] = "2024-06-29 09:00:00"
    server.news[2]["published_at"] = "soon"
    server.news[3]["title"] = ""
    server.plan = lambda _n, path: Fault(status=404) if "/sitenews/990." in path else None
    pages = list(source(server).news(since=make.moscow("2024-06-24"), now=NOW))
    news = [one for page in pages for one in page.records]
    touched = [one.modified_at or one.published_at for one in news]
    assert touched == sorted(touched)
    assert all(moment >= make.moscow("2024-06-24") for moment in touched)
    assert (news[0].source, news[0].body, news[0].title[:9]) == ("moex", "Один два\nтри", "О торгах ")
    assert sorted(row.reason for page in pages for row in page.rejected) == ["no_title", "unparseable_time"]
    lists = [url for url in server.requests if "/sitenews.json" in url]
    assert len(lists) == 2 and len(server.requests) == 2 + len(news)
    assert [one.external_id for one in news if not one.body] == ["990"]


def test_without_a_beginning_notices_of_the_last_days_are_read(server):
    old, new = NOW - timedelta(days=60), NOW - timedelta(days=2)
    server.news = [
        {"id": at, "tag": "", "title": "t", "body": "", "published_at": f"{moment:%Y-%m-%d %H:%M:%S}",
         "modified_at": None}
        for at, moment in enumerate((new, old))
    ]  # fmt: skip
    assert [one.external_id for page in source(server).news(since=None, now=NOW) for one in page.records] == [
        "0"
    ]


def test_plain_text_keeps_lines_and_drops_marks():
    assert plain_text("<div>a <b>b</b>&amp;c</div>\r\n<ul><li>d</li><li> e</li></ul>") == "a b &c\nd\ne"


def test_a_board_that_nobody_named_is_refused():
    with pytest.raises(InputError, match="board must be one of TQBR, TQTF, SNDX, RTSI, was 'SMAL'"):
        security_path("SBER", "SMAL")


def test_iss_yaml_is_checked():
    assert iss_config().index_board("RTSI") == "RTSI"
    assert iss_config().index_board("SBER") is None
    sectors = load_yaml("sectors.yaml")["sectors"]
    assert set(iss_config().sector_indices.values()) <= set(sectors)
    with pytest.raises(ValueError, match="one that ISS has, was '30m'"):
        ScheduledCandles(timeframe="30m", universe="", every_minutes=30, history_days=1)
    with pytest.raises(ValueError, match="every_minutes must be at least 1"):
        ScheduledCandles(timeframe="1h", universe="", every_minutes=0, history_days=1)
    with pytest.raises(ValueError, match="1d bars only"):
        ScheduledCandles(timeframe="1h", universe="", every_minutes=60, history_days=1, source="iss_history")
    config = load_config("iss.yaml", IssConfig)
    with pytest.raises(ValueError, match="must not hold SMAL"):
        IssConfig(**{name: getattr(config, name) for name in config.__slots__} | {"former_boards": ("SMAL",)})
    with pytest.raises(ValueError, match="board must be one of boards"):
        IssConfig(**{name: getattr(config, name) for name in config.__slots__} | {"boards": {}})


def test_the_source_of_the_settings_shares_its_limit_with_other_processes(settings, tmp_path):
    settings.STATE_DIR = tmp_path
    settings.ISS_REQUESTS_PER_SECOND = 3.0
    made = iss_source()
    assert (made.limits.requests_per_s, made.limits.shared_in) == (3.0, tmp_path / "iss")


@pytest.mark.realdata
class TestRecorded:
    """Replies as ISS really sent them."""

    @pytest.fixture
    def replay(self, real_data):
        with IssServer(recorded=iss_replies.recorded_replies(real_data)) as made:
            yield made

    def test_the_weights_of_imoex(self, replay, monkeypatch):
        page = source(replay).index_weights(day=date(2023, 6, 1))
        weights = {one.secid: one.weight_pct for one in page.records if one.index_secid == "IMOEX"}
        assert (len(weights), weights["LKOH"], weights["GAZP"]) == (40, 16.86, 12.75)
        assert sum(weights.values()) == pytest.approx(100.0, abs=0.3)
        assert page.rejected == () and {one.day for one in page.records} == {date(2023, 6, 1)}

    def test_the_dividends_of_sber(self, replay):
        page = source(replay).actions(secids=["SBER"])
        assert [one.amount_rub for one in page.dividends] == [16, 18.7, 18.7, 25, 33.3, 34.84]
        assert f"{page.dividends[0].registry_close}" == "2019-06-13"

    def test_the_boards_of_every_recorded_security(self, replay, real_data):
        secids = sorted(path.stem for path in (real_data / "iss" / "securities").glob("*.json"))
        page = source(replay).boards(secids=secids)
        boards = {(one.secid, one.board): one for one in page.records}
        assert (boards["SBER", "TQBR"].is_primary, boards["SBER", "TQBR"].traded_till) == (True, None)
        assert f"{boards['SBER', 'TQBR'].traded_from}" == "2013-03-25"
        assert f"{boards['YNDX', 'TQBR'].traded_till}" == "2024-07-09"
        assert f"{boards['T', 'TQBR'].traded_from}" == "2024-11-28"
        assert {secid for secid, board in boards if board == "TQBR"} == set(secids)
        assert not {board for _, board in boards} & {"SMAL", "TQDP", "RPMA"}
        assert page.rejected == ()

    @pytest.mark.django_db
    def test_recorded_candles_are_stored_as_they_are(self, real_data):
        rows = iss_replies.recorded_rows(real_data, "sber_candles_10m_2023-06-01_first24.json", "candles")
        make.instrument("SBER")
        with IssServer(candles={("SBER", 10): rows}, page_size=10) as server:
            run = IngestionRun.objects.create(kind="candles", source="iss", started_at=NOW)
            request = CandleRequest(
                secid="SBER", timeframe=Timeframe.M10, now=NOW, since=make.moscow("2023-06-01")
            )
            report = series_ingest(
                source=source(server), instrument=instrument_get(secid="SBER"), request=request, run_id=run.pk
            )
        assert report.rows_new == 24
        first = Candle.objects.order_by("begin")[0]
        assert (first.begin, first.close, first.volume_shares, first.value_rub) == (
            make.moscow("2023-06-01T09:50"), 247.0, 149_500.0, 36_926_500.0,
        )  # fmt: skip

    @pytest.mark.django_db
    def test_recorded_history_is_stored_as_traded(self, real_data):
        rows = iss_replies.recorded_rows(real_data, "history_SBER_2023-01_first9_of_21.json", "history")
        quiet = iss_replies.recorded_rows(real_data, "history_TQBR_2023-06-01_5_rows.json", "history")
        make.instrument("SBER")
        make.instrument("ACKO")
        with IssServer(history={"SBER": rows, "ACKO": [r for r in quiet if r["SECID"] == "ACKO"]}) as server:
            feed = IssHistory(source=source(server))
            pages = [
                page
                for secid in ("SBER", "ACKO")
                for page in feed.candles(
                    request=CandleRequest(
                        secid=secid, timeframe=Timeframe.D1, now=NOW, since=make.moscow("2023-01-01")
                    )
                )
            ]
        assert [len(page.columns) for page in pages] == [9, 0]
        assert pages[0].columns.close.tolist()[:2] == [141.78, 141.43]
        assert (pages[1].outside, pages[0].rejected) == (1, ())
