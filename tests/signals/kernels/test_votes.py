"""The calls of a council's members beside what they would need."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from modeling.contracts import Excursions, Vote
from modeling.contracts.order_levels import LevelPair, NetByEdge, OrderLevels
from signals.kernels.votes import shown_votes, suggested_levels
from tests.modeling.kernels.policy_maker import market, policy, prediction


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


def test_members_suggest_the_versions_levels_for_their_own_side():
    pays = NetByEdge(trades=99, knots=(0.0, 0.05), net_r=(-0.1, 0.3), low_r=(-0.2, 0.1), high_r=(0.0, 0.5))
    own = OrderLevels(
        pair=LevelPair(take_profit=0.75, stop_loss=0.25), clip=(0.5, 2.0), long=pays, short=pays
    )
    rise, fall = (
        (0.001, 0.002, 0.005, 0.01, 0.05, 0.06, 0.07),
        (-0.07, -0.06, -0.03, -0.01, -0.005, -0.002, 0.0),
    )
    moves = Excursions(long_mfe=rise, long_mae=fall, short_mfe=rise, short_mae=fall)
    votes = tuple(Vote(**vote) for vote in payload()["prediction"]["votes"])
    said, even = prediction(votes=votes, excursions=moves), payload()["break_even"]
    found = suggested_levels(said, even, market(close_rub=100.0), policy(order_levels=own), 0.002)
    # An edge of one point is not expected to pay, one of four is; the others call for nothing.
    assert found == (None, {"take_profit": 95.0, "stop_loss": 103.0}, None, None)
    shown = shown_votes(payload(suggested_levels=list(found)))
    assert [(vote["take_profit"], vote["stop_loss"]) for vote in shown] == [
        (None, None), (95.0, 103.0), (None, None), (None, None),
    ]  # fmt: skip
    assert suggested_levels(said, even, market(), policy(), 0.002) == (None,) * 4
    assert shown_votes(payload())[1]["take_profit"] is None


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
