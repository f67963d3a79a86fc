from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from datetime import date, datetime, timedelta

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from market.contracts import CandleColumns, CandleOrigin, Timeframe
from market.selectors.instruments import instrument_list
from market.services.candle_write import candles_write
from market.services.resample import series_resample
from market.services.resample_check import check_as_dict, check_as_text, resample_check
from market.sources.wall_clock import moscow_to_epoch_s
from tests.market import make
from traderai.common.errors import InputError

pytestmark = pytest.mark.django_db
NOW = make.moscow("2026-01-15")
ELSEWHERE = CandleOrigin(name="elsewhere", kind="file", priority=2)


def minutes(day, count=60, first="10:00", drop=()):
    rng = np.random.default_rng(3)
    start = make.moscow(f"{day}T{first}")
    bars = make.columns(
        [start + timedelta(minutes=i) for i in range(count)], (100 + rng.integers(0, 9, count)).astype(float).tolist()
    )  # fmt: skip
    bars.volume_shares[:] = rng.integers(1, 100, count)
    return bars.take(~np.isin(np.arange(count), drop))


def tens(bars):
    """Return ten-minute bars by plain slices; the minutes must be whole."""
    parts = [slice(at, at + 10) for at in range(0, len(bars), 10)]
    return CandleColumns(
        begin_s=bars.begin_s[::10],
        open=bars.open[::10],
        high=np.array([bars.high[part].max() for part in parts]),
        low=np.array([bars.low[part].min() for part in parts]),
        close=bars.close[9::10],
        volume_shares=np.array([bars.volume_shares[part].sum() for part in parts]),
        value_rub=np.full(len(parts), np.nan),
    )


def write(facts, timeframe, bars, origin=make.FILE):
    candles_write(instrument_id=facts.id, timeframe=timeframe, columns=bars, origin=origin)


def check(feed="1m", target="10m", **options):
    return resample_check(
        timeframe_from=Timeframe.parse(feed), timeframe_to=Timeframe.parse(target), now=NOW, **options
    )


def test_each_difference_is_counted_by_its_field_and_its_cause():
    facts = make.instrument()
    whole = minutes("2024-02-08")
    apart = tens(whole)
    apart.volume_shares[1] -= 1
    apart.close[2] = apart.high[2]
    apart.open[2] = apart.low[2]
    write(facts, Timeframe.M1, minutes("2024-02-08", drop=(3, 41)))
    write(facts, Timeframe.M10, apart.take(np.arange(6) != 5), ELSEWHERE)
    (row,) = check()
    assert (row.secid, row.source, row.days, row.compared) == ("TEST", "elsewhere", 1, 5)
    assert (row.only_made, row.only_alone, row.equal, row.equal_in_prices) == (1, 0, 1, 4)
    assert row.why == {"finer_bar_missing": 2, "shares_added": 1, "prices_only": 1}
    assert (row.differ_by_field["volume_shares"], row.differ_by_field["open"]) == (3, 1)
    assert (row.first_bar_of_day, row.elsewhere_too) == (1, 0)
    assert row.equal_pct == 20.0
    lacking = whole.volume_shares[[3, 41]].sum() - 1
    assert row.volume_gap_pct == pytest.approx(-100 * lacking / apart.volume_shares[:5].sum())
    assert {difference.why for difference in row.worst} == set(row.why)


def test_bars_that_we_have_resampled_ourselves_prove_nothing():
    facts = make.instrument()
    write(facts, Timeframe.M1, minutes("2024-02-08"))
    series_resample(
        instrument_id=facts.id, timeframe_from=Timeframe.M1, timeframe_to=Timeframe.M10, now=NOW
    )  # fmt: skip
    assert check() == ()


def test_a_gap_that_several_shares_have_is_the_recording_and_days_of_one_side_do_not_count():
    for secid in ("ONE", "TWO"):
        facts = make.instrument(secid)
        write(facts, Timeframe.M1, minutes("2024-02-08", drop=(25,)))
        write(facts, Timeframe.M10, tens(minutes("2024-02-08")), ELSEWHERE)
        write(facts, Timeframe.M10, tens(minutes("2024-02-09")), ELSEWHERE)
    rows = check()
    assert [(row.elsewhere_too, row.days, row.compared, row.only_alone) for row in rows] == [(1, 1, 6, 0)] * 2
    assert [row.secid for row in check(secids=["TWO"])] == ["TWO"]


