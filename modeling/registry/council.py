"""The council of a version: from its network's outputs and the last bars to one decision and the votes behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from modeling.contracts import QUANTILE_LEVELS
from modeling.contracts.council import AVERAGE, META, CouncilRules
from modeling.contracts.heads import strategy_heads
from modeling.kernels.aggregator import SIDES, VotedOn, meta_design, meta_effects, meta_logits
from modeling.kernels.ballots import Ballots, setup_present
from modeling.registry.outputs import Outputs
from traderai.common.arrays import F32, F64, I64
from traderai.common.errors import InvariantError

_MEDIAN = QUANTILE_LEVELS.index(0.50)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seated:
    """A council's decision on n rows at one horizon."""

    outputs: Outputs  # the network's, with the decision as its two sides
    ballots: Ballots  # of this horizon alone
    effects: F64  # (v, 2, n) what each voter adds to the decision's logits


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Council:
    """A council's rules over the columns of what it reads."""

    rules: CouncilRules
    columns: dict[str, int]  # of the last bars, by feature

    @classmethod
    def over(cls, rules: CouncilRules, features: Sequence[str]) -> Council:
        """Return the council that reads these features; one that lacks its own is an InvariantError."""
        context = rules.context
        wanted = {own.feature for own in rules.setups} | {*context.regime_features}
        wanted |= {context.volatility_feature, context.liquidity_feature}
        if missing := sorted(wanted - set(features)):
            raise InvariantError(
                f"the council reads {', '.join(missing)}, which the version's features lack; train it again"
            )
        return cls(rules=rules, columns={name: place for place, name in enumerate(features)})

    def seat(self, outputs: Outputs, last_bars: F32, horizon: str) -> Seated:
        """Return the decision on rows at one horizon; `last_bars` (n, k) are raw features."""
        ballots = self._ballots(outputs, last_bars, horizon)
        joined, effects = self._joined(ballots, outputs, last_bars, horizon)
        decided = replace(outputs, p_long_logit=joined[0], p_short_logit=joined[1])
        return Seated(outputs=decided, ballots=ballots, effects=effects)

    def _ballots(self, outputs: Outputs, last_bars: F32, horizon: str) -> Ballots:
        shared = np.stack([outputs.p_long_logit, outputs.p_short_logit])
        own = [
            np.stack([outputs.of(head) for head in strategy_heads(setup.strategy)])
            for setup in self.rules.setups
        ]
        return Ballots.cast(
            rows=np.arange(last_bars.shape[0], dtype=np.int64),
            voters=self.rules.voters,
            said=np.stack([shared, *own])[..., None],
            setups=[
                setup_present(
                    last_bars[:, self.columns[setup.feature]], bounds=setup.bounds, not_zero=setup.not_zero
                )
                for setup in self.rules.setups
            ],
            prior=next(
                np.array([[own.long], [own.short]]) for own in self.rules.priors if own.horizon == horizon
            ),
        )

    def _joined(self, ballots: Ballots, outputs: Outputs, last_bars: F32, horizon: str) -> tuple[F64, F64]:
        """Return the decision (2, n) and what each voter adds to it (v, 2, n)."""
        beyond = (ballots.logits - ballots.prior[None, :, None, :])[..., 0]
        if self.rules.way == META:
            return self._aggregated(ballots, outputs, last_bars, horizon)
        if self.rules.way == AVERAGE:
            votes = ballots.present[:, None, :]
            return ballots.average()[..., 0], beyond * votes / votes.sum(axis=0)
        effects = np.zeros_like(beyond)
        place = ballots.place(self.rules.way)
        effects[place] = beyond[place]
        return ballots.alone(self.rules.way)[..., 0], effects

    def _aggregated(
        self, ballots: Ballots, outputs: Outputs, last_bars: F32, horizon: str
    ) -> tuple[F64, F64]:
        meta = self.rules.meta
        if meta is None:
            raise InvariantError("the council decides by an aggregator that it does not have; train it again")
        horizons = [own.horizon for own in self.rules.priors]
        on = VotedOn.read(
            median_return=outputs.return_quantiles[:, _MEDIAN],
            volatility=outputs.volatility,
            last_bars=last_bars,
            columns=self.columns,
            context=self.rules.context,
        )
        x = meta_design(ballots, on, at=0, horizon=horizons.index(horizon), horizons=len(horizons))
        effects = np.empty((len(ballots.voters), 2, last_bars.shape[0]))
        for place, side in enumerate(SIDES):
            added = meta_effects(x, meta, side)
            for voter, name in enumerate(ballots.voters):
                effects[voter, place] = added[:, _of_voter(meta.columns, name)].sum(axis=1)
        return meta_logits(x, meta), effects


def _of_voter(columns: Sequence[str], name: str) -> I64:
    own = {f"{name} long", f"{name} short", f"{name} present"}
    return np.array([place for place, column in enumerate(columns) if column in own], dtype=np.int64)
