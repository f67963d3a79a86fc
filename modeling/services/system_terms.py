"""What decides an earlier system besides its data: how it trades, and the fingerprint of all its configuration."""

from __future__ import annotations

from features.selectors.catalogue import feature_set_get
from modeling.fitting.trading import account_rules
from modeling.selectors.configuration import account_get, cost_model_get, policy_get
from modeling.systems.recipe import SystemRecipe
from modeling.systems.trading import Trader
from traderai.common.config import fingerprint


def system_trader(plan: SystemRecipe) -> Trader:
    """Return how a recipe's scores are traded: the configured account, costs and limits, the recipe's cut."""
    account = account_rules(account_get(), cost_model_get())
    return Trader(account=account, cut=plan.cut, max_turnover_frac=policy_get().max_turnover_frac)


def system_config_sha(plan: SystemRecipe) -> str:
    """Return the fingerprint of everything configured that decides a system's figures."""
    policy = policy_get()
    return fingerprint(
        [fingerprint(plan), fingerprint(plan.labels()), fingerprint(account_get()), fingerprint(cost_model_get()),
         policy.max_turnover_frac, policy.strength_cuts, feature_set_get(name=plan.feature_set).sha]
    )  # fmt: skip
