"""Reading the ledger: the true count, days that compare, and nothing from the future."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from modeling.contracts.ledger import ExperimentDecision, TrialCount, TrialSet
from modeling.selectors.ledger import experiment_get, experiment_list, trial_counts, trials_of
from modeling.services.experiments import experiment_decide
from modeling.services.ledger import trial_record
from tests.modeling.ledger_maker import FIGURE, NOW, labels, new_trial, opened
from traderai.common.errors import InputError, NotFoundError

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=3)


def made(config: object, days: list[int], net: list[float], *, now=NOW, **changes: object) -> None:
    trial = new_trial(config, days=np.array(days), daily_net=np.array(net), **changes)
    assert trial_record(trial=trial, now=now)


def found(first_day: int, last_day: int, *, as_of=LATER) -> TrialSet:
    return trials_of(
        label_family="swing", data_family="real-1h", first_day=first_day, last_day=last_day, as_of=as_of
    )


def test_all_trials_count_and_those_that_cover_the_period_are_compared():
    made("long", [10, 11, 12, 13, 14], [0.1, 0.2, 0.3, 0.4, 0.5])
    made("exact", [11, 12, 13], [-0.1, 0.0, 0.1])
    made("late", [12, 13, 14], [0.0, 0.0, 0.1])
    made("short", [11, 12], [0.1, 0.0])
    made("other labels", [11, 12, 13], [0.1, 0.0, 0.0], labels=labels("rank_v1"))
    made("simulated", [11, 12, 13], [0.1, 0.0, 0.0], is_simulated=True)
    trials = found(11, 13)
    assert (trials.count, trials.sharpes_per_day.size, trials.days_left_out) == (4, 4, 0)
    assert trials.days.tolist() == [11, 12, 13]
    assert trials.daily_net.tolist() == [[0.2, -0.1], [0.3, 0.0], [0.4, 0.1]]
    assert len(trials.covering) == 2


def test_a_day_that_one_trial_lacks_is_left_out_and_told():
    made("whole", [11, 12, 13, 14], [0.1, 0.2, 0.3, 0.4])
    made("gap", [11, 13, 14], [-0.1, -0.3, -0.4])
    trials = found(11, 14)
    assert trials.days.tolist() == [11, 13, 14]
    assert trials.days_left_out == 1
    assert trials.daily_net.tolist() == [[0.1, -0.1], [0.3, -0.3], [0.4, -0.4]]


def test_a_trial_without_variation_counts_without_a_sharpe():
    made("idle", [11, 12], [0.0, 0.0], trades=0, net_expectancy_frac=float("nan"))
    made("busy", [11, 12], [0.1, 0.0])
    trials = found(11, 12)
    assert trials.count == 2
    assert trials.sharpes_per_day.tolist() == pytest.approx([0.05 / np.std([0.1, 0.0], ddof=1)])


def test_trials_made_later_are_not_known_yet():
    made("early", [11, 12], [0.1, 0.0])
    made("late", [11, 12], [0.2, 0.0], now=LATER)
    assert found(11, 12, as_of=NOW).count == 1
    assert found(11, 12, as_of=NOW).daily_net.shape == (2, 1)
    assert trial_counts(as_of=NOW) == (TrialCount(label_family="swing", data_family="real-1h", count=1),)
    assert trial_counts(as_of=LATER)[0].count == 2
    assert trial_counts(as_of=NOW - timedelta(days=1)) == ()


def test_without_trials_there_is_nothing_to_compare():
    trials = found(11, 12)
    assert (trials.count, trials.days.size, trials.daily_net.shape) == (0, 0, (0, 0))
    with pytest.raises(InputError, match="last_day must not be before first_day"):
        found(12, 11)


def test_a_verdict_is_not_told_before_it_was_given():
    opened("first-idea")
    opened("second-idea", now=LATER)
    decision = ExperimentDecision(verdict="confirmed", reason="Seen.", figures=(FIGURE,))
    experiment_decide(name="first-idea", decision=decision, by="oleg", now=LATER)
    before, after = experiment_list(as_of=NOW), experiment_list(as_of=LATER)
    assert [(facts.name, facts.verdict, facts.figures) for facts in before] == [("first-idea", "open", ())]
    assert [(facts.name, facts.verdict) for facts in after] == [
        ("first-idea", "confirmed"),
        ("second-idea", "open"),
    ]
    assert after[0].figures == (FIGURE,)
    assert [facts.name for facts in experiment_list(as_of=LATER, verdict="open")] == ["second-idea"]
    with pytest.raises(NotFoundError):
        experiment_get(name="second-idea", as_of=NOW)


def test_the_list_asks_the_database_as_often_for_many_as_for_one(django_assert_num_queries):
    for number in range(3):
        opened(f"idea-{number}")
    with django_assert_num_queries(3):
        assert len(experiment_list(as_of=NOW)) == 3
