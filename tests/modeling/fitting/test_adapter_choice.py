"""Whether adapters serve: the proven ones together, if the policy's trades make more with them."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from modeling.fitting.adapter_choice import (
    ADAPTERS,
    SHARED,
    AdapterChoice,
    adapters_choose,
    adapters_prove,
    entrant_with,
    judged_with,
)
from modeling.fitting.adapters import said
from modeling.fitting.batches import scaler_fit
from modeling.fitting.choices import Choice, earns_more
from modeling.fitting.dataset import TEST, VALIDATION, Dataset
from modeling.fitting.evaluation import plain
from modeling.fitting.folds import trust_of
from modeling.fitting.forecasts import Forecasts, require_held_out
from modeling.fitting.judging import Judged, Rules, policy_traded
from modeling.fitting.walk import Entrant, judged_of
from modeling.fitting.walk_adapters import adapters_lines, adapters_part
from tests.modeling.fitting.adapter_maker import (
    COLUMN,
    CONFIG,
    FOLLOWER,
    adapter_data,
    chooser,
    folds_of,
    heard_of,
    recipe,
    shared_raw,
)
from tests.modeling.fitting.walk_maker import rules_of
from traderai.common.errors import InvariantError


@pytest.fixture(scope="module")
def data() -> Dataset:
    return adapter_data()


@pytest.fixture(scope="module")
def rules() -> Rules:
    own = rules_of(recipe())
    return replace(own, policy=replace(own.policy, min_median_turnover_rub=0.0))


@pytest.fixture(scope="module")
def serving(data: Dataset, rules: Rules) -> Entrant:
    folds = folds_of(data)
    raw = shared_raw(data, np.union1d(data.rows_of(VALIDATION), data.rows_of(TEST)))
    trust = trust_of(folds, column=COLUMN, chooser=chooser())
    judged = judged_of(folds, raw, trust, scaler=scaler_fit(data), rules=rules)
    return Entrant(judged=judged, raw=raw, fold=folds[0])


@pytest.fixture(scope="module")
def choice(serving: Entrant, data: Dataset, rules: Rules) -> AdapterChoice:
    return adapters_choose(serving, folds_of(data), rules)


def test_the_proven_ones_are_held_against_what_serves(
    choice: AdapterChoice, serving: Entrant, data: Dataset, rules: Rules
):
    assert choice.adapters is not None and tuple(choice.adapters.by_secid) == (FOLLOWER,)
    before, after = choice.choices
    assert (before.way, after.way, before.better_bound) == (SHARED, ADAPTERS, 0.0)
    for own, entrant in ((before, serving), (after, entrant_with(serving, choice))):
        result = policy_traded(entrant.judged, data, rules, part=VALIDATION)
        assert own.mean_daily_net == pytest.approx(result.daily_net.mean())
        assert own.trades == len(result.simulation.trades)
    assert choice.kept and after.trades > 30 and after.mean_daily_net > 0.0
    assert choice.reason == "the trades make more with them"


def test_what_they_say_is_of_rows_that_taught_them_nothing(
    choice: AdapterChoice, serving: Entrant, data: Dataset
):
    entrant = entrant_with(serving, choice)
    own = entrant.judged.forecasts
    for part in (VALIDATION, TEST):
        require_held_out(own, data, part=part)
        require_held_out(entrant.raw, data, part=part)
    assert choice.adapters is not None
    wanted = said(choice.adapters, serving.judged.forecasts, data)
    np.testing.assert_array_equal(own.p_long, wanted.p_long)
    p = 1.0 / (1.0 + np.exp(-entrant.raw.p_long_logit))
    np.testing.assert_allclose(p, own.p_long, atol=1e-12)


def test_they_are_held_against_what_was_said_in_service(serving: Entrant, data: Dataset, rules: Rules):
    newest, *older = heard_of(folds_of(data))
    shared, rows = newest.shared, newest.shared.rows

    def proven(spoken: Forecasts | None) -> tuple[AdapterChoice, Judged]:
        judged = replace(serving.judged, forecasts=spoken or shared)
        return adapters_prove(judged, [replace(newest, served=spoken), *older], rules), judged

    assert proven(None)[0].verdicts == proven(shared)[0].verdicts
    assert FOLLOWER in proven(shared)[0].adapters.by_secid
    # Beside who knows the outcome nothing is gained, whatever is gained upon the words that they correct.
    knows = {
        side: 0.05 + 0.9 * np.nan_to_num(getattr(data.targets, side)[rows], nan=0.3)
        for side in ("p_long", "p_short")
    }
    found, _ = proven(replace(shared, **knows))
    assert not found.adapters.by_secid and not found.choices
    # Who is corrected is said by the words that taught the correction, all others as they are in service.
    wrong = replace(shared, p_long=0.6 * shared.p_long, p_short=0.6 * shared.p_short)
    found, judged = proven(wrong)
    own = np.isin(data.instrument[rows], [data.secids.index(secid) for secid in found.adapters.by_secid])
    spoken = judged_with(judged, found.adapters, data, upon=shared).forecasts
    np.testing.assert_array_equal(spoken.p_long[own], said(found.adapters, shared, data).p_long[own])
    np.testing.assert_array_equal(spoken.p_short[~own], wrong.p_short[~own])
    with pytest.raises(InvariantError, match="must be of the"):
        replace(newest, served=shared.taken(np.arange(9)))


def test_trades_must_make_more_and_need_no_proof():
    before = Choice(way=SHARED, trades=90, net_expectancy_frac=0.001, mean_daily_net=0.0002, better_bound=0.0)
    after = replace(before, way=ADAPTERS)
    assert not earns_more(after, before)
    assert earns_more(replace(after, mean_daily_net=0.00021), before)
    silent = replace(before, trades=0, net_expectancy_frac=float("nan"), mean_daily_net=0.0)
    assert not earns_more(silent, silent)
    assert not earns_more(silent, before)


def test_without_older_folds_or_proof_what_serves_stays(serving: Entrant, data: Dataset, rules: Rules):
    alone = adapters_choose(serving, folds_of(data)[:1], rules)
    assert (alone.adapters, alone.kept, alone.verdicts) == (None, False, ())
    assert entrant_with(serving, alone) is serving and "no older folds" in alone.reason
    strict = replace(rules, recipe=replace(rules.recipe, adapters=replace(CONFIG, false_discoveries=1e-9)))
    found = adapters_choose(serving, folds_of(data), strict)
    assert entrant_with(serving, found) is serving and not found.kept and not found.choices
    assert {own.kept for own in found.verdicts} == {False}
    assert found.reason == "no ticker's gain in log loss is proven"
    with pytest.raises(InvariantError, match="must have adapters"):
        adapters_choose(serving, folds_of(data), replace(rules, recipe=replace(rules.recipe, adapters=None)))


def test_the_report_says_what_was_kept_and_why_not(choice: AdapterChoice, serving: Entrant, rules: Rules):
    alone = adapters_choose(serving, [serving.fold], rules)
    told = plain(
        [{"fold": "fold_1", "adapters": choice.told()}, {"fold": "fold_2", "adapters": alone.told()}]
    )
    json.dumps(told, allow_nan=False)
    first, second = adapters_lines(told)
    kept = "kept" if choice.kept else "not kept"
    assert first.startswith(
        f"Adapters in fold_1: proven for {FOLLOWER} of 4 tickers, {kept}: {choice.reason}"
    )
    assert second == (
        "Adapters in fold_2: none, there are no older folds to teach them: ask for more folds of calibration."
    )
    choices, verdicts = adapters_part(told).tables
    assert [row[0] for row in choices.rows] == ["without adapters", "with adapters"]
    by_secid = {row[0]: row for row in verdicts.rows}
    assert by_secid[FOLLOWER][-1] == "kept: its gain is proven"
    assert by_secid["SHR0"][-1] == "not kept: its gain is not proven among all tickers tried"
