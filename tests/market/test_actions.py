from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from market.configs import file_sources_config
from market.contracts import CandleColumns, Timeframe
from market.kernels.corporate import ex_date
from market.models import CorporateAction, Instrument, TradingDay
from market.selectors.bars import bars_load
from market.services.actions_write import actions_write
from market.services.candle_write import candles_write
from market.services.dividend_announcements import action_known_set
from market.services.instruments_write import instruments_write
from market.sources.corporate_files import announced_dividends_of, dividends_of, manual_splits, splits_of
from market.sources.records import ActionPage, DividendRecord, InstrumentRecord, SplitRecord
from market.sources.wall_clock import moscow_to_epoch_s
from tests.market import make
from traderai.common.clock import midnight

pytestmark = pytest.mark.django_db
TRUST = file_sources_config().dividend_trust
DAYS = make.days_of("2024-01-08", 15)  # 2024-01-08 .. 2024-01-26


def market(secid="TEST", close=100.0):
    facts = make.instrument(secid)
    begins = [make.moscow(f"{day}T10:00") for day in DAYS]
    make.write(facts, make.columns(begins, [close] * len(begins)))
    return facts


def dividend(amount, day=DAYS[8], source="moex_iss", secid="TEST", **more):
    return DividendRecord(secid=secid, amount_rub=amount, source=source, registry_close=day, **more)


def announced(amount, on, day=DAYS[8], secid="TEST"):
    return dividend(amount, day, "announced", secid, announced_on=date.fromisoformat(on))


def split(ratio, day, source="moex_iss"):
    return SplitRecord(secid="TEST", ex_date=day, shares_after_per_before=ratio, source=source)


def bring(*records):
    return actions_write(
        page=ActionPage(
            splits=tuple(r for r in records if isinstance(r, SplitRecord)),
            dividends=tuple(r for r in records if isinstance(r, DividendRecord)),
        ),
        trust=TRUST,
    )


def counts(report):
    return report.new, report.changed, report.unchanged, [row.reason for row in report.rejected]


def stored():
    return list(
        CorporateAction.objects.order_by("ex_date", "source").values_list("source", "amount_rub", "known_at")
    )


def test_a_dividend_is_known_from_the_end_of_the_day_of_its_announcement():
    market()
    told, when = dividend(5.0), announced(5.0, "2023-11-20")
    assert counts(bring(told)) == (1, 0, 0, [])
    assert stored() == [("moex_iss", 5.0, midnight(DAYS[8]))]
    assert counts(bring(told, when)) == (0, 1, 1, [])
    assert stored() == [("moex_iss", 5.0, make.moscow("2023-11-21"))]
    assert counts(bring(told, when)) == (0, 0, 2, [])
    assert counts(bring(told)) == (0, 0, 1, [])  # a source without announcements forgets none
    assert stored() == [("moex_iss", 5.0, make.moscow("2023-11-21"))]


@pytest.mark.parametrize(("known_on", "paid"), [("2023-12-20", 5.0), ("2024-01-24", 0.0)])
def test_bars_carry_a_dividend_that_was_known_when_its_first_bar_ended(known_on, paid):
    facts = market()
    bring(dividend(5.0))
    CorporateAction.objects.update(known_at=make.moscow(known_on))
    for as_of in ("2024-01-23", "2024-01-24", "2024-02-01"):
        bars = bars_load(secid=facts.secid, timeframe=Timeframe.H1, as_of=make.moscow(as_of))
        assert bars.dividend_rub.sum() == paid


def test_payments_of_one_day_take_the_latest_announcement_and_sums_are_understood():
    market()
    bring(dividend(7.0), dividend(3.0))  # one row of 10 roubles
    report = bring(announced(7.0, "2023-11-20"), announced(3.0, "2023-12-05"))
    assert counts(report) == (0, 2, 0, [])
    assert stored() == [("moex_iss", 10.0, make.moscow("2023-12-06"))]


def test_an_announcement_in_shares_of_a_later_split_is_understood():
    market()
    bring(split(100.0, DAYS[12]), dividend(500.0))
    assert counts(bring(announced(5.0, "2023-11-20"))) == (0, 1, 0, [])
    assert stored()[0][2] == make.moscow("2023-11-21")


def test_an_announcement_of_a_near_day_belongs_to_the_only_dividend_there():
    market()
    bring(dividend(5.0))
    assert counts(bring(announced(5.0, "2023-11-20", day=DAYS[10]))) == (0, 1, 0, [])


