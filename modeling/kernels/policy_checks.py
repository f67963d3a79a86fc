"""What the policy refuses to reckon with: broken input is an error, never a decision."""

from __future__ import annotations

import math

import numpy as np

from modeling.contracts import QUANTILE_LEVELS, Evidence, MarketState, PolicyConfig, Prediction


def check_input(prediction: Prediction, market: MarketState, policy: PolicyConfig) -> None:
    """Refuse a prediction that is none, or a market that cannot be.

    Units:  as in `contracts.Prediction` and `contracts.MarketState`.
    NaN:    refused in probabilities, quantiles, volatility, price and step.
    Raises: ValueError that names the figure.
    """
    for name, p in (("p_long", prediction.p_long), ("p_short", prediction.p_short)):
        if not 0.0 <= p <= 1.0:
            raise ValueError(f"{name} must be in [0, 1], was {p}")
    quantiles = np.asarray(prediction.return_quantiles)
    if quantiles.shape != (len(QUANTILE_LEVELS),) or not np.all(np.diff(quantiles) >= 0):
        raise ValueError(f"return_quantiles must be {len(QUANTILE_LEVELS)} rising numbers, were {quantiles}")
    shares = np.asarray(prediction.direction)
    if shares.shape != (5,) or not (np.all(shares >= 0) and abs(shares.sum() - 1.0) < 1e-3):
        raise ValueError(f"direction must be five probabilities that add up to 1, were {shares}")
    classes = prediction.p_classes
    if classes is not None and not (min(classes) >= 0.0 and abs(sum(classes) - 1.0) < 1e-3):
        raise ValueError(f"p_classes must be three probabilities that add up to 1, were {classes}")
    if not (math.isfinite(prediction.volatility) and prediction.volatility >= 0):
        raise ValueError(f"volatility must be 0 or more, was {prediction.volatility}")
    check_market(market, policy)


def check_market(market: MarketState, policy: PolicyConfig) -> None:
    """Refuse prices, levels, lots or a regime that cannot be.

    Units:  as in `contracts.MarketState`.
    NaN:    refused in price and step; levels may be NaN, which is "not known yet".
    Raises: ValueError that names the figure.
    """
    for name in ("close_rub", "price_step_rub"):
        value = getattr(market, name)
        if not (math.isfinite(value) and value > 0):
            raise ValueError(f"{name} must be above 0, was {value}")
    for name in ("take_profit_frac", "stop_loss_frac"):  # NaN: in ATR, which is not known yet
        value = getattr(market, name)
        if value <= 0 or math.isinf(value):
            raise ValueError(f"{name} must be above 0, was {value}")
    if market.lot_size < 1:
        raise ValueError(f"lot_size must be at least 1, was {market.lot_size}")
    if market.regime not in policy.regimes:
        raise ValueError(f"regime must be one of {', '.join(policy.regimes)}, was {market.regime!r}")


def check_evidence(evidence: Evidence) -> None:
    """Refuse evidence that no validation can have taught.

    Units:  as in `contracts.Evidence`.
    Raises: ValueError that names the figure.
    """
    knots, values = np.asarray(evidence.edge_knots), np.asarray(evidence.edge_p_positive)
    if knots.size == 0 or knots.shape != values.shape:
        raise ValueError(f"edge_knots and edge_p_positive must match, were {knots.size} and {values.size}")
    if not (np.all(np.diff(knots) > 0) and np.all(np.diff(values) >= 0)):
        raise ValueError("edge_knots must rise and edge_p_positive must not fall")
    if not min(*evidence.long.mean_gross_loss_r, *evidence.short.mean_gross_loss_r) > 0:
        raise ValueError("mean_gross_loss_r must be above 0 for every side and tercile")
    if not evidence.novelty_limit > 0 or not math.isfinite(evidence.edge_p99):
        raise ValueError(
            f"novelty_limit must be above 0 and edge_p99 finite, were {evidence.novelty_limit}, {evidence.edge_p99}"
        )
