"""One run of the whole pipeline on a simulated market whose truth is known: without an edge, or with a planted one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from threadpoolctl import threadpool_limits

from features.selectors.catalogue import feature_specs
from features.services.in_memory import features_in_memory
from market.contracts import Timeframe
from market.selectors.simulated import simulated_market
from market.simulated_config import simulated_markets_config
from market.simulated_contracts import SimulatedMarket
from modeling.fitting.batches import scaler_fit
from modeling.fitting.dataset import TEST, TRAIN, Dataset
from modeling.fitting.forecasters import (
    SIDES,
    FitTask,
    Forecaster,
    LogisticForecaster,
    TreeForecaster,
    raw_of_sides,
)
from modeling.fitting.forecasts import Raw
from modeling.fitting.judging import Rules, gate_input, policy_traded
from modeling.fitting.loading import assembled, parted, rows_with_terms
from modeling.fitting.recipe import Recipe, recipe_load
from modeling.fitting.trading import Traded, account_rules
from modeling.fitting.walk import forecaster_judge
from modeling.kernels.calibration import sigmoid
from modeling.kernels.gate import grade_candidate
from modeling.kernels.metrics import roc_auc
from modeling.selectors.configuration import account_get, cost_model_get, gate_get, policy_get
from traderai.common.arrays import F32, F64, I8, I64
from traderai.common.errors import InputError, InvariantError, did_you_mean
from traderai.common.progress import silent

RECIPE: Final = "selfcheck"
NETWORK: Final = "network"
# What foretells how often a barrier is reached at all, whichever it is.
SPREAD_FAMILIES: Final = ("volatility",)
CLOCK_FEATURES: Final = ("minute_sin", "minute_cos", "weekday_sin", "weekday_cos")
FORECASTERS: Final[dict[str, Forecaster]] = {
    each.name: each for each in (LogisticForecaster(), TreeForecaster(threads=1))
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One run; equal tasks give equal results."""

    size: str  # of selfcheck.yaml
    seed: int
    forecaster: str
    edge: str | None = None  # None: nothing is planted
    strength: float | None = None  # None: the configured one
    leak: bool = False  # puts the future into a feature, to see that the check can fail


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """What the pipeline made of one market; the oracle's figures only where something was planted."""

    task: Task
    rows: int  # of the test part
    auc_direction: float  # of p_long - p_short before calibration against the sign of the forward return
    auc_long: float  # of p_long before calibration
    auc_long_of_spread: float  # of the same model that knows volatility and time of day alone
    grade: str
    reasons: tuple[str, ...]
    trades: int
    net_frac: float  # of the starting capital over the test part, stakes not compounding
    planted_rows_frac: float
    oracle_trades: int
    oracle_net_frac: float

    @property
    def proven(self) -> bool:
        """Whether the gate found a profit proven; one so good that a leak is to be ruled out first included."""
        return self.grade == "trade" or self.reasons == ("leak_audit_needed",)


def run(task: Task) -> RunResult:
    """Simulate a market, learn it, judge it, trade it; nothing is stored.

    Raises: InputError for an unknown size, forecaster or edge; DatasetRefusedError for a market too small to judge.
    """
    # Several runs share the machine, and sums in one thread have the same bits on every machine of its kind.
    with threadpool_limits(limits=1):
        return _run(task)


