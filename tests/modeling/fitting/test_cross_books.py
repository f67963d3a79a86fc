"""Portfolios of a walk: the book of a plain loop over dates, costs, and what planted skill and none make."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from modeling.fitting.cross_books import Books, Candidate, book_figures, books_of
from modeling.fitting.cross_report import horizon_counts
from modeling.fitting.cross_walk import NO_SKILL, RankWalk, rank_walk
from modeling.fitting.evaluation import DayBootstrap
from modeling.kernels.splits import DAY_S
from modeling.kernels.walk_forward import WalkConfig
from tests.modeling.fitting.cross_maker import RANKERS, dates, panel


@cache
def world() -> tuple[RankWalk, Books]:
    own = panel(planted=True)
    walk = rank_walk(
        own, RANKERS[:1], dates=dates(own), config=WalkConfig(embargo_s=DAY_S), seed=1, say=lambda *_: None
    )
    return walk, books_of(walk, horizon_days=horizon_counts(own.horizons))


def test_the_daily_book_is_that_of_a_loop_over_dates():
    walk, books = world()
    own, grid = walk.panel, walk.panel.grid
    made, everybody = [], []
    held: dict[int, float] = {}
    for day in books.days:
        at = int(np.searchsorted(grid.day, day))
        before = np.flatnonzero((own.day == grid.day[at - 1]) & walk.test)
        best = before[np.argmax(walk.scores["ridge"][before, 0])]  # a tenth of 14 is one
        share = int(own.share[best])
        night = sum(part * (grid.open[at, one] / grid.close[at - 1, one] - 1.0) for one, part in held.items())
        inside = grid.close[at, share] / grid.open[at, share] - 1.0
        made.append((1.0 + night) * (1.0 + inside) - 1.0)
        cost = 0.0 if held == {share: 1.0} else 0.001 * (1.0 + len(held))
        everybody.append((1.0 + made[-1]) * (1.0 - cost) - 1.0)
        held = {share: 1.0}
    book = books.tops[Candidate(model="ridge", horizon="1d")]
    np.testing.assert_allclose(book.gross_frac[0], made, atol=1e-12)
    np.testing.assert_allclose(book.net_frac(), everybody, atol=1e-12)


def test_all_shares_are_the_mean_of_the_panel():
    walk, books = world()
    grid = walk.panel.grid
    at = np.searchsorted(grid.day, books.days)
    night = grid.open[at] / grid.close[at - 1] - 1.0
    inside = grid.close[at] / grid.open[at] - 1.0
    # Equal parts at the open, drifting until the next one.
    drift = 1.0 + np.vstack((np.full(inside.shape[1], -1.0), inside[:-1]))
    parts = np.divide(drift, drift.sum(axis=1, keepdims=True), out=np.zeros_like(drift), where=drift > 0)
    expected = (1.0 + (parts * night).sum(axis=1)) * (1.0 + inside.mean(axis=1)) - 1.0
    np.testing.assert_allclose(books.universe["1d"], expected, atol=1e-12)


def test_planted_skill_earns_and_costs_take_from_it():
    _, books = world()
    bootstrap = DayBootstrap.draw(books.days, resamples=200, mean_block_days=10.0, level=0.95, seed=0)
    skilled = Candidate(model="ridge", horizon="5d")
    found = book_figures(books, skilled, bootstrap, round_trips_bp=(10.0, 40.0))
    at = [found["excess_at"][name]["yearly_frac"]["value"] for name in ("gross", "10 bp", "40 bp")]
    assert at[0] > at[1] > at[2] > 0.5
    assert found["p_value"] < 0.01
    assert found["excess"]["yearly_frac"]["value"] == pytest.approx(252.0 * books.excess(skilled).mean())
    assert sum(row["excess_frac"]["value"] for row in found["years"]) == pytest.approx(
        books.excess(skilled).sum()
    )
    assert found["a_purchase_bp"] == pytest.approx(1e4 * books.a_purchase(skilled))
    luck = book_figures(books, Candidate(model=NO_SKILL, horizon="5d"), bootstrap, round_trips_bp=())
    assert luck["p_value"] > 0.05
    assert Candidate(model=NO_SKILL, horizon="5d") not in books.candidates
    assert len(books.candidates) == 12
