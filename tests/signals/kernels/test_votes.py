"""The calls of a council's members beside what they would need."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from modeling.contracts import Vote
from signals.kernels.votes import shown_votes


def payload(**changes: object) -> dict:
    votes = [
        Vote(voter="global", present=True, p_long=0.41, p_short=0.40, long_effect=0.2, short_effect=-0.1),
        Vote(voter="trend", present=True, p_long=0.39, p_short=0.46, long_effect=0.0, short_effect=0.3),
        Vote(voter="news", present=False, p_long=0.60, p_short=0.60, long_effect=0.0, short_effect=0.0),
        Vote(voter="volatility", present=True, p_long=0.2, p_short=0.2, long_effect=-0.4, short_effect=0.0),
    ]
    plain = {
        "prediction": {"votes": [asdict(vote) for vote in votes]},
        "break_even": {"long": 0.40, "short": 0.42},
        "decision": {"side": "long"},
    }
    return plain | changes


def test_each_member_calls_by_its_own_probabilities():
    found = shown_votes(payload())
    assert [(vote["strategy"], vote["action"]) for vote in found] == [
        ("global", "BUY"), ("trend", "SELL"), ("news", "NO_TRADE"), ("volatility", "HOLD"),
    ]  # fmt: skip
    assert [vote["weight"] for vote in found] == [0.2, 0.0, 0.0, -0.4]
    assert [vote["reasons"] for vote in found] == [(), (), ("setup_absent",), ()]
    short = shown_votes(payload(decision={"side": "short"}))
    assert [vote["weight"] for vote in short] == [-0.1, 0.3, 0.0, 0.0]


@pytest.mark.parametrize(
    "changes",
    [
        {"prediction": None},
        {"break_even": None},
        {"decision": {"side": None}},
        {"prediction": {"p_long": 0.4}},
    ],
)
def test_without_figures_or_a_council_nothing_is_shown(changes):
    assert shown_votes(payload(**changes)) == ()
