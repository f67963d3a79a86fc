"""Choosing between ways to decide by what their trades make of the validation rows; the test rows only report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from modeling.contracts.council import GLOBAL, META, META_RANK
from modeling.fitting.dataset import VALIDATION, Dataset
from modeling.fitting.judging import Judged, Rules, policy_traded
from modeling.fitting.trading import Traded
from modeling.kernels.significance import block_bootstrap_mean
from traderai.common.arrays import F64


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What one way to decide made of the validation rows, beside the one that it would replace."""

    way: str
    trades: int
    net_expectancy_frac: float  # NaN without a trade
    mean_daily_net: float
    # Lower bound of its mean daily net result less that of what it would replace; that one of all is looked at is in it.
    better_bound: float


def choices_of(
    rivals: Mapping[str, Judged], dataset: Dataset, rules: Rules, *, replaced: str
) -> tuple[Choice, ...]:
    """Return every rival's choice by name, held against the one that would be replaced."""
    results = {way: policy_traded(own, dataset, rules, part=VALIDATION) for way, own in rivals.items()}
    before = results[replaced].daily_net
    # The best of several is looked for: each is held to its share of the risk (Bonferroni).
    level = 1.0 - (1.0 - rules.recipe.evaluation.interval_level) / max(len(results) - 1, 1)
    return tuple(
        choice_of(way, result, result.daily_net - before, rules, level=level)
        for way, result in results.items()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WaysChosen:
    """Which way to decide the validation rows keep, and before that which aggregator stands for all of them."""

    kept: str
    choices: tuple[Choice, ...]  # of those that could be kept
    aggregator: str  # META, or META_RANK where reading the rank is proven to earn more
    ranked: tuple[Choice, ...]  # the aggregator without and with the rank; none without ranks


def ways_chosen(
    judged: Mapping[str, Judged], dataset: Dataset, rules: Rules, *, min_trades: int
) -> WaysChosen:
    """Return the way that serves; of two aggregators only the chosen one is held against the shared network."""
    aggregator, ranked = META, tuple[Choice, ...]()
    if META_RANK in judged:
        pair = {way: judged[way] for way in (META, META_RANK)}
        ranked = choices_of(pair, dataset, rules, replaced=META)
        aggregator = kept_way(ranked, min_trades=min_trades, replaced=META)
    left = {META, META_RANK} - {aggregator}
    running = {way: own for way, own in judged.items() if way not in left}
    choices = choices_of(running, dataset, rules, replaced=GLOBAL)
    return WaysChosen(
        kept=kept_way(choices, min_trades=min_trades), choices=choices, aggregator=aggregator, ranked=ranked
    )


def kept_way(choices: Sequence[Choice], *, min_trades: int, replaced: str = GLOBAL) -> str:
    """Return the way that serves: the best of those proven to earn more than the one it would replace, else that one.

    A way with fewer trades than `min_trades` proves nothing, whatever they made.
    """
    proven = [
        own for own in choices if own.way != replaced and own.better_bound > 0.0 and own.trades >= min_trades
    ]
    return max(proven, key=lambda own: own.better_bound).way if proven else replaced


def earns_more(choice: Choice, replaced: Choice) -> bool:
    """Return whether what is proven by another measure may serve: its trades made more than the replaced one's.

    Who trades nothing made 0; what changes no trade does not earn its place.
    """
    return choice.mean_daily_net > replaced.mean_daily_net


def choice_of(way: str, result: Traded, better: F64, rules: Rules, *, level: float) -> Choice:
    """Return what a way to decide made, `better` (d,) being its daily net results less those of what it would replace."""
    trades = result.simulation.trades
    evaluation = rules.recipe.evaluation
    found = block_bootstrap_mean(
        better,
        level=level,
        mean_block_days=evaluation.mean_block_days,
        resamples=evaluation.resamples,
        rng=np.random.default_rng(rules.seed),
    )
    return Choice(
        way=way,
        trades=len(trades),
        net_expectancy_frac=trades.mean_net_frac,
        mean_daily_net=float(result.daily_net.mean()),
        better_bound=found.low,
    )
