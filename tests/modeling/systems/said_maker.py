"""Words of small trainings on simulated shares."""

from __future__ import annotations

from functools import cache
from typing import Any

from modeling.fitting.trading import account_rules
from modeling.selectors.configuration import account_get, cost_model_get
from modeling.systems.said import system_said_file
from modeling.systems.said_file import SaidFile
from modeling.systems.system import system_found
from modeling.systems.trading import Trader
from tests.modeling.systems.maker import parted, plan
from tests.modeling.systems.test_estimators import SMALL


@cache
def said_file(name: str, **options: Any) -> SaidFile:
    """Return what a small training of a recipe said of its simulated test part."""
    own, rows = plan(name, **SMALL[name]), parted(**options)
    account = account_rules(account_get(), cost_model_get())
    trader = Trader(account=account, cut=own.cut, max_turnover_frac=0.1)
    found = system_found(own, rows, trader, seed=1, threads=1, say=lambda *_: None)
    return system_said_file(own, rows, trader, (found.said, *found.others), is_simulated=True)