def test_announcements_that_fit_no_dividend_are_reported():
    market()
    bring(dividend(5.0, DAYS[2]))
    report = bring(
        announced(6.0, "2023-11-20", DAYS[2]), announced(6.0, "2023-11-20", DAYS[14]),
        announced(6.0, "2023-11-20", date(2001, 1, 1)), announced(6.0, "2023-11-20", secid="NONE"),
    )  # fmt: skip
    assert counts(report) == (
        0, 0, 0, ["announced_amount_disagrees", "announced_dividend_unknown", "unknown_ticker"],
    )  # fmt: skip
    assert report.outside == 1
    assert stored()[0][2] == midnight(DAYS[2])


def test_what_staff_set_stays():
    market()
    bring(split(10.0, DAYS[12]), dividend(5.0))
    for action in CorporateAction.objects.all():
        action_known_set(action_id=action.pk, known_at=make.moscow("2023-10-01"))
        action_known_set(action_id=action.pk, known_at=make.moscow("2023-10-01"))
    assert {row[0] for row in stored()} == {"staff:moex_iss"}
    report = bring(split(10.0, DAYS[12]), dividend(5.0), announced(5.0, "2023-11-20"))
    assert counts(report) == (0, 0, 3, [])
    assert {row[2] for row in stored()} == {make.moscow("2023-10-01")}
    assert CorporateAction.objects.count() == 2
    assert counts(bring(split(4.0, DAYS[12]))) == (0, 0, 0, ["split_disagrees"])


def test_one_split_dated_by_two_sources_counts_once():
    market()
    assert counts(bring(split(8.0, DAYS[5]))) == (1, 0, 0, [])
    assert counts(bring(split(8.0, DAYS[5] - timedelta(days=2), "manual"))) == (0, 0, 1, [])
    assert counts(bring(split(4.0, DAYS[5] - timedelta(days=2), "manual"))) == (0, 0, 0, ["split_disagrees"])
    assert counts(bring(split(8.0, DAYS[5] + timedelta(days=60), "manual"))) == (1, 0, 0, [])


def test_a_turned_amount_must_be_borne_out_by_the_price():
    market(close=5000.0)
    make.instrument("BARE")
    back = {"turned_back_by": 100.0, "source": "skill_fill_tbank"}
    report = bring(dividend(1.2, **back), dividend(12_000.0, **back), dividend(120.0, secid="BARE", **back))
    assert counts(report) == (
        0, 0, 0, ["turned_amount_against_price", "turned_amount_against_price", "turned_amount_unchecked"],
    )  # fmt: skip
    assert counts(bring(dividend(120.0, **back))) == (1, 0, 0, [])
    # 3.5 % off: the same dividend, adjusted by its teller for something else too.
    yahoo = {"turned_back_by": 100.0, "source": "skill_fill_yahoo"}
    assert counts(bring(dividend(124.2, **yahoo))) == (0, 0, 0, ["told_by_other_source"])
    assert counts(bring(dividend(62.0, DAYS[3], **yahoo), announced(63.0, "2023-12-01", DAYS[3]))) == (
        0, 0, 0, ["turned_amount_against_announcement", "announced_amount_disagrees"],
    )  # fmt: skip


def test_a_dividend_told_without_its_register_gives_way_whichever_came_first():
    market()
    yahoo = dividend(52.0, DAYS[6], "skill_fill_yahoo")
    ours = dividend(5.2, DAYS[8], "skill_fill_dohod")
    assert counts(bring(yahoo, ours)) == (1, 0, 0, ["told_by_other_source"])
    assert counts(bring(yahoo)) == (0, 0, 0, ["told_by_other_source"])
    CorporateAction.objects.all().delete()
    assert counts(bring(yahoo)) == (1, 0, 0, [])
    assert counts(bring(ours)) == (1, 0, 0, [])
    assert [row[:2] for row in stored()] == [("skill_fill_dohod", 5.2)]
    far = dividend(1.0, DAYS[14], "skill_fill_yahoo")
    assert counts(bring(far)) == (1, 0, 0, [])


