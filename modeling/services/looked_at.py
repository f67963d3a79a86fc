"""Counting looks at a published version's held-out rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from modeling.contracts import ModelVersionFacts
from modeling.fitting.dataset import Dataset
from modeling.fitting.trading import Traded
from modeling.selectors.configuration import account_get, cost_model_get, policy_get
from modeling.services.judgement import recipe_of, run_of
from modeling.services.ledger import NewTrial, trial_record
from traderai.common.config import fingerprint


def looked_at_record(
    facts: ModelVersionFacts, dataset: Dataset, result: Traded, *, asked: Sequence[object], now: datetime
) -> bool:
    """Count what a version's held-out rows were asked, with what an account made of it; whether it is a new trial.

    `asked` is all that decides the result besides the version, its dataset and today's policy, account and costs.
    """
    run, trades = run_of(facts), result.simulation.trades
    decided_by = [policy_get(), account_get(), cost_model_get()]
    new = NewTrial(
        kind="backtest", recipe=facts.recipe, is_simulated=facts.is_simulated, run_id=run.pk,
        labels=recipe_of(run).labels(),
        config_sha256=fingerprint([facts.manifest_sha256, *asked, *map(fingerprint, decided_by)]),
        data_sha256=dataset.sha256, days=result.simulation.daily.day, daily_net=result.daily_net, trades=len(trades),
        net_expectancy_frac=trades.mean_net_frac,
    )  # fmt: skip
    return trial_record(trial=new, now=now)
