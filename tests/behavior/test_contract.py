"""What every detector of the list keeps to, on planted journals, on wild ones, and on none."""

from __future__ import annotations

import copy
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from behavior.contracts.journal import SignalInForce, TradeContext
from behavior.kernels.detectors import DETECTORS, MISTAKES, journal_findings
from behavior.kernels.settlement import findings_settled
from behavior.kernels.tilt import tilt_state
from behavior.kernels.walk import journal_walk
from behavior.kernels.week import week_figures
from behavior.selectors.configuration import thresholds_get
from portfolio.contracts import StopChange
from tests.behavior.journal_maker import DAYS, START, Maker
from tests.behavior.planted import PATTERNS

T = thresholds_get()


def wild(seed: int):
    """A journal of somebody who does anything: turns round, adds, moves stops, trades at any hour, in any regime."""
    maker = Maker(rng=np.random.default_rng(seed))
    rng = maker.rng
    for secid in "ABC":
        days = START + timedelta(days=1), START + timedelta(days=DAYS - 1)
        maker.path(secid, [(days[0], 100.0), (days[1], float(rng.uniform(60, 150)))])
    for minute in np.sort(rng.integers(0, 60 * 24 * (DAYS - 2), int(rng.integers(1, 120)))):
        at, secid = START + timedelta(days=1, minutes=int(minute)), str(rng.choice(list("ABCD")))
        side, price = str(rng.choice(["BUY", "SELL"])), float(np.exp(rng.normal(4.6, 0.1)))
        call = SignalInForce(signal_id=1, action=str(rng.choice(["BUY", "SELL", "HOLD"])), strength="strong")
        context = TradeContext(
            regime=str(rng.choice(["panic", "flat"])), signal=call, prior_move_sigma=float(rng.normal(0, 3))
        )
        maker.trade(
            secid, side, float(np.exp(rng.normal(11, 1.5))), price, at, stop_rub=price * 0.97, context=context
        )
        if rng.random() < 0.3:
            stop = None if rng.random() < 0.3 else price * float(rng.uniform(0.8, 1.2))
            maker.stops.append(
                StopChange(account_id=1, secid=secid, stop_rub=stop, set_at=at + timedelta(hours=1))
            )
        if rng.random() < 0.3:
            maker.show(secid, call.action, at - timedelta(hours=2), "strong")
    return maker.journal(capital_rub=None if rng.random() < 0.3 else 1e6)


def check_findings(journal, findings, kind):
    openers = {step.trade.id for step in journal_walk(journal, T).steps if step.opens_qty > 0}
    ids = {trade.id for trade in journal.trades}
    for one in findings:
        assert one.kind == kind and one.trade_ids and set(one.trade_ids) <= ids
        assert journal.since <= one.at <= journal.until
        assert {claim.trade_id for claim in one.claims} <= openers
        assert all(claim.cost_rub >= 0 for claim in one.claims)
        assert (one.severity == "good") == (kind not in MISTAKES)


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda one: one.kind)
def test_it_keeps_to_the_contract(detector):
    for seed in range(6):
        for journal in (PATTERNS[detector.kind](seed).journal, wild(seed)):
            before = copy.deepcopy(journal.trades), copy.deepcopy(journal.round_trips)
            walk = journal_walk(journal, T)
            findings = detector.find(walk, T)
            assert findings == detector.find(journal_walk(journal, T), T)
            assert (journal.trades, journal.round_trips) == before
            check_findings(journal, findings, detector.kind)


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda one: one.kind)
def test_nothing_is_found_in_nothing(detector):
    assert detector.find(journal_walk(Maker(rng=np.random.default_rng(0)).journal(), T), T) == ()


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_whatever_somebody_does_the_figures_hold(seed):
    journal = wild(seed)
    walk = journal_walk(journal, T)
    findings = journal_findings(journal, T)
    for detector in DETECTORS:
        check_findings(journal, [one for one in findings if one.kind == detector.kind], detector.kind)
    settled = findings_settled(findings)
    week = week_figures([walk], settled, T.score)
    assert week.total_cost_rub == pytest.approx(sum(one.counted_rub for one in settled))
    assert week.score is None or 0 <= week.score <= 100
    assert 0 <= tilt_state(walk, T).score <= 100
    # All that was opened, closed or not, is the journal's whole result.
    closed = sum(trip.pnl_rub for trip in journal.round_trips)
    assert sum(step.pnl_rub for step in walk.steps) == pytest.approx(closed + open_pnl(walk))


def open_pnl(walk) -> float:
    """Return what is open at the last price less its commissions, by the running position alone."""
    total = sum(-step.side * step.qty * step.price_rub - step.trade.commission_rub for step in walk.steps)
    for secid in {step.trade.secid for step in walk.steps}:
        held = sum(step.side * step.qty for step in walk.steps if step.trade.secid == secid)
        path = walk.journal.paths.get(secid)
        if path is not None:
            total += held * float(path.close_rub[-1])
        else:  # without a price what is open is worth what it cost, part by part
            opened = {s.trade.id: s for s in walk.steps if s.trade.secid == secid and s.opens_qty > 0}
            left = {key: step.opens_qty for key, step in opened.items()}
            for trip in walk.journal.round_trips:
                if trip.opening_trade_id in left:
                    left[trip.opening_trade_id] -= trip.qty_shares
            total += sum(opened[key].side * qty * opened[key].price_rub for key, qty in left.items())
    return total - sum(trip.pnl_rub for trip in walk.journal.round_trips)
