"""What the voters of a council say of rows: the shared network first, then each strategy where its setup is present."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from modeling.contracts.heads import strategy_heads
from modeling.fitting.calibration import base_of
from modeling.fitting.dataset import Dataset
from modeling.fitting.forecasts import Raw
from modeling.fitting.strategies import Strategies
from traderai.common.arrays import F64, I64, Bools
from traderai.common.errors import InvariantError

GLOBAL: Final = "global"
AVERAGE: Final = "average"
META: Final = "meta"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ballots:
    """The votes on n rows, h horizons and both sides by v voters."""

    rows: I64  # (n,) of the matrix
    voters: tuple[str, ...]  # (v,) the shared network first
    logits: F64  # (v, 2, n, h) of the long and the short, what the training part knows where a voter abstains
    present: Bools  # (v, n) the voter's setup is there; the shared network always votes
    prior: F64  # (2, h) what the training part knows

    def alone(self, voter: str) -> F64:
        """Return (2, n, h): one voter's logits."""
        if voter not in self.voters:
            raise InvariantError(f"voter must be one of {', '.join(self.voters)}, was {voter!r}")
        return np.asarray(self.logits[self.voters.index(voter)])

    def average(self) -> F64:
        """Return (2, n, h): the mean logits of those that vote."""
        votes = self.present[:, None, :, None]
        return np.asarray((self.logits * votes).sum(axis=0) / votes.sum(axis=0))


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
    bases = [base_of(dataset, h=h, column=column) for h in range(len(dataset.horizons))]
    prior = np.array([[base.p_long_prior for base in bases], [base.p_short_prior for base in bases]])
    shared = np.stack([raw.p_long_logit, raw.p_short_logit])
    present = np.stack(
        [np.ones(raw.rows.size, np.bool_), *(strategies.present[name][raw.rows] for name in strategies.names)]
    )
    own = [np.stack([raw.more[head] for head in strategy_heads(name)]) for name in strategies.names]
    logits = np.where(present[:, None, :, None], np.stack([shared, *own]), prior[None, :, None, :])
    return Ballots(
        rows=raw.rows, voters=(GLOBAL, *strategies.names), logits=logits, present=present, prior=prior
    )


def voted(raw: Raw, logits: F64) -> Raw:
    """Return the network's outputs with the council's logits (2, n, h) in place of its own."""
    return replace(raw, p_long_logit=logits[0], p_short_logit=logits[1])


def simple_votes(ballots: Ballots) -> dict[str, F64]:
    """Return the logits of every way to decide that learns nothing: each voter alone, and their mean."""
    alone = {name: ballots.alone(name) for name in ballots.voters}
    return {**alone, AVERAGE: ballots.average()} if len(ballots.voters) > 1 else alone


def ways(strategies: Sequence[str]) -> tuple[str, ...]:
    """Return the names of all ways in which a council of these strategies may decide, the one it replaces first."""
    return (GLOBAL, *strategies, AVERAGE, META)
