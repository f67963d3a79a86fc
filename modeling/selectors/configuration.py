"""The configuration of labels, costs, the policy and the gate; reads YAML alone, so the web may use it.

`traderai.common.config.fingerprint` of what these return is stored with everything made from it.
"""

from __future__ import annotations

from modeling.contracts import CostModel, GateConfig, LabelSet, PolicyConfig
from traderai.common.config import config_path, load_config, load_yaml, parse
from traderai.common.errors import InputError, NotFoundError, did_you_mean

LABEL_SETS_FILE = "label_sets.yaml"
POLICY_FILE = "policy.yaml"
COSTS_FILE = "costs.yaml"
GATE_FILE = "gate.yaml"


def label_set_names() -> tuple[str, ...]:
    """Return the names of the configured label sets, in the order of the file."""
    return tuple(str(name) for name in load_yaml(LABEL_SETS_FILE))


def label_set_get(*, name: str) -> LabelSet:
    """Return the label set `name`, fully checked; an unknown one is a NotFoundError `unknown_label_set`."""
    content = load_yaml(LABEL_SETS_FILE)
    if name not in content:
        known = [str(key) for key in content]
        raise NotFoundError(
            f"no label set {name!r}{did_you_mean(name, known)}; known: {', '.join(known)}",
            code="unknown_label_set",
            field="label_set",
        )
    where = f"{config_path(LABEL_SETS_FILE)}: {name}"
    body = content[name]
    if not isinstance(body, dict):
        raise InputError(f"{where}: must be a mapping, was {body!r}")
    if "name" in body:
        raise InputError(f"{where}: the key 'name' is the entry's own name; remove it")
    label_set: LabelSet = parse({**body, "name": name}, LabelSet, where=where)
    return label_set


def cost_model_get() -> CostModel:
    """Return what a trade costs; a sum of zero is refused."""
    return load_config(COSTS_FILE, CostModel)


def policy_get() -> PolicyConfig:
    """Return the policy together with the costs it reckons with."""
    content = load_yaml(POLICY_FILE)
    where = str(config_path(POLICY_FILE))
    if "costs" in content:
        raise InputError(f"{where}: costs stand in {COSTS_FILE}; move them there")
    costs = load_yaml(COSTS_FILE)
    cost_model_get()  # so that a wrong cost is reported with its own file's name
    policy: PolicyConfig = parse({**content, "costs": costs}, PolicyConfig, where=where)
    return policy


def gate_get() -> GateConfig:
    """Return what the gate asks of a candidate."""
    return load_config(GATE_FILE, GateConfig)