def _run(task: Task) -> RunResult:
    recipe = recipe_load(RECIPE)
    # Equal stakes: compounding would make much of the oracle's profit of what came early.
    account = replace(account_rules(account_get(), cost_model_get()), compounding=False)
    rules = Rules(policy=policy_get(), account=account, recipe=recipe, seed=task.seed)
    market = simulated_market(
        config=simulated_markets_config(),
        size=task.size,
        seed=task.seed,
        planted=() if task.edge is None else (task.edge,),
        strength=task.strength,
    )
    dataset = market_dataset(market, recipe)
    if task.leak:
        dataset = _leaking(dataset)
    own = forecaster_judge(dataset, _forecaster(task.forecaster, recipe), rules)
    result = policy_traded(own.judged, dataset, rules, part=TEST)
    config = gate_get()
    verdict = grade_candidate(
        gate_input(own.judged, None, dataset, rules, champion_trades=False),
        config,
        np.random.default_rng([config.seed, task.seed]),
    )
    oracle = None if task.edge is None else _oracle(market, dataset, rules)
    return RunResult(
        task=task,
        rows=int((dataset.part == TEST).sum()),
        auc_direction=_direction_auc(own.raw, dataset),
        auc_long=_long_auc(own.raw, dataset),
        auc_long_of_spread=_spread_auc(dataset, task, rules) if task.edge is None else float("nan"),
        grade=verdict.grade,
        reasons=verdict.reasons,
        trades=len(result.simulation.trades),
        net_frac=result.net_frac,
        planted_rows_frac=market.rows_frac,
        oracle_trades=0 if oracle is None else len(oracle.simulation.trades),
        oracle_net_frac=float("nan") if oracle is None else oracle.net_frac,
    )


def market_dataset(market: SimulatedMarket, recipe: Recipe) -> Dataset:
    """Return the dataset of a simulated market in the recipe's parts, by the steps of `dataset_load`."""
    costs = cost_model_get()
    timeframe = Timeframe.parse(recipe.timeframe)
    matrices = features_in_memory(market=market, feature_set=recipe.feature_set, timeframe=timeframe)
    rows = []
    for share in market.shares:
        bars, matrix = market.bars[timeframe][share.secid], matrices[share.secid]
        if not np.array_equal(bars.begin_s, matrix.begin_s):
            raise InvariantError(f"features of {share.secid} are not those of its bars")
        rows.append(rows_with_terms(share, bars, matrix.values, costs))
    return parted(assembled(rows, recipe), recipe)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OracleForecaster:
    """Knows at which rows a pattern was planted and on which side; what that is worth it learns as others do."""

    side: I8  # (m,) of the dataset's rows: 1, -1 or 0

    @property
    def name(self) -> str:
        """The name in tables."""
        return "oracle"

    def fit(self, task: FitTask) -> OracleFit:
        """Return the training part's rates of each side at rows with the pattern up, down, or without one."""
        dataset, groups = task.dataset, self.side.astype(np.int64) + 1
        logits = {}
        for name in SIDES:
            target = getattr(dataset.targets, name)
            rates = np.empty((3, len(dataset.horizons)))
            for h in range(len(dataset.horizons)):
                own = dataset.part[:, h] == TRAIN
                hits = np.bincount(groups[own], weights=target[own, h], minlength=3)
                # Half a hit and half a miss more: no rate is 0 or 1.
                rates[:, h] = (hits + 0.5) / (np.bincount(groups[own], minlength=3) + 1.0)
            logits[name] = np.log(rates / (1.0 - rates))
        return OracleFit(task=task, groups=groups, logits=logits)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OracleFit:
    """The oracle after its fit."""

    task: FitTask
    groups: I64  # (m,) 0 down, 1 none, 2 up
    logits: dict[str, F64]  # by side (3, h)

    def raw(self, rows: I64) -> Raw:
        """Return the rate of each row's group."""
        found = {name: logits[self.groups[rows]] for name, logits in self.logits.items()}
        return raw_of_sides(self.task, rows, found, model="oracle")


def planted_sides(market: SimulatedMarket, dataset: Dataset, timeframe: Timeframe) -> I8:
    """Return at which rows of the dataset a pattern was known, and its side (m,)."""
    side = np.zeros(dataset.instrument.size, dtype=np.int8)
    for number, secid in enumerate(dataset.secids):
        start, stop = dataset.market.offset[number], dataset.market.offset[number + 1]
        if stop - start != len(market.bars[timeframe][secid]):
            raise InvariantError(f"the dataset's bars of {secid} are not the market's")
        for by_share in market.planted.values():
            side[start + by_share[secid].row] = by_share[secid].side
    return side


