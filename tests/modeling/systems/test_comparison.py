"""Runs are compared on what all have and on nothing else; what cannot be compared is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from modeling.fitting.report_page import page_html
from modeling.systems.comparison import ComparedRun, ComparisonConfig, compared
from modeling.systems.comparison_lines import comparison_lines
from modeling.systems.comparison_page import comparison_page
from modeling.systems.said_file import SaidFile
from tests.modeling.systems.said_maker import said_file
from traderai.common.errors import InputError

FEW = ComparisonConfig(resamples=200)


def told(**runs: SaidFile):
    return compared([ComparedRun(version=name, said=said) for name, said in runs.items()], FEW)


def only(said: SaidFile, keep: np.ndarray) -> SaidFile:
    """Return what was said of some rows alone."""
    rows = {name: getattr(said, name)[keep] for name in ("secid", "horizon", "decision_s", "label")}
    speakers = tuple(replace(own, scores=own.scores[keep], side=own.side[keep]) for own in said.speakers)
    return replace(said, **rows, speakers=speakers)


def test_equal_runs_differ_by_nothing():
    own = said_file("xgboost", planted=True)
    found = told(a=own, b=own)
    (rows,) = found["rows"]
    zero = {"value": 0.0, "low": 0.0, "high": 0.0}
    assert rows["against_first_run"]["b"] == {"log_loss_gain": zero, "accuracy_gain": zero}
    assert found["trading"]["daily_gain_against_first_run"]["b"] == zero
    assert rows["figures"]["a"] == rows["figures"]["b"]
    # What both had to beat is the same and stands once.
    assert set(rows["figures"]) == {"a", "b", "base rate", "last move", "logistic regression"}
    assert "no difference proven" in "\n".join(comparison_lines(found))


def test_the_figures_of_a_training_come_back_where_all_rows_are_common():
    one, other = said_file("xgboost", planted=True), said_file("random_forest", planted=True)
    found = told(a=one, b=other)
    (rows,) = found["rows"]
    right = one.speakers[0].scores.argmax(axis=1) == one.label
    assert rows["figures"]["a"]["accuracy"]["value"] == pytest.approx(right.mean())
    account = np.prod(1.0 + one.speakers[0].booked.daily_net) - 1.0
    assert found["trading"]["figures"]["a"]["net_total_frac"] == pytest.approx(account)
    assert found["trading"]["accounts"] == "whole"
    text = "\n".join(comparison_lines(found))
    assert "SIMULATED" in text
    assert "a, b on the same" in text
    assert page_html(comparison_page(found)).count("<table>") == 4


def test_rows_of_one_run_only_are_not_compared():
    own = said_file("xgboost", planted=True)
    keep = np.arange(own.label.size) % 3 > 0
    spoiled = own.speakers[0].scores.copy()
    spoiled[~keep] = [1.0, 0.0]  # what is said of other rows must not count
    other = replace(own, speakers=(replace(own.speakers[0], scores=spoiled), *own.speakers[1:]))
    found = told(few=only(own, keep), many=other)
    (rows,) = found["rows"]
    assert rows["rows"] == keep.sum()
    assert rows["left_out"] == {"few": 0, "many": int((~keep).sum())}
    assert rows["figures"]["few"] == rows["figures"]["many"]
    # The guard can fail: on the rows of both alone the two are the same, on all they are not.
    assert not np.array_equal(spoiled, own.speakers[0].scores)
    assert f"{(~keep).sum():,} rows only of many" in "\n".join(comparison_lines(found))


def test_rows_are_found_by_share_and_moment_whatever_their_order():
    own = said_file("xgboost", planted=True)
    names = tuple(reversed(own.secids))
    turned = replace(
        only(own, np.arange(own.label.size)[::-1]), secids=names, secid=len(names) - 1 - own.secid[::-1]
    )
    (rows,) = told(a=own, b=turned)["rows"]
    assert rows["rows"] == own.label.size
    assert rows["figures"]["a"] == rows["figures"]["b"]


def test_other_shares_leave_the_trades_of_the_common_ones():
    own = said_file("xgboost", planted=True)
    renamed = replace(own, secids=("OTHER", *own.secids[1:]))
    found = told(a=own, b=renamed)["trading"]
    assert found["accounts"] == "trades of common shares"
    assert found["shares"] == sorted(own.secids[1:])
    booked = own.speakers[0].booked
    assert found["figures"]["a"]["trades"] == int((booked.trade_secid > 0).sum())
    assert found["daily_gain_against_first_run"]["b"]["value"] == 0.0


def test_other_timeframes_are_compared_by_trades_on_common_days():
    own = said_file("xgboost", planted=True)
    late = own.days.size // 2
    shorter = [
        replace(each, booked=replace(each.booked, daily_net=each.booked.daily_net[late:]))
        for each in own.speakers
    ]
    other = replace(own, timeframe="1d", days=own.days[late:], speakers=tuple(shorter))
    found = told(a=own, b=other)
    assert [group["versions"] for group in found["rows"]] == [["a"], ["b"]]
    assert found["trading"]["days"] == own.days.size - late
    assert found["trading"]["daily_gain_against_first_run"]["b"]["value"] == pytest.approx(0.0, abs=1e-12)


def test_a_day_that_others_lack_counts_to_the_next_one():
    own = said_file("xgboost", planted=True)
    gone = own.days.size // 2
    keep = np.arange(own.days.size) != gone
    lacking = [
        replace(each, booked=replace(each.booked, daily_net=each.booked.daily_net[keep]))
        for each in own.speakers
    ]
    other = replace(own, days=own.days[keep], speakers=tuple(lacking))
    found = told(a=own, b=other)["trading"]
    account = np.prod(1.0 + own.speakers[0].booked.daily_net) - 1.0
    assert found["figures"]["a"]["net_total_frac"] == pytest.approx(account)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"account": "slippage"}, "same costs, differ in costs"),
        ({"days": "later"}, "at least 2 trading days in common"),
        ({"is_simulated": False}, "both be of real or both of simulated"),
        ({"secids": ("X", "Y", "Z")}, "no share in common"),
        ({"label": "flipped"}, "have another label"),
    ],
)
def test_what_cannot_be_compared_is_refused(change, message):
    own = said_file("xgboost", planted=True)
    costs = {**own.account["costs"], "slippage_bp": 99.0}
    changes = {
        "slippage": {"account": {**own.account, "costs": costs}},
        "later": {"days": own.days + 100_000},
        "flipped": {"label": 1 - own.label},
    }
    (value,) = change.values()
    other = replace(own, **(changes[value] if isinstance(value, str) else change))
    with pytest.raises(InputError, match=message):
        told(a=own, b=other)


def test_one_run_alone_is_no_comparison():
    own = said_file("xgboost", planted=True)
    with pytest.raises(InputError, match="at least two different"):
        told(a=own)
