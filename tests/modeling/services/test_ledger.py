"""Counting trials: once each, never fewer, never with results that cannot be."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from modeling.models import TrainingRun, Trial
from modeling.services.ledger import trial_record
from tests.modeling.ledger_maker import NOW, labels, new_trial, sha
from traderai.common.errors import InputError

pytestmark = pytest.mark.django_db


def test_a_trial_is_kept_with_what_it_made():
    assert trial_record(trial=new_trial(), now=NOW)
    row = Trial.objects.get()
    assert (row.label_set, row.label_family, row.data_family) == ("swing_v1", "swing", "real-1h")
    assert (row.first_day, row.last_day) == (date(2024, 10, 4), date(2024, 10, 7))
    assert row.daily_net == [0.01, -0.01, 0.02, 0.0]
    daily = np.array(row.daily_net)
    assert row.sharpe_per_day == pytest.approx(daily.mean() / daily.std(ddof=1))


def test_the_very_same_evaluation_is_no_new_trial():
    assert trial_record(trial=new_trial(), now=NOW)
    again = new_trial(daily_net=np.array([0.5, 0.0, 0.0, 0.0]))
    assert not trial_record(trial=again, now=NOW + timedelta(days=1))
    row = Trial.objects.get()
    assert (row.created_at, row.daily_net[0]) == (NOW, 0.01)


@pytest.mark.parametrize(
    "change", [{"config_sha256": sha("b")}, {"data_sha256": sha("b")}, {"kind": "backtest"}]
)
def test_another_configuration_data_or_kind_is_a_new_trial(change: dict[str, object]):
    trial_record(trial=new_trial(), now=NOW)
    assert trial_record(trial=new_trial(**change), now=NOW)
    assert Trial.objects.count() == 2


def test_versions_of_a_label_set_are_one_family_and_simulated_data_another():
    trial_record(trial=new_trial(1, labels=labels("intraday_eod_v2", timeframe="5m")), now=NOW)
    trial_record(trial=new_trial(2, is_simulated=True), now=NOW)
    found = Trial.objects.order_by("pk").values_list("label_family", "data_family")
    assert list(found) == [("intraday_eod", "real-5m"), ("swing", "simulated-1h")]


def test_a_trial_without_a_trade_and_a_search_step_without_days_count_too():
    idle = {"daily_net": np.zeros(4), "trades": 0, "net_expectancy_frac": float("nan")}
    step = {
        "kind": "search_step", "days": np.empty(0, np.int64), "daily_net": np.empty(0), "trades": 0,
        "net_expectancy_frac": float("nan"),
    }  # fmt: skip
    assert trial_record(trial=new_trial(1, **idle), now=NOW)
    assert trial_record(trial=new_trial(2, **step), now=NOW)
    found = Trial.objects.order_by("pk").values_list("sharpe_per_day", "net_expectancy_frac", "first_day")
    assert list(found) == [(None, None, date(2024, 10, 4)), (None, None, None)]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"days": np.arange(3)}, "of one shape"),
        ({"days": np.array([3, 2, 4, 5])}, "days must rise"),
        ({"days": np.array([3, 3, 4, 5])}, "days must rise"),
        ({"daily_net": np.array([0.0, np.nan, 0.0, 0.0])}, "must be finite"),
        ({"trades": 0}, "NaN without"),
        ({"net_expectancy_frac": float("nan")}, "NaN without"),
        ({"trades": -1, "net_expectancy_frac": float("nan")}, "NaN without"),
    ],
)
def test_results_that_cannot_be_are_refused(change: dict[str, object], said: str):
    with pytest.raises(InputError, match=said):
        trial_record(trial=new_trial(**change), now=NOW)
    assert not Trial.objects.exists()


def test_a_run_whose_trial_counts_stays():
    run = TrainingRun.objects.create(
        recipe="r", config_sha256="c", code_sha256="c", seed=0, as_of=NOW, started_at=NOW, state="running"
    )
    trial_record(trial=new_trial(run_id=run.pk), now=NOW)
    with pytest.raises(ProtectedError):
        run.delete()


@pytest.mark.parametrize("sin", [lambda rows: rows.delete(), lambda rows: rows.update(trades=9)])
def test_the_database_neither_changes_nor_deletes_a_trial(sin):
    trial_record(trial=new_trial(), now=NOW)
    with (
        pytest.raises(IntegrityError, match="a trial that was looked at stays counted"),
        transaction.atomic(),
    ):
        sin(Trial.objects.all())
    assert Trial.objects.get().trades == 3


BREAKING = {
    "modeling_trial_once": {},
    "modeling_trial_kind_known": {"kind": "guess"},
    "modeling_trial_sha_hex": {"data_sha256": "xyz"},
    "modeling_trial_family_without_version": {"label_family": "swing_v2"},
    "modeling_trial_data_known": {"data_family": "1h"},
    "modeling_trial_days_match": {"days": [1, 2]},
    "modeling_trial_has_days": {"days": [], "daily_net": []},
    "modeling_trial_net_finite": {"daily_net": [0.0, float("nan"), 0.0, 0.0]},
    "modeling_trial_expectancy_of_trades": {"trades": 0},
}


@pytest.mark.parametrize(("rule", "change"), BREAKING.items())
def test_the_database_refuses_what_must_never_be(rule: str, change: dict[str, object]):
    trial_record(trial=new_trial(), now=NOW)
    row = Trial.objects.get()
    row.pk, row._state.adding = None, True
    if rule != "modeling_trial_once":
        row.config_sha256 = sha("b")
    for name, value in change.items():
        setattr(row, name, value)
    with pytest.raises(IntegrityError, match=rule):
        row.save()


@pytest.mark.parametrize("wrong", [float("inf"), float("-inf")])
def test_the_database_refuses_infinite_results(wrong: float):
    trial_record(trial=new_trial(), now=NOW)
    row = Trial.objects.get()
    row.pk, row._state.adding, row.config_sha256, row.daily_net = None, True, sha("b"), [wrong, 0.0, 0.0, 0.0]
    with pytest.raises(IntegrityError, match="modeling_trial_net_finite"):
        row.save()
