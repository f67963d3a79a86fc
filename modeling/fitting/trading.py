"""The policy's trades on held-out rows: the policy's own arithmetic, the simulator's fills and costs.

What service declines besides is not modelled here, for rows know neither votes nor what was announced: the eve of a
dividend's cut-off, a council that disagrees, halts in force. It can only trade less than what is judged.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import date

import numpy as np

from features.contracts import REGIMES
from market.kernels.sessions import moscow_hours
from market.selectors.trading_rules import borrow_terms
from modeling.contracts import AccountConfig, CostModel, Evidence, PolicyConfig
from modeling.contracts.decisions import EXCURSIONS
from modeling.fitting.batches import Scaler
from modeling.fitting.dataset import TEST, VALIDATION, Dataset
from modeling.fitting.evidence import Novelty, SideFigures, side_figures
from modeling.fitting.forecasts import Forecasts, require_held_out
from modeling.kernels.edges import choose_sides, volatility_terciles
from modeling.kernels.filters import CellRows, in_left_out
from modeling.kernels.known_regimes import (
    DECIDING_REGIME_S,
    REGIME_WHEN_UNKNOWN,
    RegimeSteps,
    regime_known,
)
from modeling.kernels.order_levels import OrderRows, order_scales
from modeling.kernels.performance import DailyFractions, daily_fractions
from modeling.kernels.simulator import Simulation, simulate
from modeling.kernels.simulator_market import Market
from modeling.kernels.simulator_orders import AccountRules, BorrowRate, FlatCost, Orders
from modeling.registry.scorer import mahalanobis
from traderai.common.arrays import F64, I8, I64, Bools
from traderai.common.errors import InputError, InvariantError

_EPOCH = date(1970, 1, 1)
# The thresholds that held-out trades are judged by where none were learned; regimes only make the policy stricter.
REGIME = "flat"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """By what rules to trade; a cost of None means the configured one.

    With `regimes` each row is decided by the rule of the regime known then, as in service; without by that of REGIME.
    """

    policy: PolicyConfig
    account: AccountRules
    cost_bp: float | None = None
    regimes: RegimeSteps | None = None

    @property
    def rules(self) -> AccountRules:
        """The account at these costs."""
        if self.cost_bp is None:
            return self.account
        return replace(self.account, costs=FlatCost(round_trip_bp=self.cost_bp))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Wanted:
    """What the policy would take of n rows and horizons: the better side, whether or not it passes."""

    row: I64  # (n,) of the dataset
    horizon: I64  # (n,) index
    side: np.ndarray  # (n,) 1, -1, or 0 where nothing passes
    edge: F64  # (n,) of the better side
    scales: F64  # (n, 2) take-profit and stop as multiples of the label set's

    def orders(self, dataset: Dataset, policy: PolicyConfig, *, chosen: Bools | None = None) -> Orders:
        """Return the orders of the rows with a side, or of the chosen ones among them."""
        wanted = self.side != 0
        if chosen is not None:
            wanted &= chosen
        own = replace(self, **{each.name: getattr(self, each.name)[wanted] for each in fields(self)})
        return side_orders(dataset, policy, own)


def account_rules(config: AccountConfig, costs: CostModel) -> AccountRules:
    """Return the configured account; a figure that cannot be is an InputError."""
    try:
        return AccountRules(
            capital_rub=config.capital_rub,
            costs=costs,
            borrow_rates=tuple(
                BorrowRate(since_day=((term.since or _EPOCH) - _EPOCH).days, year_frac=term.year_frac)
                for term in borrow_terms()
            ),
            max_open=config.max_open,
            stake_frac=config.stake_frac,
            compounding=config.compounding,
            max_gross_frac=config.max_gross_frac,
            max_wait_days=config.max_wait_days,
        )
    except ValueError as error:
        raise InputError(f"account.yaml: {error}") from error


def tradable(dataset: Dataset, rows: I64, scaler: Scaler, novelty: Novelty, policy: PolicyConfig) -> Bools:
    """Return where the data would let the policy trade: liquid enough and within what was trained on."""
    scaled = scaler.apply(dataset.values[rows]).astype(np.float64)
    familiar = mahalanobis(scaled, mean=novelty.mean, precision=novelty.precision) <= novelty.limit
    liquid = dataset.median_turnover_rub[rows] >= policy.min_median_turnover_rub
    return np.asarray(familiar & liquid)


def wanted_rows(
    forecasts: Forecasts,
    dataset: Dataset,
    evidence: dict[str, Evidence],
    terms: Terms,
    *,
    part: int,
    allowed: Bools,
    horizons: tuple[str, ...],
) -> Wanted:
    """Return the side that the policy would take of every row of a part."""
    require_held_out(forecasts, dataset, part=part)
    found = []
    for h, horizon in enumerate(dataset.horizons):
        if horizon in horizons:
            own = (dataset.part[forecasts.rows, h] == part) & allowed
            found.append(_horizon_rows(forecasts, dataset, evidence[horizon], terms, (h, own)))
    return joined(found)


def decided_regime(dataset: Dataset, rows: I64, terms: Terms) -> I8:
    """Return by whose rule each row (n,) is decided, as an index into REGIMES."""
    if terms.regimes is None:
        return np.full(rows.size, REGIMES.index(REGIME), dtype=np.int8)
    found = regime_known(dataset.decision_s[rows], terms.regimes, stale_s=DECIDING_REGIME_S)
    return np.where(found < 0, REGIMES.index(REGIME_WHEN_UNKNOWN), found).astype(np.int8)


def cell_rows(dataset: Dataset, rows: I64, tercile: I64, regime: I8) -> CellRows:
    """Return what filters read of some rows (n,), whose terciles of expected volatility and regimes are given (n,)."""
    return CellRows(
        regime=regime,
        volatility=tercile,
        hour=moscow_hours(dataset.decision_s[rows]),
        session=dataset.session[rows],
        median_turnover_rub=dataset.median_turnover_rub[rows],
    )


def joined(several: list[Wanted]) -> Wanted:
    """Return the rows of several, one behind the other."""
    return Wanted(
        **{
            field.name: np.concatenate([getattr(each, field.name) for each in several])
            for field in fields(Wanted)
        }
    )


def side_orders(dataset: Dataset, policy: PolicyConfig, wanted: Wanted) -> Orders:
    """Return orders on rows that all have a side, each with its label's own entry and window; the highest edge first."""
    row, horizon = wanted.row, wanted.horizon
    instrument = dataset.instrument[row]
    targets = dataset.targets
    return Orders(
        instrument=instrument,
        decision_bar=row - dataset.market.offset[instrument],
        entry_bar=targets.entry_bar[row, horizon],
        last_bar=targets.last_bar[row, horizon],
        side=wanted.side.astype(np.int8),
        take_profit_frac=dataset.take_profit_frac[row] * wanted.scales[:, 0],
        stop_loss_frac=dataset.stop_loss_frac[row] * wanted.scales[:, 1],
        priority=wanted.edge,
        max_value_rub=policy.max_turnover_frac * dataset.median_turnover_rub[row],
        size_factor=np.ones(row.size),
        half_spread_frac=np.full(row.size, np.nan),
    )


