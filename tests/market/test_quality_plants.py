"""Each planted fault is found, where it was planted and nowhere else; a clean market shows nothing."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import numpy as np
import pytest

from market.services.quality_findings import moment_text
from tests.market.quality_market import AS_OF, HOURS, clean_bars, look, without, workdays

PER_DAY = len(HOURS)
AT = 70 * PER_DAY + 5  # a bar in the main session of the 71st day


def market(count: int = 6) -> list:
    return [clean_bars(f"S{seed}", seed) for seed in range(count)]


def planted(change, count: int = 6):
    """Return what is found in S0, changed, among clean ones; the others must stay clean."""
    series = market(count)
    series[0] = change(series[0]) or series[0]
    found = look(series)
    assert all(not found[secid].counts for secid in found if secid not in {"S0", ""}), found
    assert not found[""].counts
    return found["S0"]


def test_a_clean_market_shows_nothing():
    assert all(not findings.counts for findings in look(market()).values())
    days = [clean_bars(f"D{seed}", seed, days=300, minutes=1440) for seed in range(6)]
    found = look(days, as_of=AS_OF + timedelta(days=330))
    assert {secid: dict(one.counts) for secid, one in found.items() if secid} == {
        f"D{i}": {} for i in range(6)
    }


def scale(bars, rows, factor):
    bars.prices[rows] = (bars.prices[rows] * factor).round(2)


def test_a_second_bar_of_one_begin_is_a_duplicate():
    def twice(bars):
        bars.begin_s[AT] = bars.begin_s[AT - 1]

    assert planted(twice).counts["duplicate"] == 1


def test_an_impossible_bar_is_broken():
    def broken(bars):
        bars.prices[AT, 1] = bars.prices[AT, 2] - 1

    found = planted(broken)
    assert found.counts["broken_bar"] == 1 and found.verdict == "failed"


def test_a_bar_without_volume_is_told():
    def empty(bars):
        bars.volume_shares[AT] = 0.0

    assert dict(planted(empty).counts) == {"zero_volume": 1}


def test_an_index_needs_no_volume_and_no_price_step():
    index = clean_bars("IMOEX", 3, kind="index")
    index.volume_shares[:] = 0.0
    index.prices[:, 1] += 0.0037
    assert not look([index])["IMOEX"].counts
    share = clean_bars("IMOEX", 3)
    share.volume_shares[:] = 0.0
    assert look([share])["IMOEX"].counts["zero_volume"] == len(share)


def test_a_price_off_the_step_is_told():
    def off(bars):
        bars.prices[AT, 3] += 0.003

    assert planted(off).counts["off_step"] == 1


def test_prices_of_another_step_are_told_by_month():
    def half(bars):
        bars.prices[AT:, 1] += 0.005

    found = planted(half)
    assert found.counts["step_unknown"] == 2 and found.verdict == "ok"  # in April and in May


def test_a_jump_that_stays_is_told_with_its_size():
    def halved(bars):
        scale(bars, slice(AT, None), 0.6)

    found = planted(halved)
    assert found.counts["jump"] == 1 and not found.counts["big_jump"] and not found.counts["split_suspected"]
    told = next(one for one in found.examples if one.check == "jump")
    assert "nothing explains it" in told.text and "-39.8%" in told.text


@pytest.mark.parametrize(("factor", "named"), [(0.1, "1:10"), (100.0, "100:1"), (0.2, "1:5")])
def test_a_split_that_nobody_told_of_is_named(factor, named):
    def split(bars):
        scale(bars, slice(AT, None), factor)

    found = planted(split)
    assert found.counts["big_jump"] == found.counts["split_suspected"] == 1
    told = next(one for one in found.examples if one.check == "split_suspected")
    assert f"looks like a split {named}:" in told.text and found.verdict == "failed"


def test_one_wrong_price_looks_like_no_split():
    def wrong(bars):
        scale(bars, slice(AT, AT + 1), 0.1)

    found = planted(wrong)
    assert (
        found.counts["spike"] == 1 and found.counts["big_jump"] == 2 and "split_suspected" not in found.counts
    )


def test_a_split_that_was_told_of_is_no_fault():
    def told(bars):
        scale(bars, slice(AT, None), 0.01)
        factor = bars.factor.copy()
        factor[AT:] = 100.0
        volume = bars.volume_shares.copy()
        volume[AT:] *= 100.0
        step = bars.step_rub.copy()
        return dataclasses.replace(bars, factor=factor, volume_shares=volume, step_rub=step)

    assert not {"jump", "big_jump", "split_suspected", "volume_spike"} & planted(told).counts.keys()


def test_a_split_applied_twice_is_found():
    def twice(bars):
        factor = bars.factor.copy()
        factor[AT:] = 100.0  # the prices run on: they had been adjusted already
        return dataclasses.replace(bars, factor=factor)

    assert planted(twice).counts["split_suspected"] == 1


def test_a_dividend_explains_the_gap_it_left():
    def paid(bars):
        was = bars.prices[AT - 1, 3]
        scale(bars, slice(AT, None), 0.6)
        dividend = bars.dividend_rub.copy()
        dividend[AT] = 0.4 * was
        return dataclasses.replace(bars, dividend_rub=dividend)

    assert "jump" not in planted(paid).counts


def test_a_move_of_the_whole_market_explains_a_jump():
    series = market()
    at = 70 * PER_DAY
    for bars in series:
        scale(bars, slice(at, None), 0.6)
    moves = np.zeros(90)
    assert look(series, moves=moves)["S1"].counts["jump"] == 1
    moves[70] = np.log(0.6)
    assert "jump" not in look(series, moves=moves)["S1"].counts


def test_a_closed_market_explains_a_jump_and_is_no_missing_day():
    closed = workdays(90)[60:75]
    series = [without(bars, np.isin(bars.day, closed)) for bars in market()]
    for bars in series:
        scale(bars, bars.day > closed[-1], 0.6)
    found = look(series)
    assert not {"jump", "missing_days", "stray_day"} & found["S0"].counts.keys()
    # A share that slept for as long while the others traded has no such excuse.
    alone = market()
    alone[0] = without(alone[0], np.isin(alone[0].day, closed))
    scale(alone[0], alone[0].day > closed[-1], 0.6)
    found = look(alone)
    assert found["S0"].counts["jump"] == 1 and found["S0"].counts["missing_days"] == 1


def test_a_share_that_slept_on_after_the_market_had_opened_again_has_no_excuse():
    closed, slept = workdays(90)[60:75], workdays(90)[60:80]
    series = [without(bars, np.isin(bars.day, closed)) for bars in market()]
    series[0] = without(series[0], np.isin(series[0].day, slept))
    for bars in series:
        scale(bars, bars.day > closed[-1], 0.6)
    found = look(series)
    assert found["S0"].counts["jump"] == 1 and "jump" not in found["S1"].counts


def test_a_spike_that_comes_back_is_told():
    def spike(bars):
        scale(bars, slice(AT, AT + 1), 1.2)

    assert planted(spike).counts["spike"] == 1


def test_a_wick_far_from_its_neighbours_is_told():
    def wick(bars):
        bars.prices[AT, 2] = round(bars.prices[AT, 2] * 0.6, 2)

    assert dict(planted(wick).counts) == {"wick": 1}


def test_a_bar_out_of_all_proportion_is_told():
    def moved(bars):
        scale(bars, slice(AT, None), 1.2)

    assert dict(planted(moved).counts) == {"outlier": 1}


def test_a_day_of_a_hundredfold_volume_is_told():
    def loud(bars):
        bars.volume_shares[70 * PER_DAY : 71 * PER_DAY] *= 100

    assert dict(planted(loud).counts) == {"volume_spike": 1}


def test_a_day_with_few_bars_is_told():
    def few(bars):
        rows = np.zeros(len(bars), dtype=np.bool_)
        rows[70 * PER_DAY + 4 : 71 * PER_DAY - 1] = True
        return without(bars, rows)

    found = planted(few)
    assert found.counts["few_bars"] == 1
    assert next(one for one in found.examples if one.check == "few_bars").text == "5 bars where 15 are usual"


def test_a_short_day_of_the_whole_exchange_is_no_fault():
    rows = np.zeros(90 * PER_DAY, dtype=np.bool_)
    rows[70 * PER_DAY + 4 : 71 * PER_DAY - 1] = True
    found = look([without(bars, rows) for bars in market()])
    assert "few_bars" not in found["S0"].counts
    # Of two shares nobody can tell the exchange's short day from two gaps: it is said.
    found = look([without(bars, rows) for bars in market(2)])
    assert found["S0"].counts["few_bars"] == 1


def test_a_missing_day_is_told_and_named():
    day = workdays(90)[70:72]

    def gone(bars):
        return without(bars, np.isin(bars.day, day))

    found = planted(gone)
    assert dict(found.counts) == {"missing_days": 1}
    one = found.examples[0]
    assert "no bar on 2 trading days from 2023-04-19, back on 2023-04-21" in one.text
    assert moment_text(one.at_s) == "2023-04-19 00:00"


def test_a_share_that_trades_now_and_then_is_not_missed():
    def thin(bars):
        return without(bars, np.isin(bars.day, workdays(90)[::3]))

    assert "missing_days" not in planted(thin).counts


def test_a_missing_session_is_told():
    evening = np.isin(np.arange(PER_DAY), range(10, 15))

    def gone(bars):
        return without(bars, (bars.day == workdays(90)[70]) & np.tile(evening, 90))

    found = planted(gone)
    assert found.counts["missing_session"] == 1 and "evening" in found.examples[0].text


def test_an_evening_that_nobody_traded_is_no_fault():
    evening = np.isin(np.arange(PER_DAY), range(10, 15))
    series = [without(bars, (bars.day == workdays(90)[70]) & np.tile(evening, 90)) for bars in market()]
    found = look(series)
    assert not {"missing_session", "few_bars"} & found["S0"].counts.keys()


def test_a_gap_inside_a_session_is_one_shares_own_or_the_exchanges():
    rows = np.zeros(90 * PER_DAY, dtype=np.bool_)
    rows[70 * PER_DAY + 2 : 70 * PER_DAY + 8] = True

    def gap(bars):
        return without(bars, rows)

    found = planted(gap)
    assert found.counts["session_gap"] == 1
    assert "no bar for 360 minutes after 2023-04-19 10:00" in found.examples[0].text
    everywhere = look([without(bars, rows) for bars in market()])
    assert "session_gap" not in everywhere["S0"].counts and everywhere[""].counts["halt"] == 1


def test_bars_on_a_day_without_trading_are_strays():
    series = market(20)
    day = workdays(90)[70]
    series[1:] = [without(bars, bars.day == day) for bars in series[1:]]
    found = look(series)
    assert found["S0"].counts["stray_day"] == 1 and "missing_days" not in found["S1"].counts


def test_a_series_that_ended_is_stale_unless_its_share_did():
    ended = np.isin(clean_bars("X", 0).day, workdays(90)[80:])
    series = market()
    series[0] = without(series[0], ended)
    assert look(series)["S0"].counts["stale"] == 1
    series[0] = without(clean_bars("S0", 0, active=False), ended)
    assert "stale" not in look(series)["S0"].counts


def test_a_store_that_nobody_fills_is_stale():
    assert not look(market(), as_of=AS_OF)[""].counts
    found = look(market(), as_of=AS_OF + timedelta(days=30))[""]
    assert found.counts["stale"] == 1 and "workdays have passed" in found.examples[0].text


def test_bars_outside_of_every_session_are_told():
    def night(bars):
        bars.begin_s[AT - 5] -= 6 * 3600  # from nine in the morning to three at night

    assert planted(night).counts["outside_session"] == 1


def test_every_finding_is_counted_and_the_largest_are_kept():
    def many(bars):
        bars.volume_shares[::20] = 0.0
        bars.prices[400, 1] += 50  # the most striking of them

    found = planted(many)
    kept = [one for one in found.examples if one.check == "zero_volume"]
    assert found.counts["zero_volume"] == 68 and len(kept) == found.config.examples_max
    assert max(kept, key=lambda one: one.size).at_s == clean_bars("S0", 0).begin_s[400]
