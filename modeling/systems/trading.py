"""From an earlier system's scores to trades: a cut chosen on validation, the next open, the window's last close, all costs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from modeling.fitting.dataset import VALIDATION
from modeling.fitting.trading import Traded, account_traded
from modeling.kernels.performance import daily_sharpe
from modeling.kernels.simulator_orders import AccountRules, FlatCost, Orders
from modeling.systems.recipe import CutConfig
from modeling.systems.rows import SystemRows
from traderai.common.arrays import F64, I8, I64


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Above which score a system trades, and how that was come by."""

    threshold: float
    tuned_for: str  # of CutConfig; "none": nothing qualified or nothing was asked for
    tried: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trader:
    """How the scores of a system become orders in an account."""

    account: AccountRules
    cut: CutConfig
    max_turnover_frac: float  # of the median turnover of a bar, that an order may take

    def sides(self, rows: SystemRows, at: I64, scores: F64, threshold: float | F64) -> tuple[I8, F64]:
        """Return the side (n,) of each row that a threshold, one for all or (n,), gives, 0 for none, and its score (n,).

        The upper class is long. The lowest is short where the recipe trades both sides and the share could be shorted;
        else it is flat, and a score below the threshold always is. So is a row whose middle class is the likeliest, where
        the recipe says that holding wins.
        """
        long = scores[:, -1]
        short = scores[:, 0] if self.cut.sides == "both" else np.full(long.shape, -np.inf)
        side = np.where(short > long, -1, 1).astype(np.int8)
        score = np.maximum(long, short)
        side[(score <= threshold) | ((side < 0) & ~rows.shortable[at])] = 0
        if self.cut.hold_wins and scores.shape[1] == 3:
            side[scores.argmax(axis=1) == 1] = 0
        return side, score

    def traded(
        self,
        rows: SystemRows,
        at: I64,
        scores: F64,
        threshold: float | F64,
        *,
        part: int,
        cost_bp: float | None = None,
    ) -> Traded:
        """Return what the account makes of the rows (n,) of a part whose score passes, at the configured or a flat cost."""
        side, score = self.sides(rows, at, scores, threshold)
        return self.sides_traded(rows, at, side, score, part=part, cost_bp=cost_bp)

    def sides_traded(
        self, rows: SystemRows, at: I64, side: I8, score: F64, *, part: int, cost_bp: float | None = None
    ) -> Traded:
        """Return what the account makes of sides (n,) that were chosen, 0 for none; the higher score goes first."""
        taken = side != 0
        orders = self._orders(rows, at[taken], side[taken], score[taken])
        costs = self.account.costs if cost_bp is None else FlatCost(round_trip_bp=cost_bp)
        account = replace(self.account, costs=costs)
        return account_traded(orders, rows.market, account, days=part_days(rows, part))

    def _orders(self, rows: SystemRows, at: I64, side: I8, score: F64) -> Orders:
        instrument = rows.instrument[at]
        bar = at - rows.market.offset[instrument]
        nothing = np.full(at.size, np.inf)
        return Orders(
            instrument=instrument,
            decision_bar=bar,
            entry_bar=bar + 1,
            last_bar=bar + rows.horizon_bars,
            side=side,
            take_profit_frac=nothing,
            stop_loss_frac=nothing,
            priority=score,
            max_value_rub=self.max_turnover_frac * rows.median_turnover_rub[at],
            size_factor=np.ones(at.size),
            half_spread_frac=np.full(at.size, np.nan),
        )


def cut_chosen(trader: Trader, rows: SystemRows, at: I64, scores: F64) -> Cut:
    """Return the threshold that was best on all rows that validation trades (n,); the middle of chance where none qualifies.

    Tried are quantiles of the validation scores. One with fewer trades than the recipe's minimum proves nothing.
    """
    chance = 1.0 / scores.shape[1]
    config = trader.cut
    if config.tuned_for == "none":
        return Cut(threshold=chance, tuned_for="none")
    _, best = trader.sides(rows, at, scores, -np.inf)
    tried = []
    for threshold in np.unique(np.quantile(best, np.linspace(0.0, 0.99, config.candidates))).tolist():
        side, _ = trader.sides(rows, at, scores, threshold)
        result = trader.traded(rows, at, scores, threshold, part=VALIDATION)
        tried.append(
            {
                "threshold": threshold,
                "trades": len(result.simulation.trades),
                "sharpe": daily_sharpe(result.daily_net),
                "balanced_accuracy": _balanced(rows, at, side),
            }
        )
    fit = [own for own in tried if own["trades"] >= config.min_trades and np.isfinite(own[config.tuned_for])]
    if not fit:
        return Cut(threshold=chance, tuned_for="none", tried=tuple(tried))
    chosen = max(fit, key=lambda own: own[config.tuned_for])
    return Cut(threshold=float(chosen["threshold"]), tuned_for=config.tuned_for, tried=tuple(tried))


def part_days(rows: SystemRows, part: int) -> I64:
    """Return the trading days from a part's first decision to the end of its last window."""
    own = rows.part == part
    since_s, until_s = rows.decision_s[own].min(), rows.window_end_s[own].max()
    return np.unique(rows.day[(rows.decision_s >= since_s) & (rows.decision_s <= until_s)])


def _balanced(rows: SystemRows, at: I64, side: I8) -> float:
    """Return the mean recall of the upper class and of all others together when the sides are taken for classes."""
    judged = rows.classed(at)
    up, said = rows.label[at[judged]] == len(rows.classes) - 1, side[judged] > 0
    return float((said[up].mean() + (~said[~up]).mean()) / 2.0)