def test_a_missing_opening_auction_and_other_shares_are_named():
    facts = make.instrument()
    auction = minutes("2024-02-08", 61, first="09:59")
    write(facts, Timeframe.M1, auction.take(np.arange(61) > 0))
    day = make.columns([make.moscow("2024-02-08")], [auction.close[-1]])
    day.open[:], day.high[:], day.low[:] = auction.open[0], auction.high.max(), auction.low.min()
    day.volume_shares[:] = auction.volume_shares.sum()
    write(facts, Timeframe.D1, day, ELSEWHERE)
    split = make.instrument("SPLIT")
    write(split, Timeframe.M1, minutes("2024-02-08"))
    tenfold = tens(minutes("2024-02-08"))
    for name in ("open", "high", "low", "close"):
        getattr(tenfold, name)[:] *= 10
    write(split, Timeframe.M10, tenfold, ELSEWHERE)
    assert check(target="1d")[0].why == {"opening_auction_missing": 1}
    assert check()[0].why == {"in_other_shares": 6}


def test_the_report_is_json_and_text():
    facts = make.instrument()
    write(facts, Timeframe.M1, minutes("2024-02-08", drop=(3,)))
    write(facts, Timeframe.M10, tens(minutes("2024-02-08")), ELSEWHERE)
    rows = check()
    told = json.loads(json.dumps(check_as_dict(rows)))
    assert (told["compared"], told["equal"], told["why"]) == (6, 5, {"finer_bar_missing": 1})
    assert told["series"][0]["worst"][0]["begin"] == "2024-02-08T10:00:00"
    assert set(told["series"][0]) == {*asdict(rows[0]), "equal_pct"}
    text = "\n".join(check_as_text(rows))
    assert "6 bars compared, 5 equal (83.33 %)" in text
    assert "1 finer_bar_missing" in text


def test_the_command_prints_and_writes_the_report(tmp_path, capsys):
    facts = make.instrument()
    write(facts, Timeframe.M1, minutes("2024-02-08"))
    write(facts, Timeframe.M10, tens(minutes("2024-02-08")), ELSEWHERE)
    call_command("resample_check", "--secids", "test", "--json", str(tmp_path / "report.json"))
    assert "1 series: 6 bars compared, 6 equal, 0 only resampled" in capsys.readouterr().out
    assert json.loads((tmp_path / "report.json").read_text())["equal"] == 6
    for wrong in ("1m", "4h", "1w"):
        with pytest.raises(CommandError, match="bars are checked against longer ones"):
            call_command("resample_check", "--to", wrong)
    with pytest.raises(InputError, match="was 10m to 15m"):
        check("10m", "15m")


def load(folder, name, timeframe, *, secids=None, since=None, until=None, priority=2):
    """Write a real file's bars under its name, as it tells them."""
    filters = [("secid", "in", secids)] if secids else None
    table = pq.read_table(folder / "candles" / name, filters=filters)
    if since:
        table = table.filter(pc.and_(pc.greater_equal(table["begin"], since), pc.less(table["begin"], until)))
    for secid in pc.unique(table["secid"]).to_pylist():
        rows = table.filter(pc.equal(table["secid"], secid))
        value = "value" in rows.column_names
        figures = [rows[field].to_numpy() for field in ("open", "high", "low", "close", "volume")]
        columns = CandleColumns(
            begin_s=moscow_to_epoch_s(rows["begin"].to_numpy()),
            **dict(zip(("open", "high", "low", "close", "volume_shares"), figures, strict=True)),
            value_rub=rows["value"].to_numpy() if value else np.full(rows.num_rows, np.nan),
        )
        origin = CandleOrigin(name=name, kind="file", priority=priority)
        candles_write(
            instrument_id=make.instrument(secid).id, timeframe=Timeframe.parse(timeframe), columns=columns, origin=origin
        )  # fmt: skip


