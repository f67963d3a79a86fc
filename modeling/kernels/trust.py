"""How far a network may depart from what is known without it: as far as validation proves, no further."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from modeling.contracts import Evidence, ExcursionTrust, HeadTrust, IsotonicMap
from modeling.kernels.calibration import mapped, sigmoid, softmax
from modeling.kernels.significance import draw_days
from traderai.common.arrays import F64, I64

_TINY = 1e-6  # of a bar's volatility: a share that stood still has no logarithm


def trusted_probability(
    logits: F64, *, prior: float | F64, trust: float, shift: float = 0.0, by: IsotonicMap | None = None
) -> F64:
    """Return the probabilities of logits drawn towards the prior's logit: sigmoid(prior + trust (logit - prior) + shift).

    With a map, its values at those probabilities.

    Shapes: logits of any shape, prior one number or of that shape; returns the same.
    Units:  trust from 0 on; 0 is the base rate, 1 the logit as it is; shift in logits.
    Source: Platt (1999) for a slope and a shift, here about what is known without the network.
    """
    p = sigmoid(prior + trust * (logits - prior) + shift)
    return p if by is None else mapped(p, by)


def trusted_shares(logits: F64, *, prior: Sequence[float] | F64, trust: float) -> F64:
    """Return class probabilities of logits drawn towards the prior's logits.

    Shapes: logits (n, k), prior k or (n, k); returns (n, k), rows adding up to 1.
    """
    base = np.asarray(prior)
    return softmax(base + trust * (logits - base))


def blended_quantiles(network: F64, recent: F64, own: HeadTrust) -> F64:
    """Return the weighted mean of base, volatility-scaled and network quantiles; rising rows stay rising.

    Shapes: network (n, q); recent (n,) the row's recent volatility; returns (n, q).
    Source: Barone-Adesi et al. (1999) for quantiles in units of recent volatility.
    """
    base, scaled, learned = own.quantile_weights
    unit = np.maximum(recent, _TINY)[:, None] * np.asarray(own.unit_quantiles)
    return np.asarray(base * np.asarray(own.base_quantiles) + scaled * unit + learned * network)


def blended_excursions(network: F64 | None, recent: F64, own: Sequence[ExcursionTrust]) -> F64 | None:
    """Return the weighted means of base, volatility-scaled and network quantiles of each excursion; None without a network's.

    Rows that rise stay rising, and each stays on its own side of 0. Without a trust they are the network's.

    Shapes: network (n, e, q), own e; recent (n,); returns (n, e, q).
    Source: as `blended_quantiles`.
    """
    if network is None or not own:
        return network
    base, scaled, learned = (np.array([each.weights[place] for each in own])[:, None] for place in range(3))
    told, unit = (
        np.array([getattr(each, name) for each in own]) for name in ("base_quantiles", "unit_quantiles")
    )
    moved = np.maximum(recent, _TINY)[:, None, None] * (scaled * unit)
    return np.asarray(base * told + moved + learned * network)


def blended_volatility(network: F64, recent: F64, own: HeadTrust) -> F64:
    """Return the weighted geometric mean of base, recent and network volatility.

    Shapes: network, recent (n,); returns (n,).
    """
    base, scaled, learned = own.volatility_weights
    logs = (
        base * np.log(own.base_volatility)
        + scaled * np.log(np.maximum(recent, _TINY) * own.volatility_per_unit)
        + learned * np.log(np.maximum(network, _TINY))
    )
    return np.asarray(np.exp(logs))


def informed(evidence: Mapping[str, Evidence], trust: Mapping[str, HeadTrust]) -> dict[str, Evidence]:
    """Return the evidence by horizon under another trust: of a side that is a base rate no edge is claimed.

    A side that was not informed when its losses were learned stays so: they are those of a base rate.
    """
    return {
        horizon: replace(
            own,
            long_informed=own.long_informed and trust[horizon].p_long_trust > 0.0,
            short_informed=own.short_informed and trust[horizon].p_short_trust > 0.0,
        )
        for horizon, own in evidence.items()
    }


def daily_means(losses: F64, day: I64) -> F64:
    """Return each candidate's mean loss by day, days in order.

    Shapes: losses (c, n), day (n,); returns (c, d).
    Raises: ValueError if the shapes differ or a loss is missing.
    """
    if losses.shape[1:] != day.shape or not np.isfinite(losses).all():
        raise ValueError(f"losses must be finite (c, n) with day (n,), were {losses.shape}, {day.shape}")
    _, at = np.unique(day, return_inverse=True)
    counts = np.bincount(at)
    return np.stack([np.bincount(at, weights=row) / counts for row in losses])


def proven_choice(
    daily_losses: F64, *, level: float, mean_block_days: float, resamples: int, seed: int
) -> int:
    """Return the candidate whose proven improvement on the first, the base, is largest.

    For each candidate the upper block-bootstrap bound of its mean daily loss minus the base's is taken; the least
    bound wins. The base's is 0, so where no candidate's improvement is proven the base stays.

    Shapes: daily_losses (c, d), the base first.
    Units:  returns an index into the candidates.
    NaN:    refused.
    Causal: equal arguments give an equal choice.
    Raises: ValueError for missing losses, and as `draw_days`.
    """
    if daily_losses.ndim != 2 or not np.isfinite(daily_losses).all():
        raise ValueError(f"daily_losses must be finite (c, d), were {daily_losses.shape}")
    draws = draw_days(
        daily_losses.shape[1],
        level=level,
        mean_block_days=mean_block_days,
        resamples=resamples,
        rng=np.random.default_rng(seed),  # the same days are drawn for every candidate
    )
    worse = daily_losses - daily_losses[0]
    means = worse.mean(axis=1)
    deviation = (worse @ draws.weights.T / worse.shape[1] - means[:, None]) * draws.widening
    bounds = means - np.quantile(deviation, 1.0 - level, axis=1)  # the upper ones
    bounds[0] = 0.0
    return int(np.argmin(bounds))
