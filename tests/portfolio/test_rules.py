"""portfolio.yaml is checked whole: what makes no sense is refused with its key."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from portfolio.risk_contracts import PROFILES
from portfolio.selectors.rules import portfolio_rules_get
from traderai.accounts.models import User
from traderai.common.config import PACKAGED_DIR
from traderai.common.errors import InputError


def test_the_packaged_rules_hold():
    rules = portfolio_rules_get()
    assert set(rules.profiles) == set(PROFILES) == set(User.RiskProfile.values)
    limits = [rules.profiles[name] for name in PROFILES]
    for name in ("share_frac", "sector_frac", "gross_frac", "short_frac", "exit_days"):
        values = [getattr(profile, name) for profile in limits]
        assert values == sorted(values), f"a bolder profile allows no less {name}"
    assert [spell.name for spell in rules.stress] == ["2022-02-24", "2022-09-21", "2020-03", "2014-12"]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"history_day": 1}, "did you mean 'history_days'"),
        ({"min_history_days": 50}, "at least 100"),
        ({"exit_participation_frac": 0.0}, "exit_participation_frac"),
        ({"max_positions": 0}, "max_positions"),
        ({"correlated_from": 1.5}, "correlated_from"),
        ({"stress": [{"name": "x", "after": "2022-02-24", "until": "2022-02-22"}]}, "stress"),
        ({"swaps": {"min_gain_of_cost_times": 0.5, "min_confidence": 65}}, "must pay its costs"),
        ({"profiles": {}}, "profiles must be exactly"),
        ({"profiles/bold/share_frac": 0.0}, "share_frac"),
        ({"profiles/bold/cash_frac": 1.0}, "cash_frac"),
        ({"profiles/bold/volatility_annual_frac": -0.1}, "volatility_annual_frac"),
    ],
)
def test_what_makes_no_sense_is_refused(changed: dict[str, Any], words: str, tmp_path, monkeypatch):
    content = yaml.safe_load((PACKAGED_DIR / "portfolio.yaml").read_text(encoding="utf-8"))
    for path, value in changed.items():
        *parents, last = path.split("/")
        place = content
        for name in parents:
            place = place[name]
        place[last] = value
    (tmp_path / "portfolio.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    monkeypatch.setenv("TRADERAI_CONFIG_DIR", str(tmp_path))
    with pytest.raises(InputError, match=words):
        portfolio_rules_get()
