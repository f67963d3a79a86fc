"""The configuration of costs, policy, gate, registry, drift and retraining; reads YAML alone, so the web may use it.

`traderai.common.config.fingerprint` of what these return is stored with everything made from it.
"""

from __future__ import annotations

from collections.abc import Hashable
from functools import lru_cache

from modeling.contracts import AccountConfig, CostModel, GateConfig, PolicyConfig
from modeling.contracts.drift import DriftConfig
from modeling.contracts.retraining import RetrainingConfig
from modeling.contracts.shadow import RegistryConfig
from traderai.common.config import config_path, config_stamp, load_config, load_yaml, parse
from traderai.common.errors import InputError

POLICY_FILE = "policy.yaml"
COSTS_FILE = "costs.yaml"
GATE_FILE = "gate.yaml"
ACCOUNT_FILE = "account.yaml"
DRIFT_FILE = "drift.yaml"
RETRAINING_FILE = "retraining.yaml"
REGISTRY_FILE = "registry.yaml"


def cost_model_get() -> CostModel:
    """Return what a trade costs; a sum of zero is refused."""
    return load_config(COSTS_FILE, CostModel)


def policy_get() -> PolicyConfig:
    """Return the policy together with the costs it reckons with; unchanged files give the same one."""
    return _policy_of(config_stamp(POLICY_FILE, COSTS_FILE))


@lru_cache(maxsize=8)
def _policy_of(_stamp: Hashable) -> PolicyConfig:
    content = load_yaml(POLICY_FILE)
    where = str(config_path(POLICY_FILE))
    if "costs" in content:
        raise InputError(f"{where}: costs stand in {COSTS_FILE}; move them there")
    if learned := sorted({"filters", "order_levels"} & set(content)):
        raise InputError(
            f"{where}: {' and '.join(learned)} are learned by each version; a recipe says how, take them out here"
        )
    costs = load_yaml(COSTS_FILE)
    cost_model_get()  # so that a wrong cost is reported with its own file's name
    policy: PolicyConfig = parse({**content, "costs": costs}, PolicyConfig, where=where)
    return policy


def account_get() -> AccountConfig:
    """Return the account in which held-out trades are simulated."""
    return load_config(ACCOUNT_FILE, AccountConfig)


def gate_get() -> GateConfig:
    """Return what the gate asks of a candidate."""
    return load_config(GATE_FILE, GateConfig)


def drift_config_get() -> DriftConfig:
    """Return what a version in service is held against."""
    return load_config(DRIFT_FILE, DriftConfig)


def retraining_config_get() -> RetrainingConfig:
    """Return what is trained anew by the calendar."""
    return load_config(RETRAINING_FILE, RetrainingConfig)


def registry_config_get() -> RegistryConfig:
    """Return how a version that passed its gate comes into service."""
    return load_config(REGISTRY_FILE, RegistryConfig)
