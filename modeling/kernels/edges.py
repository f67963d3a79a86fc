"""Edge over break-even for whole arrays; the policy's own arithmetic, so that validation judges what is served."""

from __future__ import annotations

import numpy as np

from modeling.contracts import RegimeRule
from traderai.common.arrays import F64, I8, I64, Bools


def break_even(mean_loss_frac: F64, take_profit_frac: F64, cost_frac: F64) -> F64:
    """Return the probability of the take-profit at which a trade is worth nothing after costs.

    `p* = (L + cost) / (TP + L)`, with L the mean gross loss of trades that miss their take-profit.

    Shapes: mean_loss_frac, take_profit_frac, cost_frac numbers or (n,); returns the same.
    Units:  fractions of the entry price.
    Raises: ValueError unless losses, take-profit and costs are above 0.
    """
    if not (np.all(mean_loss_frac > 0) and np.all(take_profit_frac > 0) and np.all(cost_frac > 0)):
        raise ValueError("mean_loss_frac, take_profit_frac and cost_frac must be above 0")
    ratio: F64 = (mean_loss_frac + cost_frac) / (take_profit_frac + mean_loss_frac)
    return ratio


def volatility_terciles(volatility: F64, tercile_edges: tuple[float, float]) -> I64:
    """Return 0, 1 or 2: the tercile of each expected volatility.

    Shapes: volatility (n,); returns (n,).
    """
    return np.searchsorted(np.asarray(tercile_edges), volatility, side="right").astype(np.int64)


def mean_gross_losses(label: I8, gross_r: F64, tercile: I64, *, floor_r: float) -> tuple[float, float, float]:
    """Return the mean gross loss of trades that missed their take-profit, by volatility tercile.

    Stops and time-outs count together, the profits among the time-outs included. A tercile without such trades
    takes the mean of all; no mean is let below `floor_r`, so that break-even stays defined.

    Shapes: label, gross_r, tercile (n,) of validation rows with label 0 or 1.
    Units:  gross results and losses in units of the stop, so that rows of every volatility compare.
    Raises: ValueError for null labels, a floor of 0 or less, or when every trade reached its take-profit.
    """
    if np.any((label != 0) & (label != 1)) or floor_r <= 0:
        raise ValueError(f"labels must be 0 or 1 and floor_r above 0, was {floor_r}")
    missed = label == 0
    if not missed.any():
        raise ValueError("no trade missed its take-profit: the mean loss is unknown")
    overall = -float(gross_r[missed].mean())
    means = [
        -float(gross_r[missed & (tercile == number)].mean())
        if np.any(missed & (tercile == number))
        else overall
        for number in range(3)
    ]
    low, middle, high = (max(mean, floor_r) for mean in means)
    return low, middle, high


def choose_sides(
    net_long_frac: F64, net_short_frac: F64, edges: tuple[F64, F64], stop_loss_frac: F64, rule: RegimeRule
) -> I8:
    """Return what `policy.decide` would trade of good data under one regime's rule: 1 long, -1 short, 0 nothing.

    Shapes: net_long_frac, net_short_frac, both edges (long, short) and stop_loss_frac (n,); returns (n,).
    Units:  expected net results as fractions of the entry price.
    """
    is_short = net_short_frac > net_long_frac
    edge = np.where(is_short, edges[1], edges[0])
    expected_r = np.where(is_short, net_short_frac, net_long_frac) / stop_loss_frac
    long_bar = rule.min_edge if rule.longs_need_edge is None else max(rule.min_edge, rule.longs_need_edge)
    short_bar = rule.min_edge if rule.shorts_need_edge is None else max(rule.min_edge, rule.shorts_need_edge)
    passes: Bools = (edge >= np.where(is_short, short_bar, long_bar)) & (expected_r >= rule.min_expected_r)
    return np.where(passes, np.where(is_short, -1, 1), 0).astype(np.int8)
