"""What the voters of a council say of a dataset's rows: the shared network first, then strategies where their setup is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from modeling.contracts.council import AVERAGE, GLOBAL, META, META_RANK, CouncilRules
from modeling.contracts.heads import strategy_heads
from modeling.fitting.calibration import base_of
from modeling.fitting.dataset import Dataset
from modeling.fitting.forecasts import Raw
from modeling.fitting.strategies import Strategies
from modeling.kernels.ballots import Ballots
from modeling.registry.council import Council
from traderai.common.arrays import F64
from traderai.common.config import fingerprint
from traderai.common.errors import InvariantError


def ballots_of(raw: Raw, dataset: Dataset, strategies: Strategies, *, column: int) -> Ballots:
    """Return the votes in a network's outputs; a strategy without heads there is an InvariantError.

    `dataset` is the one that the network was fitted on, `column` the feature of recent volatility.
    """
    if missing := [
        head for name in strategies.names for head in strategy_heads(name) if head not in raw.more
    ]:
        raise InvariantError(
            f"the network must have the heads {', '.join(missing)}; train it with its council"
        )
    shared = np.stack([raw.p_long_logit, raw.p_short_logit])
    own = [np.stack([raw.more[head] for head in strategy_heads(name)]) for name in strategies.names]
    return Ballots.cast(
        rows=raw.rows,
        voters=(GLOBAL, *strategies.names),
        said=np.stack([shared, *own]),
        setups=[strategies.present[name][raw.rows] for name in strategies.names],
        prior=prior_of(dataset, column=column),
    )


def prior_of(dataset: Dataset, *, column: int) -> F64:
    """Return (2, h): the logits of long and short that the training part knows."""
    bases = [base_of(dataset, h=h, column=column) for h in range(len(dataset.horizons))]
    return np.array([[base.p_long_prior for base in bases], [base.p_short_prior for base in bases]])


def voted(raw: Raw, logits: F64) -> Raw:
    """Return the network's outputs with the council's logits (2, n, h) in place of its own."""
    return replace(raw, p_long_logit=logits[0], p_short_logit=logits[1])


def decided(raw: Raw, dataset: Dataset, rules: CouncilRules) -> Raw:
    """Return the network's outputs with the decision that a published council makes of them."""
    council, last_bars = Council.over(rules, dataset.last_bar_names), dataset.last_bars(raw.rows)
    by_horizon = [
        council.seat(raw.at(h), last_bars, horizon).outputs for h, horizon in enumerate(dataset.horizons)
    ]
    logits = np.stack([np.stack([own.p_long_logit, own.p_short_logit]) for own in by_horizon], axis=2)
    said = voted(raw, logits)
    model = f"{raw.provenance.model}:{fingerprint(rules)}"
    return replace(said, provenance=replace(raw.provenance, model=model))


def simple_votes(ballots: Ballots) -> dict[str, F64]:
    """Return the logits of every way to decide that learns nothing: each voter alone, and their mean."""
    alone = {name: ballots.alone(name) for name in ballots.voters}
    return {**alone, AVERAGE: ballots.average()} if len(ballots.voters) > 1 else alone


def ways(strategies: Sequence[str], *, ranked: bool) -> tuple[str, ...]:
    """Return the names of all ways in which a council of these strategies may decide, the one it replaces first.

    `ranked`: there are daily ranks, which an aggregator of its own reads.
    """
    return (GLOBAL, *strategies, AVERAGE, META, *((META_RANK,) if ranked else ()))