def label_scales(n: int) -> F64:
    """Return the scales (n, 2) of orders with the label set's own levels."""
    return np.ones((n, 2))


def order_rows(
    wanted: Wanted, excursions: F64 | None, dataset: Dataset, *, cost_bp: float | None
) -> OrderRows:
    """Return what an order's levels are drawn from; `excursions` (n, 4, 7) are those expected of the rows.

    Raises: InvariantError without excursions.
    """
    if excursions is None:
        raise InvariantError("order levels need forecasts with excursions; train a network with those heads")
    row, short = wanted.row, (wanted.side < 0)[:, None]
    cost = dataset.cost_frac[row] if cost_bp is None else np.full(row.size, cost_bp / 1e4)
    place = {name: number for number, name in enumerate(EXCURSIONS)}
    best, worst = (
        np.where(short, excursions[:, place[f"short_{kind}"]], excursions[:, place[f"long_{kind}"]])
        for kind in ("mfe", "mae")
    )
    return OrderRows(
        side=wanted.side.astype(np.int8),
        edge=wanted.edge,
        best=best,
        worst=worst,
        take_profit_frac=dataset.take_profit_frac[row],
        stop_loss_frac=dataset.stop_loss_frac[row],
        least_gain_frac=cost + dataset.step_frac[row],
    )


