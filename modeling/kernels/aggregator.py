"""What a meta-aggregator reads of votes and their context, and what it makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from modeling.contracts.council import MetaAggregator, VoteContext
from modeling.kernels.ballots import Ballots
from traderai.common.arrays import F32, F64

SIDES = ("p_long", "p_short")
_MOST = 6.0  # of a context figure in standard deviations
_LEAST_VOLATILITY = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VotedOn:
    """What is known of n rows besides the votes; nothing of it is known after the row."""

    median_return: F64  # (n,) the network's, over the horizon
    volatility: F64  # (n,) the network's, over the horizon
    recent_volatility: F64  # (n,) of a bar
    liquidity: F64  # (n,)
    regimes: F64  # (n, r)
    ranks: F64  # (n, q) NaN where not known

    @classmethod
    def read(
        cls,
        *,
        median_return: F64,
        volatility: F64,
        last_bars: F32,
        columns: Mapping[str, int],
        context: VoteContext,
    ) -> VotedOn:
        """Return it from what a network says (n,) and the raw features of the last bars (n, k).

        A rank without a column is not known of any row: no ranker serves.
        """

        def feature(name: str) -> F64:
            return last_bars[:, columns[name]].astype(np.float64)

        def side_by_side(found: Sequence[F64]) -> F64:
            return np.stack(found, axis=1) if found else np.zeros((last_bars.shape[0], 0))

        unknown = np.full(last_bars.shape[0], np.nan)
        return cls(
            median_return=median_return,
            volatility=volatility,
            recent_volatility=feature(context.volatility_feature),
            liquidity=feature(context.liquidity_feature),
            regimes=side_by_side([feature(name) for name in context.regime_features]),
            ranks=side_by_side(
                [feature(name) if name in columns else unknown for name in context.rank_features]
            ),
        )


def meta_columns(voters: Sequence[str], context: VoteContext, horizons: Sequence[str]) -> tuple[str, ...]:
    """Return the names of what `meta_design` gives."""
    votes = [f"{name} {side}" for name in voters for side in ("long", "short")]
    setups = [f"{name} present" for name in voters[1:]]
    known = ("median return", "volatility", "liquidity", *context.regime_features, *context.rank_features)
    return (*votes, *setups, *known, *horizons)


def meta_design(ballots: Ballots, on: VotedOn, *, at: int, horizon: int, horizons: int) -> F64:
    """Return what an aggregator reads of each row at one horizon.

    An abstention is what the training part knows: nothing beyond it.

    Shapes: votes (v, 2, n, h), of which the horizon stands at place `at`; returns (n, d) as `meta_columns` names it,
            `horizon` of `horizons` marked.
    NaN:    a missing context figure stays missing.
    Causal: reads each row alone.
    """
    votes = [logits[side, :, at] - ballots.prior[side, at] for logits in ballots.logits for side in range(2)]
    volatility = np.maximum(on.volatility, _LEAST_VOLATILITY)
    context = [
        on.median_return / volatility,
        np.log(volatility / np.maximum(on.recent_volatility, _LEAST_VOLATILITY)),
        on.liquidity,
        *on.regimes.T,
        *on.ranks.T,
        *(np.full(ballots.rows.size, float(horizon == own)) for own in range(horizons)),
    ]
    return np.stack([*votes, *ballots.present[1:], *context], axis=1).astype(np.float64)


def meta_scaled(x: F64, mean: F64, std: F64) -> F64:
    """Return x in standard deviations, at most 6.

    Shapes: x (n, d); mean, std (d,); returns (n, d).
    NaN:    what is missing counts as the mean.
    Causal: reads each row alone.
    """
    return np.asarray(np.nan_to_num(np.clip((x - mean) / std, -_MOST, _MOST)))


def meta_effects(x: F64, meta: MetaAggregator, side: str) -> F64:
    """Return what each column adds to the side's logit beyond the intercept.

    Shapes: x (n, d); returns (n, d).
    NaN:    what is missing adds nothing.
    Causal: reads each row alone.
    """
    scaled = meta_scaled(x, np.array(meta.mean), np.array(meta.std))
    return np.asarray(scaled * np.array(meta.sides[side].coefficients))


def meta_logits(x: F64, meta: MetaAggregator) -> F64:
    """Return the logits of long and short on rows that taught the aggregator nothing.

    Shapes: x (n, d) of `meta_design`; returns (2, n).
    NaN:    what is missing counts as the mean.
    Causal: reads each row alone.
    """
    return np.stack([meta_effects(x, meta, side).sum(axis=1) + meta.sides[side].intercept for side in SIDES])