def test_ex_dates_before_september_2013_fall_after_the_register_closed():
    days = make.days_of("2013-08-19", 20)
    assert ex_date(date(2013, 8, 22), days) == date(2013, 8, 23)  # same-day settlement
    assert ex_date(date(2013, 8, 24), days) == date(2013, 8, 26)  # a Saturday
    assert ex_date(date(2013, 9, 4), days) == date(2013, 9, 3)  # two days


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"kind": "split", "amount_rub": 1.0}, "market_corporateaction_has_its_figure"),
        ({"kind": "dividend", "amount_rub": 0.0}, "market_corporateaction_has_its_figure"),
        ({"kind": "dividend", "amount_rub": 5.0, "source": "moex_iss"}, "market_corporateaction_once"),
    ],
)
def test_the_table_refuses_what_makes_no_sense(values, constraint):
    facts = market()
    bring(dividend(5.0))
    row = {"instrument_id": facts.id, "ex_date": stored() and CorporateAction.objects.get().ex_date}
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        CorporateAction.objects.create(**row | {"known_at": midnight(DAYS[0]), "source": "x"} | values)


def form_of(client, action):
    page = client.get(reverse("admin:market_corporateaction_change", args=[action.pk]))
    return page, {"known_at_0": "2023-10-01", "known_at_1": "10:00:00"}


