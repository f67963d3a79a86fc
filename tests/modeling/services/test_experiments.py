"""Hypotheses: written down first, decided once, with a reason and figures that can be checked."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import IntegrityError

from modeling.contracts.ledger import ExperimentDecision, HeadlineFigure
from modeling.models import Experiment, TrainingRun, Trial
from modeling.services.experiments import experiment_decide, experiment_open
from modeling.services.ledger import trial_record
from tests.modeling.ledger_maker import FIGURE, NOW, WORDS, new_trial, opened
from traderai.common.errors import ConflictError, InputError, NotFoundError

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=3)
REJECTED = ExperimentDecision(verdict="rejected", reason="No fold was better.")


def test_a_hypothesis_is_opened_and_repeating_changes_nothing():
    facts = opened()
    assert (facts.verdict, facts.started_on, facts.opened_by) == ("open", date(2025, 1, 10), "vera")
    assert opened(now=LATER) == facts
    assert Experiment.objects.count() == 1


def test_the_words_of_a_hypothesis_do_not_change():
    opened()
    with pytest.raises(ConflictError, match="with other words"):
        experiment_open(
            name="network-beats-base", hypothesis="It does not.", seen_if_true="x", by="vera", now=LATER
        )
    assert Experiment.objects.get().hypothesis == WORDS["hypothesis"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "Two Words"}, "hyphens"),
        ({"name": "a" * 81}, "up to 80"),
        ({"hypothesis": " "}, "hypothesis must not be empty"),
        ({"seen_if_true": ""}, "seen_if_true must not be empty"),
        ({"by": ""}, "by must not be empty"),
    ],
)
def test_half_a_hypothesis_is_refused(change: dict[str, str], said: str):
    with pytest.raises(InputError, match=said):
        experiment_open(**({"name": "x", "by": "vera", "now": NOW} | WORDS | change))
    assert not Experiment.objects.exists()


def test_a_decision_is_signed_and_links_its_runs_and_trials():
    opened()
    run = TrainingRun.objects.create(
        recipe="r", config_sha256="c", code_sha256="c", seed=0, as_of=NOW, started_at=NOW, state="running"
    )
    trial_record(trial=new_trial(1, run_id=run.pk), now=NOW)
    trial_record(trial=new_trial(2), now=NOW)
    trial_record(trial=new_trial(3), now=NOW)
    of_run, alone, _ = Trial.objects.order_by("pk")
    decision = ExperimentDecision(
        verdict="confirmed",
        reason="Lower in all folds.",
        figures=(FIGURE,),
        run_ids=(run.pk,),
        trial_ids=(alone.pk,),
    )
    facts = experiment_decide(name="network-beats-base", decision=decision, by="oleg", now=LATER)
    assert (facts.verdict, facts.decided_by, facts.decided_on) == ("confirmed", "oleg", date(2025, 1, 13))
    assert (facts.figures, facts.run_ids, facts.trial_ids) == ((FIGURE,), (run.pk,), (of_run.pk, alone.pk))


def test_a_decided_one_is_not_rewritten():
    opened()
    experiment_decide(name="network-beats-base", decision=REJECTED, by="oleg", now=NOW)
    wish = ExperimentDecision(verdict="confirmed", reason="It must.", figures=(FIGURE,))
    for again in (wish, REJECTED):
        with pytest.raises(
            ConflictError, match=r"was decided on 2025-01-10 \(rejected\) and is not rewritten"
        ):
            experiment_decide(name="network-beats-base", decision=again, by="oleg", now=LATER)
    row = Experiment.objects.get()
    assert (row.verdict, row.reason, row.figures) == ("rejected", "No fold was better.", [])


@pytest.mark.parametrize(
    ("change", "said"),
    [({"run_ids": (7,)}, "no training run with id 7"), ({"trial_ids": (8, 9)}, "no trial with id 8, 9")],
)
def test_unknown_runs_and_trials_leave_it_open(change: dict[str, object], said: str):
    opened()
    decision = ExperimentDecision(verdict="rejected", reason="No.", **change)
    with pytest.raises(NotFoundError, match=said):
        experiment_decide(name="network-beats-base", decision=decision, by="oleg", now=NOW)
    assert Experiment.objects.get().verdict == "open"


def test_an_unknown_experiment_and_a_nameless_judge():
    opened()
    with pytest.raises(NotFoundError, match="did you mean 'network-beats-base'"):
        experiment_decide(name="network-beat-base", decision=REJECTED, by="oleg", now=NOW)
    with pytest.raises(InputError, match="who decides"):
        experiment_decide(name="network-beats-base", decision=REJECTED, by=" ", now=NOW)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"verdict": "rejected", "reason": " "}, "needs its reason"),
        ({"verdict": "confirmed", "reason": "Yes."}, "at least one figure"),
        ({"verdict": "rejected", "reason": "No.", "figures": (FIGURE, FIGURE)}, "named once"),
    ],
)
def test_a_decision_says_why_and_by_what(fields: dict[str, object], said: str):
    with pytest.raises(ValueError, match=said):
        ExperimentDecision(**fields)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": ""}, "needs a name"),
        ({"low": float("nan")}, "finite"),
        ({"low": 5.0}, "between low and high"),
        ({"level": 95.0}, "level must lie"),
        ({"trades": -1}, "not be negative"),
    ],
)
def test_a_figure_has_its_interval_and_trades(change: dict[str, object], said: str):
    plain = {"name": "n", "value": 4.0, "low": 1.0, "high": 7.0, "level": 0.95, "trades": 8}
    with pytest.raises(ValueError, match=said):
        HeadlineFigure(**(plain | change))


BREAKING = [
    ("modeling_experiment_once", {"name": "network-beats-base"}),
    ("modeling_experiment_name_plain", {"name": "Two Words"}),
    ("modeling_experiment_says_what_and_who", {"seen_if_true": ""}),
    ("modeling_experiment_verdict_known", {"verdict": "hoped"}),
    ("modeling_experiment_verdict_has_reason", {"reason": ""}),
    ("modeling_experiment_verdict_has_reason", {"verdict": "open", "decided_on": None, "decided_by": ""}),
    ("modeling_experiment_verdict_is_signed", {"decided_by": ""}),
    ("modeling_experiment_verdict_is_signed", {"decided_on": None}),
    ("modeling_experiment_verdict_is_signed", {"decided_on": date(2025, 1, 9)}),
    ("modeling_experiment_confirmed_by_figures", {"verdict": "confirmed"}),
    ("modeling_experiment_confirmed_by_figures", {"verdict": "confirmed", "figures": [{"value": 4.0, "trades": 8}]}),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "change"), BREAKING)
def test_the_database_refuses_what_must_never_be(rule: str, change: dict[str, object]):
    opened()
    row = Experiment.objects.get()
    row.pk, row._state.adding, row.name = None, True, "another"
    row.verdict, row.reason, row.decided_on, row.decided_by = "rejected", "No.", date(2025, 1, 10), "oleg"
    for name, value in change.items():
        setattr(row, name, value)
    with pytest.raises(IntegrityError, match=rule):
        row.save()
