"""Costs by hand: one position with several mistakes, partial fills, a short, a split."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from behavior.contracts.findings import Claim, Finding
from behavior.kernels.detectors import journal_findings
from behavior.kernels.settlement import findings_settled
from behavior.kernels.walk import journal_walk
from behavior.selectors.configuration import thresholds_get
from market.contracts import SplitFacts
from portfolio.kernels.fifo import fifo_fold
from tests.behavior.journal_maker import START, Maker

AT = START + timedelta(days=30, hours=12)


def finding(kind, *claims):
    return Finding(
        kind=kind,
        severity="low",
        at=AT,
        trade_ids=tuple(key for key, _ in claims),
        claims=tuple(Claim(trade_id=key, cost_rub=cost) for key, cost in claims),
    )


def test_the_largest_claim_counts_and_of_equal_ones_the_first():
    settled = findings_settled(
        [
            finding("a", (1, 100.0), (2, 5.0)),
            finding("b", (1, 60.0), (2, 30.0)),
            finding("c", (2, 30.0), (3, 1.0)),
        ]
    )
    assert [one.counted_rub for one in settled] == [100.0, 30.0, 1.0]


def test_one_loss_under_two_names_is_paid_once():
    """A long of 1000 at 100, averaged at 92 with 500 more, stopped nowhere, sold at 90."""
    maker = Maker(rng=np.random.default_rng(0))
    maker.path("PLT", [(AT, 100.0), (AT + timedelta(hours=20), 88.0), (AT + timedelta(days=9), 90.0)])
    maker.trade("PLT", "BUY", 100_000, 100.0, AT, stop_rub=97.0)
    maker.trade("PLT", "BUY", 46_000, 92.0, AT + timedelta(hours=14))
    maker.close("PLT", 90.0, AT + timedelta(days=3))
    findings = {one.kind: one for one in journal_findings(maker.journal(capital_rub=None), thresholds_get())}
    # Beyond the stop of 97: (97 - 90) * 1000 of the first entry, (97 - 90) * 500 of the second.
    assert findings["stop_violated"].cost_rub == pytest.approx(7.0 * 1000 + 7.0 * 500)
    # The second entry lost (92 - 90) * 500 and 0.05 % of both of its sides.
    assert findings["averaging_down"].cost_rub == pytest.approx(1000 + 0.0005 * 500 * (92 + 90))
    settled = findings_settled([findings["stop_violated"], findings["averaging_down"]])
    assert sum(one.counted_rub for one in settled) == pytest.approx(10_500)


def test_a_short_and_what_is_open_are_valued_at_the_last_price():
    maker = Maker(rng=np.random.default_rng(0))
    maker.path("PLT", [(AT, 50.0), (AT + timedelta(days=20), 55.0)])
    maker.trade("PLT", "SELL", 50_000, 50.0, AT)
    maker.trade("PLT", "BUY", 400 * 52.0, 52.0, AT + timedelta(days=2))
    step = journal_walk(maker.journal(), thresholds_get()).steps[0]
    closed = -2.0 * 400 - 0.0005 * 400 * (50 + 52)
    still = -5.0 * 600 - 0.0005 * 600 * 50
    assert step.pnl_rub == pytest.approx(closed + still)


def test_a_split_is_no_loss():
    """100 shares at 100 become 1000 at 10; sold at 9.9 the position has lost 1 %, and was never averaged down."""
    maker = Maker(rng=np.random.default_rng(0))
    maker.trade("PLT", "BUY", 10_000, 100.0, AT, stop_rub=95.0)
    maker.trade("PLT", "BUY", 1_000, 10.0, AT + timedelta(days=3))
    maker.trade("PLT", "SELL", 1_100 * 9.9, 9.9, AT + timedelta(days=4))
    maker.path("PLT", [(AT, 10.0), (AT + timedelta(days=20), 9.9)])
    splits = {"PLT": (SplitFacts(begins_at=AT + timedelta(days=1), shares_after_per_before=10.0),)}
    journal = maker.journal()
    journal = replace(journal, splits=splits, round_trips=fifo_fold(journal.trades, splits)[0])
    walk = journal_walk(journal, thresholds_get())
    assert walk.steps[0].qty == pytest.approx(1000) and walk.steps[0].price_rub == pytest.approx(10.0)
    assert walk.steps[0].pnl_rub == pytest.approx(-100 - 5.0 - 0.0005 * 1000 * 9.9)
    assert walk.spells[0].closed_at is not None
    kinds = {one.kind for one in journal_findings(journal, thresholds_get())}
    assert not kinds & {"averaging_down", "stop_violated"}


def test_partial_fills_are_one_decision():
    maker = Maker(rng=np.random.default_rng(0))
    for minute in (0, 4, 12, 40):
        maker.trade("PLT", "BUY", 10_000, 100.0, AT + timedelta(minutes=minute))
    decisions = journal_walk(maker.journal(), thresholds_get()).decisions
    assert [one.trade_ids for one in decisions] == [(1, 2, 3), (4,)]


def test_pgr_and_plr_are_those_of_odean_s_example():
    """Barber and Odean's Daymon: winners A, B and losers C, D, E; A and C are sold: PGR 1/2, PLR 1/3."""
    from behavior.kernels.habit_detectors import realised_counts

    maker = Maker(rng=np.random.default_rng(0))
    for secid, last in zip("ABCDE", (110.0, 110.0, 90.0, 90.0, 90.0), strict=True):
        maker.path(secid, [(AT, 100.0), (AT + timedelta(hours=2), last), (AT + timedelta(days=5), last)])
        maker.trade(secid, "BUY", 10_000, 100.0, AT)
    maker.close("A", 110.0, AT + timedelta(days=1))
    counts = realised_counts(journal_walk(maker.journal(), thresholds_get()), AT)
    assert (counts.gains, counts.paper_gains, counts.losses, counts.paper_losses) == (1, 1, 0, 3)
    maker.close("C", 90.0, AT + timedelta(days=1, hours=1))
    counts = realised_counts(journal_walk(maker.journal(), thresholds_get()), AT)
    # At the second sale B is a paper gain again and D, E are paper losses again: each moment of selling counts.
    assert (counts.gains, counts.paper_gains, counts.losses, counts.paper_losses) == (1, 2, 1, 5)
    assert counts.pgr == pytest.approx(1 / 3) and counts.plr == pytest.approx(1 / 6)