def _oracle(market: SimulatedMarket, dataset: Dataset, rules: Rules) -> Traded:
    forecaster = OracleForecaster(
        side=planted_sides(market, dataset, Timeframe.parse(rules.recipe.timeframe))
    )
    judged = forecaster_judge(dataset, forecaster, rules).judged
    return policy_traded(judged, dataset, rules, part=TEST)


def _direction_auc(raw: Raw, dataset: Dataset) -> float:
    """Return the AUC of the difference of both sides' probabilities against the sign of the forward return."""
    own = (dataset.part[raw.rows] == TEST)[:, 0]
    score = sigmoid(raw.p_long_logit[own, 0]) - sigmoid(raw.p_short_logit[own, 0])
    up = dataset.targets.forward_return[raw.rows[own], 0] > 0
    return roc_auc(up.astype(np.float64), score)


def _long_auc(raw: Raw, dataset: Dataset) -> float:
    own = (dataset.part[raw.rows] == TEST)[:, 0]
    return roc_auc(dataset.targets.p_long[raw.rows[own], 0], raw.p_long_logit[own, 0])


def _spread_auc(dataset: Dataset, task: Task, rules: Rules) -> float:
    """Return the AUC of p_long of the same forecaster that knows volatility and the time of day and nothing else.

    Its other features are there, but those of other days: a model with fewer features would be the better one for
    having less noise to learn from, and that lead of its would hide a leak as large.
    """
    spread = {
        spec.name
        for spec in feature_specs(name=rules.recipe.feature_set)
        if spec.family in SPREAD_FAMILIES or spec.name in CLOCK_FEATURES
    }
    others = np.flatnonzero([name not in spread for name in dataset.features])
    seen = replace(dataset, values=of_other_days(dataset, others, seed=task.seed))
    task_of = FitTask(
        dataset=seen,
        scaler=scaler_fit(seen),
        column=seen.features.index(rules.recipe.network.volatility_feature),
        seed=task.seed,
    )
    forecaster = _forecaster(task.forecaster, rules.recipe)
    if isinstance(forecaster, LogisticForecaster | TreeForecaster):
        forecaster = replace(forecaster, sides=("p_long",))
    return _long_auc(forecaster.fit(task_of).raw(seen.rows_of(TEST)), seen)


def of_other_days(dataset: Dataset, columns: I64, *, seed: int) -> F32:
    """Return the values (m, k) with some columns of each share moved in time by a quarter to three quarters, in a circle.

    They keep their own course and what they have to do with each other, and lose what they have to do with the rest.
    Rows in which a dense feature is missing stay as they are.
    """
    values = dataset.values.copy()
    whole = np.isfinite(values[:, ~dataset.sparse]).all(axis=1)
    rng = np.random.default_rng(seed)
    for number in range(len(dataset.secids)):
        rows = np.flatnonzero((dataset.instrument == number) & whole)
        shift = int(rows.size * rng.uniform(0.25, 0.75))
        values[np.ix_(rows, columns)] = dataset.values[np.ix_(np.roll(rows, shift), columns)]
    return values


def _leaking(dataset: Dataset) -> Dataset:
    """Return the dataset with the sign of the forward return in its first feature, where it is known."""
    values = dataset.values.copy()
    sign = np.sign(dataset.targets.forward_return[:, 0])
    values[:, 0] += 0.5 * np.nan_to_num(sign) * np.nanstd(values[:, 0])
    return replace(dataset, values=values)


def _forecaster(name: str, recipe: Recipe) -> Forecaster:
    if name in FORECASTERS:
        return FORECASTERS[name]
    known = (*FORECASTERS, NETWORK)
    if name != NETWORK:
        raise InputError(
            f"forecaster must be one of {', '.join(known)}, was {name!r}{did_you_mean(name, known)}"
        )
    from modeling.fitting.network_forecaster import NetworkForecaster  # imports Keras: 6 to 10 s

    return NetworkForecaster(recipe=recipe, say=silent)