@pytest.mark.realdata
def test_real_minutes_of_a_quarter_make_the_exchanges_own_bars(real_data):
    span = {"since": datetime(2024, 6, 1), "until": datetime(2024, 8, 31)}  # noqa: DTZ001  # wall clock, as in the file
    load(real_data, "1m_2024.parquet", "1m", secids=["SBER", "ROSN"], **span)
    load(real_data, "10m_blue_chips_2022_2024.parquet", "10m", secids=["ROSN"], **span)
    load(real_data, "10m_iss_SBER_2024.parquet", "10m", **span)
    load(real_data, "30m_blue_chips_2022_2024.parquet", "30m", secids=["SBER", "ROSN"], **span)
    load(real_data, "1h_blue_chips_2022_2024.parquet", "1h", secids=["SBER", "ROSN"], **span)
    rows = {(row.secid, row.timeframe_to): row for code in ("10m", "30m", "1h") for row in check(target=code)}
    sber = rows["SBER", "10m"]
    assert (sber.compared, sber.equal, sber.only_made, sber.only_alone) == (1238, 1238, 0, 0)
    for (secid, code), row in rows.items():
        assert row.only_made == row.only_alone == 0
        assert row.compared - row.equal == sum(row.why.values())
        assert row.equal_in_prices / row.compared > 0.998, (secid, code)
        # What differs are shares that the minutes lack; the longer bars are made from the same trades.
        assert set(row.why) <= {"finer_bar_missing", "shares_missing", "shares_added"}
        assert abs(row.volume_gap_pct) < 0.05
    assert check("10m", "30m")[0].equal_pct == 100.0


AS_MEASURED = {
    # bars compared, equal in every field, equal in prices, only of the longer bars' source
    ("1m", "10m"): (42_015, 41_880, 41_995, 0),
    ("1m", "30m"): (56_873, 56_724, 56_868, 20),
    ("1m", "1h"): (10_116, 9_974, 10_112, 20),
    ("10m", "30m"): (117_550, 117_550, 117_550, 0),
    ("30m", "1h"): (157_223, 157_223, 157_223, 0),
    ("1h", "1d"): (9_498, 9_498, 9_498, 0),
}
ADJUSTED = {"GMKN", "PLZL"}  # their files are adjusted for later splits


@pytest.mark.soak
@pytest.mark.realdata
def test_all_real_minutes_and_longer_bars_against_each_other(real_data):
    load(real_data, "1m_2024.parquet", "1m")
    load(real_data, "10m_iss_SBER_2024.parquet", "10m", priority=3)
    load(real_data, "10m_blue_chips_2022_2024.parquet", "10m")
    load(real_data, "30m_panel_as_traded_2018_2024.parquet", "30m")
    load(real_data, "30m_blue_chips_2022_2024.parquet", "30m", priority=3)
    load(real_data, "1h_blue_chips_2022_2024.parquet", "1h")
    load_days(real_data)
    for (feed, target), expected in AS_MEASURED.items():
        rows = [row for row in check(feed, target) if target != "1d" or row.secid not in ADJUSTED]
        found = Counter()
        for row in rows:
            found.update(
                compared=row.compared, equal=row.equal, prices=row.equal_in_prices, alone=row.only_alone, made=row.only_made
            )  # fmt: skip
            assert row.compared - row.equal == sum(row.why.values())
            assert (
                row.only_alone == row.only_alone_first_of_day
            )  # the minutes of VKCO lack 20 opening auctions
            assert abs(row.volume_gap_pct) < 0.03
        told = (found["compared"], found["equal"], found["prices"], found["alone"])
        assert (told, found["made"]) == (expected, 0), (feed, target)


def load_days(folder):
    table = pq.read_table(
        folder / "daily" / "1d_as_traded_2000_2024.parquet", filters=[("board", "==", "TQBR")]
    )
    table = table.filter(pc.greater_equal(table["date"], date(2022, 1, 1)))
    for facts in instrument_list(active_only=False):
        rows = table.filter(pc.equal(table["secid"], facts.secid))
        columns = CandleColumns(
            begin_s=moscow_to_epoch_s(rows["date"].to_numpy().astype("datetime64[s]")),
            **{name: rows[name].to_numpy() for name in ("open", "high", "low", "close")},
            volume_shares=rows["volume"].to_numpy(),
            value_rub=rows["value"].to_numpy(),
        )
        traded = columns.low > 0
        write(facts, Timeframe.D1, columns.take(traded), ELSEWHERE)
