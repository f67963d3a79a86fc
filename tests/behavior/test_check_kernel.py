"""The verdict on a trade: losses by hand, every reason, what is unknown, and what closes a position."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from behavior.contracts.check import BadCase, Known, ProposedTrade
from behavior.contracts.journal import RiskLimits, SignalInForce
from behavior.kernels.check import bad_case_of_history, trade_check
from behavior.phrases import REASONS, worded
from behavior.selectors.configuration import thresholds_get
from behavior.services.check import CALM

T = thresholds_get()
BUY = ProposedTrade(secid="AAAA", side="BUY", qty_shares=1000.0, price_rub=100.0, stop_rub=97.0)
KNOWN = Known(
    limits=RiskLimits(risk_frac=0.01, max_position_frac=0.25), cost_frac=0.002, tilt=CALM, capital_rub=1_000_000.0,
    regime="flat", signal=None, bad_case=BadCase(loss_frac=0.05, basis="history", days=5, n_moves=700),
    held_shares=0.0, held_avg_rub=None, usual_size_rub=90_000.0,
)  # fmt: skip
STRONG_SELL = SignalInForce(signal_id=1, action="SELL", strength="strong")


def codes(trade=BUY, **changed):
    result = trade_check(trade, replace(KNOWN, **changed), T)
    return result.verdict, {reason.code for reason in result.reasons}


def test_losses_by_hand():
    result = trade_check(BUY, KNOWN, T)
    assert result.loss_at_stop_rub == pytest.approx(1000 * 3 + 200)
    assert result.loss_at_stop_pct == pytest.approx(0.32)
    assert result.loss_bad_case_rub == pytest.approx(1000 * 5 + 200)
    assert result.loss_bad_case_pct == pytest.approx(0.52)
    assert result.cost_rub == pytest.approx(200) and result.position_pct == pytest.approx(10.0)
    assert result.verdict == "ok" and {one.code for one in result.reasons} == {"no_signal"}


def test_a_short_by_hand():
    short = replace(BUY, side="SELL", stop_rub=104.0)
    assert trade_check(short, KNOWN, T).loss_at_stop_rub == pytest.approx(1000 * 4 + 200)


@pytest.mark.parametrize(
    ("trade", "changed", "verdict", "code"),
    [
        (replace(BUY, qty_shares=11_000.0), {}, "hard_warning", "risk_at_stop"),
        (replace(BUY, qty_shares=5_000.0), {}, "caution", "risk_at_stop"),
        (replace(BUY, qty_shares=2_600.0), {}, "caution", "position_size"),
        (replace(BUY, qty_shares=5_100.0, stop_rub=99.9), {}, "hard_warning", "position_size"),
        (replace(BUY, qty_shares=2_000.0), {"bad_case": replace(KNOWN.bad_case, loss_frac=0.6)}, "hard_warning", "bad_case"),
        (BUY, {"regime": "panic", "signal": STRONG_SELL}, "hard_warning", "against_strong_in_heat"),
        (BUY, {"regime": "euphoria", "signal": STRONG_SELL}, "hard_warning", "against_strong_in_heat"),
        (BUY, {"regime": "panic", "signal": replace(STRONG_SELL, strength="weak")}, "caution", "against_signal"),
        (BUY, {"signal": STRONG_SELL}, "caution", "against_signal"),
        (BUY, {"signal": replace(STRONG_SELL, action="BUY")}, "ok", "with_signal"),
        (BUY, {"signal": replace(STRONG_SELL, action="NO_TRADE", strength=None)}, "caution", "signal_no_trade"),
        (replace(BUY, stop_rub=None), {}, "caution", "no_stop"),
        (BUY, {"bad_case": None}, "caution", "no_history"),
        (BUY, {"capital_rub": None}, "caution", "capital_unknown"),
        (replace(BUY, qty_shares=5_000.0), {"capital_rub": None}, "hard_warning", "size_unusual"),
        (replace(BUY, side="SELL", stop_rub=None), {"may_short": False}, "hard_warning", "short_impossible"),
        (BUY, {"tilt": replace(CALM, score=60)}, "caution", "tilt"),
        (BUY, {"price_age_days": 5.1}, "caution", "price_old"),
        (BUY, {"held_shares": 500.0, "held_avg_rub": 110.0}, "caution", "averages_down"),
    ],
)  # fmt: skip
def test_every_reason(trade, changed, verdict, code):
    said, found = codes(trade, **changed)
    assert code in found and said == verdict


def test_every_reason_is_tried_and_has_words():
    marks = next(one for one in test_every_reason.pytestmark if one.name == "parametrize")
    tried = {row[3] for row in marks.args[1]} | {"no_signal"}
    assert tried == set(REASONS)
    for row in marks.args[1]:
        for reason in trade_check(row[0], replace(KNOWN, **row[1]), T).reasons:
            for language in ("ru", "en"):
                text = worded("reason", reason.code, reason.params, language=language)
                assert text and "%(" not in text


def test_a_close_of_a_long_weekend_ago_is_not_old():
    assert codes(BUY, price_age_days=5.0)[1] == {"no_signal"} == codes(BUY, price_age_days=None)[1]


def test_an_unknown_capital_leaves_percentages_unknown():
    result = trade_check(BUY, replace(KNOWN, capital_rub=None), T)
    assert (
        result.loss_at_stop_pct is None and result.loss_bad_case_pct is None and result.position_pct is None
    )
    assert result.loss_at_stop_rub == pytest.approx(3200)


def test_closing_risks_nothing_new():
    sell = replace(BUY, side="SELL", stop_rub=None)
    result = trade_check(sell, replace(KNOWN, held_shares=1000.0, held_avg_rub=90.0), T)
    assert (
        result.opens_shares == 0 and result.loss_bad_case_rub == 0 and result.cost_rub == pytest.approx(100)
    )
    assert result.verdict == "ok"
    turned = trade_check(sell, replace(KNOWN, held_shares=400.0, held_avg_rub=90.0), T)
    assert turned.opens_shares == 600


@pytest.mark.parametrize(
    "trade", [replace(BUY, stop_rub=101.0), replace(BUY, side="SELL"), replace(BUY, qty_shares=0.0), replace(BUY, price_rub=-1.0)]
)  # fmt: skip
def test_what_cannot_be_is_refused(trade):
    with pytest.raises(ValueError, match="must"):
        trade_check(trade, KNOWN, T)


def test_no_trade_is_free():
    with pytest.raises(ValueError, match="no trade is free"):
        trade_check(BUY, replace(KNOWN, cost_frac=0.0), T)


@given(qty=st.floats(1, 1e6), stop=st.floats(1, 99.9), loss=st.floats(0, 0.9))
def test_more_shares_never_lose_less_and_costs_are_never_zero(qty, stop, loss):
    known = replace(KNOWN, bad_case=replace(KNOWN.bad_case, loss_frac=loss))
    small = trade_check(replace(BUY, qty_shares=qty, stop_rub=stop), known, T)
    large = trade_check(replace(BUY, qty_shares=2 * qty, stop_rub=stop), known, T)
    assert 0 < small.cost_rub < large.cost_rub
    assert small.loss_at_stop_rub < large.loss_at_stop_rub
    assert (
        large.loss_bad_case_rub == pytest.approx(2 * small.loss_bad_case_rub) and small.loss_bad_case_rub > 0
    )
    order = ("ok", "caution", "hard_warning")
    assert order.index(small.verdict) <= order.index(large.verdict)


def test_the_bad_case_of_history_is_the_twentieth_worst_of_a_sorted_list():
    close = 100 * np.exp(np.cumsum(np.random.default_rng(3).normal(0, 0.02, 405)))
    moves = sorted(b / a - 1 for a, b in zip(close[:-5], close[5:], strict=True))
    place = 0.05 * (len(moves) - 1)
    low = moves[int(place)] + (place - int(place)) * (moves[int(place) + 1] - moves[int(place)])
    long = bad_case_of_history(close, side=1, days=5, min_days=120)
    assert long.loss_frac == pytest.approx(-low) and long.n_moves == 400
    assert bad_case_of_history(close[:100], side=1, days=5, min_days=120) is None
    assert bad_case_of_history(close, side=-1, days=5, min_days=120).loss_frac > 0