def part_days(dataset: Dataset, part: int) -> I64:
    """Return the trading days from a part's start to the end of its last window: those that its trades can live on."""
    since_s = {VALIDATION: dataset.validation_start_s, TEST: dataset.test_start_s}[part]
    until_s = int(dataset.targets.window_end_s[dataset.part == part].max())
    return np.unique(dataset.day[(dataset.decision_s >= since_s) & (dataset.decision_s <= until_s)])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Traded:
    """What an account made of orders over some days."""

    simulation: Simulation
    orders: int
    account: DailyFractions  # day by day, after costs, positions at their last close

    @property
    def daily_net(self) -> F64:
        """The account's daily returns (d,)."""
        return self.account.net_frac

    @property
    def net_frac(self) -> float:
        """What the account made of its capital."""
        return float(np.prod(1.0 + self.daily_net) - 1.0)


def traded(orders: Orders, dataset: Dataset, terms: Terms, *, days: I64) -> Traded:
    """Return what the account makes of the orders over the days."""
    return account_traded(orders, dataset.market, terms.rules, days=days)


def account_traded(orders: Orders, market: Market, rules: AccountRules, *, days: I64) -> Traded:
    """Return what an account of these rules makes of orders in a market over the days."""
    simulation = simulate(market, orders, rules, calendar=days)
    daily = simulation.daily
    account = daily_fractions(
        daily.equity_rub,
        gross_rub=daily.gross_rub,
        turnover_rub=daily.turnover_rub,
        start_rub=rules.capital_rub,
    )
    return Traded(simulation=simulation, orders=len(orders), account=account)


def _regime_sides(
    long: SideFigures, short: SideFigures, evidence: Evidence, regime: I8, stop: F64, policy: PolicyConfig
) -> I8:
    """Return the side that each row's own regime lets pass (n,), 0 for none."""
    # A side that knows the base rate only claims no edge, as in `policy.decide`.
    long_net = long.net_frac if evidence.long_informed else np.full(stop.size, -np.inf)
    short_net = short.net_frac if evidence.short_informed else np.full(stop.size, -np.inf)
    side = np.zeros(stop.size, dtype=np.int8)
    for code in np.unique(regime):
        here = regime == code
        side[here] = choose_sides(
            long_net[here],
            short_net[here],
            (long.edge[here], short.edge[here]),
            stop[here],
            policy.regimes[REGIMES[code]],
        )
    return side


def _horizon_rows(
    forecasts: Forecasts, dataset: Dataset, evidence: Evidence, terms: Terms, at: tuple[int, Bools]
) -> Wanted:
    h, own = at
    rows = forecasts.rows[own]
    cost = dataset.cost_frac[rows] if terms.cost_bp is None else np.full(rows.size, terms.cost_bp / 1e4)
    tercile = volatility_terciles(forecasts.volatility[own, h], evidence.volatility_tercile_edges)
    levels = (dataset.take_profit_frac[rows], dataset.stop_loss_frac[rows])
    long = side_figures(forecasts.p_long[own, h], evidence.long, tercile, cost, levels_frac=levels)
    short = side_figures(forecasts.p_short[own, h], evidence.short, tercile, cost, levels_frac=levels)
    regime = decided_regime(dataset, rows, terms)
    side = _regime_sides(long, short, evidence, regime, levels[1], terms.policy)
    side[(side < 0) & ~dataset.shortable[rows]] = 0
    if terms.policy.filters is not None:
        cells = cell_rows(dataset, rows, tercile, regime)
        side[in_left_out(cells, terms.policy.filters).any(axis=1)] = 0
    wanted = Wanted(
        row=rows,
        horizon=np.full(rows.size, h, dtype=np.int64),
        side=side,
        edge=np.where(side < 0, short.edge, long.edge),
        scales=label_scales(rows.size),
    )
    if terms.policy.order_levels is None:
        return wanted
    moves = None if forecasts.excursions is None else forecasts.excursions[own, h]
    told = order_rows(wanted, moves, dataset, cost_bp=terms.cost_bp)
    return replace(wanted, scales=order_scales(told, terms.policy.order_levels))
