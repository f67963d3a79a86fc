"""Levels of orders learned from out-of-fold rows: drawn from excursions, served only where they are proven to earn more.

Proven as filters are: the rows of each fold are traded by what the other folds choose, a pair of quantiles or the label
set's own levels, with the expectation that those folds teach; only if that makes more than the label set's levels does
the pair serve that all folds choose together. Whether to trade is not asked again: the same rows are traded either way.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import numpy as np

from modeling.contracts.order_levels import LevelPair, NetByEdge, OrderLevelConfig, OrderLevels
from modeling.fitting.choices import Choice, choice_of
from modeling.fitting.dataset import VALIDATION
from modeling.fitting.evaluation import DayBootstrap
from modeling.fitting.judging import Rules, bootstrap_of
from modeling.fitting.policy_pool import PolicyPool
from modeling.fitting.trading import Traded, label_scales, part_days
from modeling.kernels.net_by_edge import net_by_edge
from modeling.kernels.order_levels import OrderRows, order_scales, pair_scales
from modeling.kernels.significance import draw_days
from modeling.kernels.simulator_market import moscow_days
from traderai.common.arrays import F64, I64, Bools

LABELLED: Final = "label set"
DRAWN: Final = "drawn"
_LEAST_DAYS = 10  # of a side with trades: fewer say nothing of what it makes


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LearnedOrderLevels:
    """Which levels a version's orders have, and how they were come by."""

    found: OrderLevels | None  # what all folds choose, kept or not; None: the label set's
    tried: tuple[dict[str, Any], ...]  # what each pair made of all rows
    choices: tuple[Choice, ...]  # the label set's levels, and what other folds chose
    blocks: tuple[dict[str, Any], ...]  # by the rows that are traded together, oldest first
    kept: bool
    reason: str

    @property
    def serving(self) -> OrderLevels | None:
        """What serves; None: the label set's."""
        return self.found if self.kept else None

    def told(self) -> dict[str, Any]:
        """Return what a report says of them, as plain values."""
        return {
            "kept": self.kept,
            "reason": self.reason,
            "found": None if self.found is None else asdict(self.found),
            "tried": list(self.tried),
            "choices": [asdict(own) for own in self.choices],
            "blocks": list(self.blocks),
        }


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Search:
    """The rows of a pool that are traded, and what their levels are drawn from."""

    pool: PolicyPool
    rows: OrderRows
    chosen: Bools  # (n,)
    config: OrderLevelConfig
    rules: Rules
    bootstrap: DayBootstrap

    def pair_scales(self, pair: LevelPair | None) -> F64:
        """Return the scales (n, 2) of a pair wherever it may be, of None the label set's."""
        return (
            label_scales(self.chosen.size) if pair is None else pair_scales(self.rows, pair, self.config.clip)
        )

    def traded(self, scales: F64, *, among: Bools) -> tuple[Traded, I64]:
        """Return what the account makes of the chosen rows among some, and the row of each trade (k,)."""
        own = self.chosen & among & (self.pool.wanted.side != 0)
        result = self.pool.traded(own, self.rules, scales=scales)
        return result, np.flatnonzero(own)[result.simulation.trades.order]

    def told(self, pair: LevelPair | None, result: Traded) -> dict[str, Any]:
        """Return what trades at a pair's levels made, with bounds, as plain values."""
        trades = result.simulation.trades
        net = self.bootstrap.mean(trades.net_frac, moscow_days(trades.exit_s)) if len(trades) else None
        return {
            "pair": None if pair is None else asdict(pair),
            "trades": len(trades),
            "net_frac": net,
            "daily_frac": float(result.daily_net.mean()),
        }

    def best(self, *, among: Bools) -> tuple[LevelPair | None, tuple[dict[str, Any], ...]]:
        """Return the pair that made the most of a day, None where the label set's levels did, and what each made."""
        found: LevelPair | None = None
        most, tried = -np.inf, []
        for pair in (None, *self.config.candidates):
            result, row = self.traded(self.pair_scales(pair), among=among)
            tried.append(self.told(pair, result))
            daily = float(result.daily_net.mean())
            if daily > most and (pair is None or row.size >= self.config.min_trades):
                found, most = pair, daily
        return found, tuple(tried)

    def learned(self, pair: LevelPair, scales: F64, *, among: Bools) -> OrderLevels:
        """Return a pair with the expectation that the trades of some rows teach, at some levels (n, 2)."""
        result, row = self.traded(scales, among=among)
        net_r = result.simulation.trades.net_frac / self.rows.stop_loss_frac[row]
        sides = {code: self._expected(row, net_r, self.rows.side[row] == code) for code in (1, -1)}
        return OrderLevels(pair=pair, clip=self.config.clip, long=sides[1], short=sides[-1])

    def _expected(self, row: I64, net_r: F64, own: Bools) -> NetByEdge | None:
        day = self.pool.rows.day[row[own]]
        days = np.unique(day)
        if days.size < _LEAST_DAYS:
            return None
        evaluation = self.rules.recipe.evaluation
        draws = draw_days(
            days.size, level=evaluation.interval_level, mean_block_days=evaluation.mean_block_days,
            resamples=evaluation.resamples, rng=np.random.default_rng(self.rules.seed),
        )  # fmt: skip
        return net_by_edge(
            self.rows.edge[row[own]],
            net_r[own],
            np.searchsorted(days, day),
            draws=draws,
            min_map_trades=self.config.min_map_trades,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Crossed:
    """The rows of each block by what the others choose."""

    scales: F64  # (n, 2) as they would serve: where the others' expectation is not above 0, the label set's
    drawn: F64  # (n, 2) wherever the others chose a pair
    paired: Bools  # (n,) where they did
    blocks: tuple[dict[str, Any], ...]


def order_levels_learn(
    pool: PolicyPool, chosen: Bools, config: OrderLevelConfig, rules: Rules
) -> LearnedOrderLevels | None:
    """Return the levels of the chosen rows' orders (n,), drawn from excursions only where that is proven to earn more.

    None where the forecasts hold no excursions.
    """
    if pool.orders is None:
        return None
    bootstrap = bootstrap_of(part_days(pool.dataset, VALIDATION), rules)
    search = _Search(
        pool=pool, rows=pool.orders, chosen=chosen, config=config, rules=rules, bootstrap=bootstrap
    )
    every = np.ones(chosen.size, dtype=np.bool_)
    pair, tried = search.best(among=every)
    found = LearnedOrderLevels(
        found=None,
        tried=tried,
        choices=(),
        blocks=(),
        kept=False,
        reason=_none_better(tried[0]["trades"], config),
    )
    if pair is None:
        return found
    crossed = _crossed(search)
    levels = search.learned(pair, crossed.drawn, among=crossed.paired)
    found = replace(found, found=levels, blocks=crossed.blocks)
    return _proven(found, search, crossed, levels)


def _none_better(trades: int, config: OrderLevelConfig) -> str:
    if trades < config.min_trades:
        return f"of {trades} trades nothing can be told, {config.min_trades} are needed: the label set's levels stand"
    return "no drawn levels made more than the label set's: those stand"


def _proven(
    found: LearnedOrderLevels, search: _Search, crossed: _Crossed, levels: OrderLevels
) -> LearnedOrderLevels:
    every = np.ones(search.chosen.size, dtype=np.bool_)
    before, _ = search.traded(label_scales(every.size), among=every)
    after, _ = search.traded(crossed.scales, among=every)
    level = search.rules.recipe.evaluation.interval_level
    choices = (
        choice_of(LABELLED, before, np.zeros(before.daily_net.size), search.rules, level=level),
        choice_of(DRAWN, after, after.daily_net - before.daily_net, search.rules, level=level),
    )
    drawn, needed = choices[1], search.config.min_trades
    sides = [own for own in (levels.long, levels.short) if own is not None]
    if drawn.trades < needed:
        reason = (
            f"levels that other folds chose made {drawn.trades} trades, {needed} are needed to prove them"
        )
    elif not drawn.better_bound > 0.0:
        reason = "trades by levels that other folds chose are not proven to make more: the label set's stand"
    elif not any(max(own.net_r) > 0.0 for own in sides):
        reason = "trades by levels that other folds chose make more, and yet lose at every edge: the label set's stand"
    else:
        reason = "trades by levels that other folds chose are proven to make more than by the label set's"
        return replace(found, choices=choices, kept=True, reason=reason)
    return replace(found, choices=choices, reason=reason)


def _crossed(search: _Search) -> _Crossed:
    n, pool = search.chosen.size, search.pool
    scales, drawn, paired, told = label_scales(n), label_scales(n), np.zeros(n, dtype=np.bool_), []
    for block in np.unique(pool.block):
        own = pool.block == block
        pair, _ = search.best(among=~own)
        told.append(_block_figures(search, own, pair))
        if pair is None:
            continue
        plain = search.pair_scales(pair)
        served = order_scales(search.rows, search.learned(pair, plain, among=~own))
        scales[own], drawn[own], paired[own] = served[own], plain[own], True
    return _Crossed(scales=scales, drawn=drawn, paired=paired, blocks=tuple(told))


def _block_figures(search: _Search, own: Bools, pair: LevelPair | None) -> dict[str, Any]:
    day = search.pool.rows.day[own]
    return {
        "first_day": str(np.datetime64(int(day.min()), "D")),
        "last_day": str(np.datetime64(int(day.max()), "D")),
        "label_set": search.told(None, search.traded(search.pair_scales(None), among=own)[0]),
        "drawn": search.told(pair, search.traded(search.pair_scales(pair), among=own)[0]),
    }