def test_staff_may_correct_when_an_action_was_known_and_nothing_else(client):
    market()
    bring(dividend(5.0))
    action = CorporateAction.objects.get()
    user = get_user_model().objects.create_user("clerk", password="x", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_corporateaction"))
    client.force_login(user)
    address = reverse("admin:market_corporateaction_change", args=[action.pk])
    _, form = form_of(client, action)
    assert client.post(address, form).status_code == 403
    user.user_permissions.add(Permission.objects.get(codename="change_corporateaction"))
    assert client.post(address, form | {"amount_rub": "999"}).status_code == 302
    action.refresh_from_db()
    assert (action.known_at, action.amount_rub, action.source) == (
        make.moscow("2023-10-01T10:00"), 5.0, "staff:moex_iss",
    )  # fmt: skip
    assert counts(bring(dividend(5.0), announced(5.0, "2023-11-20"))) == (0, 0, 2, [])


def daily_market(real_data, secids):
    """The calendar and the daily candles as traded of some shares, through the writers."""
    daily = pl.scan_parquet(real_data / "daily" / "1d_as_traded_2000_2024.parquet")
    calendar = daily.select("date").unique().sort("date").collect()["date"].to_list()
    TradingDay.objects.bulk_create(
        [TradingDay(date=day, trading_date=day, is_real=True, is_simulated=False) for day in calendar]
    )
    instruments_write(records=tuple(InstrumentRecord(secid=s, name_ru=s, name_en=s) for s in secids))
    rows = (
        daily.filter(pl.col("secid").is_in(secids) & (pl.col("board") != "SMAL") & (pl.col("close") > 0))
        .sort("value").unique(["secid", "date"], keep="last").sort("secid", "date").collect()
    )  # fmt: skip
    for (secid,), of_share in rows.group_by("secid"):
        of_share = of_share.sort("date")
        figures = {name: of_share[name].to_numpy() for name in ("open", "high", "low", "close")}
        columns = CandleColumns(
            begin_s=moscow_to_epoch_s(of_share["date"].to_numpy().astype("datetime64[s]")),
            volume_shares=of_share["volume"].to_numpy(),
            value_rub=np.full(len(of_share), np.nan),
            **figures,
        )
        candles_write(
            instrument_id=Instrument.objects.get(secid=secid).pk,
            timeframe=Timeframe.D1,
            columns=columns,
            origin=make.FILE,
            marks_trading_days=False,
        )


@pytest.mark.realdata
def test_real_dividends_meet_their_announcements_and_price_gaps(real_data):
    secids = ["SBER", "GMKN", "PLZL", "TRNFP", "LKOH", "CHMF", "IRAO", "BELU"]
    daily_market(real_data, secids)
    corporate = real_data / "corporate"
    dividends = dividends_of(corporate / "dividends.csv").records
    told = announced_dividends_of(corporate / "dividends_announced_dohod.csv").records
    page = ActionPage(
        splits=(*manual_splits(), *splits_of(corporate / "splits.csv").records),
        dividends=tuple(record for record in (*dividends, *told) if record.secid in secids),
    )
    first = actions_write(page=page, trust=TRUST)
    second = actions_write(page=page, trust=TRUST)
    assert (second.new, second.changed) == (0, 0)
    assert first.new == 190
    splits = CorporateAction.objects.filter(kind="split").values_list("instrument__secid", "ex_date")
    assert dict(splits) == {
        "SBER": date(2007, 7, 20),
        "BELU": date(2024, 8, 22), "GMKN": date(2024, 4, 8), "IRAO": date(2015, 1, 20),
        "PLZL": date(2025, 3, 27), "TRNFP": date(2024, 2, 21),
    }  # fmt: skip
    rows = CorporateAction.objects.filter(kind="dividend")
    sber = rows.filter(instrument__secid="SBER", ex_date__gte=date(2019, 1, 1)).order_by("ex_date")
    assert list(sber.values_list("amount_rub", flat=True)) == [16.0, 18.7, 18.7, 25.0, 33.3]
    newest = sber.last()
    assert (newest.ex_date, newest.known_at) == (date(2024, 7, 11), make.moscow("2024-04-24"))
    # Turned back by a split and borne out by the price: 716.58 at 43,829 roubles a share.
    assert rows.get(instrument__secid="TRNFP", ex_date=date(2012, 5, 23)).amount_rub == 716.58
    assert rows.filter(instrument__secid="GMKN", ex_date=date(2010, 5, 24)).get().amount_rub == 210.0
    announced_count = sum(row.known_at != midnight(row.ex_date) for row in rows)
    assert announced_count / rows.count() > 0.75
    late = [row for row in rows if row.known_at > midnight(row.ex_date)]
    assert all(row.ex_date < date(2014, 1, 1) for row in late)
    check_gaps(secids)


def check_gaps(secids):
    """On the ex-date the price falls by about the dividend; a wrong day or amount would show here."""
    gaps = []
    for secid in secids:
        bars = bars_load(secid=secid, timeframe=Timeframe.D1, as_of=make.moscow("2024-12-31"))
        # Closes: BELU opened with a trade at its old price on its first day in new shares.
        jumps = bars.close[1:] / bars.close[:-1]
        traded = (bars.turnover_rub[:-1] > 1e7) & (bars.begin_s[:-1] > make.moscow("2007-01-01").timestamp())
        assert jumps[traded].min() > 0.5 and jumps[traded].max() < 2.0, secid  # no trace of a split is left
        for at in bars.dividend_rub.nonzero()[0]:
            recent = bars.begin_s[at] > make.moscow("2013-09-02").timestamp()
            if recent and bars.dividend_rub[at] / bars.close[at - 1] > 0.03:
                gaps.append((bars.close[at - 1] - bars.open[at]) / bars.dividend_rub[at])
    assert len(gaps) > 60 and 0.75 < float(np.median(gaps)) < 1.0


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("since", "until", "count", "least"),
    [(2005, 2013, 15, 0.3), (2014, 2023, 300, 0.7), (2024, 2025, 60, 0.7)],
)
def test_real_prices_fall_on_the_ex_date_and_on_no_day_beside_it(real_data, since, until, count, least):
    """In every age of settlement, over all shares, by the register days of the files."""
    daily = pl.read_parquet(real_data / "daily" / "1d_as_traded_2000_2024.parquet").filter(
        (pl.col("board") != "SMAL") & (pl.col("close") > 0) & (pl.col("value") > 3e6)
    )
    calendar = sorted(daily["date"].unique().to_list())
    shares = {
        key[0]: dict(zip(rows["date"].to_list(), rows.select("open", "close").rows(), strict=True))
        for key, rows in daily.group_by("secid")
    }
    falls = {-1: [], 0: [], 1: []}
    for record in dividends_of(real_data / "corporate" / "dividends.csv").records:
        register = record.registry_close
        day = ex_date(register, calendar) if register and since <= register.year < until else None
        if day is None or record.secid not in shares:
            continue
        days = [calendar[calendar.index(day) + step] for step in (-2, -1, 0, 1)]
        bars = [shares[record.secid].get(one) for one in days]
        if None in bars or not 0.03 < record.amount_rub / bars[1][1] < 0.3:
            continue
        for step in falls:
            falls[step].append((bars[step + 1][1] - bars[step + 2][0]) / record.amount_rub)
    assert len(falls[0]) >= count
    assert float(np.median(falls[0])) > least
    assert max(abs(float(np.median(falls[step]))) for step in (-1, 1)) < 0.1


@pytest.mark.django_db(transaction=True)
def test_actions_do_not_wait_for_writers_of_candles_and_figures():
    facts = market()
    # What a row that points to an instrument holds of it until its transaction ends.
    other = connection.copy()
    other.set_autocommit(False)
    with other.cursor() as theirs, connection.cursor() as ours:
        theirs.execute("SELECT 1 FROM market_instrument WHERE id = %s FOR KEY SHARE", [facts.id])
        ours.execute("SET lock_timeout = '1s'")
        try:
            page = ActionPage(splits=(), dividends=(dividend(5.0),))
            assert actions_write(page=page, trust=TRUST).new == 1
        finally:
            ours.execute("RESET lock_timeout")
            other.rollback()
            other.close()
