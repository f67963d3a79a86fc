"""A council end to end: a network with strategies, its earlier folds, the ways to decide and the one that is kept."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import numpy as np
import pytest

pytest.importorskip("keras", reason="training needs Keras")

from modeling.contracts.council import GLOBAL, META, META_RANK, CouncilRules
from modeling.fitting.adapter_choice import ADAPTERS
from modeling.fitting.candidates import Trained, candidate_train
from modeling.fitting.choices import Choice, kept_way, ways_chosen
from modeling.fitting.council import COUNCIL, Council, CouncilPanel, council_of, panel_fold
from modeling.fitting.dataset import TEST, VALIDATION, Dataset
from modeling.fitting.evaluation import plain
from modeling.fitting.forecasts import require_held_out
from modeling.fitting.judging import Rules
from modeling.fitting.recipe_adapters import AdapterConfig
from modeling.fitting.report import rank_line, ways_lines
from modeling.fitting.report_names import named
from modeling.fitting.trading import account_rules
from modeling.fitting.votes import decided
from modeling.fitting.walk_council import council_lines, council_section
from modeling.registry.artifact import json_bytes
from modeling.registry.council import Council as SeatedCouncil
from modeling.selectors.configuration import account_get, cost_model_get, gate_get, policy_get
from tests.modeling.council_maker import council_recipe, ranked_data
from traderai.common.config import parse
from traderai.common.errors import InvariantError


@pytest.fixture(scope="module")
def data() -> Dataset:
    return ranked_data()


@pytest.fixture(scope="module")
def rules() -> Rules:
    recipe = council_recipe(**{"fit.max_epochs": 5, "split.calibration_folds": 2})
    return Rules(
        policy=replace(policy_get(), min_median_turnover_rub=0.0),
        account=account_rules(account_get(), cost_model_get()),
        recipe=recipe,
        seed=1,
    )


@pytest.fixture(scope="module")
def trained(data: Dataset, rules: Rules) -> Trained:
    return candidate_train(data, rules, say=lambda *_: None)


@pytest.fixture(scope="module")
def council(trained: Trained, data: Dataset, rules: Rules) -> Council:
    return council_of(trained, data, rules)


def panel_of(rules: Rules) -> CouncilPanel:
    return CouncilPanel(rules=rules, strategies=("trend", "mean_reversion"), ranked=True)


def test_every_way_is_judged_on_rows_it_did_not_know(council: Council, data: Dataset, rules: Rules):
    assert tuple(council.entrants) == (GLOBAL, "trend", "mean_reversion", "average", META, META_RANK)
    assert (*council.entrants, COUNCIL) == panel_of(rules).names
    for entrant in council.entrants.values():
        for part in (VALIDATION, TEST):
            require_held_out(entrant.judged.forecasts, data, part=part)
    assert council.left_out == {"news": "the features have no news"}
    assert council.serving is council.entrants[council.kept]


def test_a_strategy_that_reads_the_planted_feature_learns_it(council: Council, data: Dataset):
    entrant = council.entrants["trend"]
    rows = entrant.raw.rows
    own = (data.part[rows, 0] == TEST) & (np.abs(data.values[rows, 0]) == 1.0)
    up = data.values[rows[own], 0] > 0
    logits = entrant.raw.p_long_logit[own, 0]
    assert logits[up].mean() > logits[~up].mean() + 0.5


def test_what_is_kept_is_what_the_validation_rows_prove(council: Council):
    by_way = {own.way: own for own in council.chosen.choices}
    assert by_way[GLOBAL].better_bound == 0.0
    assert council.kept == kept_way(council.chosen.choices, min_trades=gate_get().min_trades)
    better = Choice(
        way="average", trades=120, net_expectancy_frac=0.01, mean_daily_net=0.001, better_bound=0.0002
    )
    assert kept_way((by_way[GLOBAL], better), min_trades=100) == "average"
    assert kept_way((by_way[GLOBAL], replace(better, better_bound=-0.0001)), min_trades=100) == GLOBAL
    assert kept_way((by_way[GLOBAL], better), min_trades=121) == GLOBAL
    best = replace(better, way=META, better_bound=0.0003)
    assert kept_way((better, best, by_way[GLOBAL]), min_trades=100) == META


def test_the_rank_is_kept_only_where_it_is_proven(council: Council, data: Dataset, rules: Rules):
    assert [own.way for own in council.chosen.ranked] == [META, META_RANK]
    left = {META: META_RANK, META_RANK: META}[council.chosen.aggregator]
    assert left not in {own.way for own in council.chosen.choices}
    assert (council.rules.context.rank_features == ("daily_rank_5d",)) == (left == META)
    assert council.told["ranks"]["known_frac"]["held_out"] == pytest.approx(2 / 3, abs=0.02)
    # Who reads the outcome itself is kept, who says the same as before is not.
    judged = {way: own.judged for way, own in council.entrants.items()}
    forecasts = judged[META].forecasts
    seen = replace(forecasts, p_long=np.nan_to_num(data.targets.p_long[forecasts.rows], nan=0.0))
    for reads, aggregator in ((replace(judged[META], forecasts=seen), META_RANK), (judged[META], META)):
        found = ways_chosen({**judged, META_RANK: reads}, data, rules, min_trades=1)
        assert found.aggregator == aggregator
        assert (META_RANK in {own.way for own in found.choices}) == (aggregator == META_RANK)
        assert META not in {own.way for own in found.choices} - {aggregator}
    assert (
        ways_chosen(
            {**judged, META_RANK: replace(judged[META], forecasts=seen)}, data, rules, min_trades=10**6
        ).kept
        == GLOBAL
    )
    plain = ways_chosen({way: judged[way] for way in (GLOBAL, META)}, data, rules, min_trades=1)
    assert (plain.aggregator, plain.ranked) == (META, ())


def test_the_report_says_what_the_rank_was_worth(council: Council):
    fold = {"fold": "fold_1", **council.told}
    ranks = {"horizon": "5d", "shares": 3, "models": {"2022": "ridge"}}
    line = council_lines([fold], ranks)[-1]
    assert line.startswith("The daily rank over 5d among 3 liquid shares (2022 by ridge regression; ")
    assert "is known of 67% to 67% of the held-out rows" in line
    kept = fold["ranks"]["kept"]
    assert f"proven to earn more in {'fold_1' if kept else 'no fold'}, and kept there alone" in line
    part = council_section([fold], ranks).parts[-1]
    assert part.title == "Does the aggregator gain by the daily rank?" and len(part.tables[0].rows) == 2
    assert (
        "is not tried with the daily rank: no daily bars."
        in council_lines([{**fold, "ranks": None}], {"left_out": "no daily bars"})[-1]
    )


def test_the_card_says_whether_the_rank_was_kept_and_by_which_figures(council: Council):
    told = plain(council.told)
    *ways, last = ways_lines(told)
    assert ways[1].startswith(f"the council decides by: {named(council.kept)}; ")
    assert len(ways) == 2 + len(council.chosen.choices)
    without, reads = (own.trades for own in council.chosen.ranked)
    assert f"{reads:,} trades at " in last and f"bp with it, {without:,} at " in last
    for kept, way, begins in (
        (True, META_RANK, "daily rank kept: "),
        (False, META, "daily rank not kept: "),
        (True, GLOBAL, "daily rank kept by an aggregator that does not decide: "),
    ):
        assert rank_line({**told, "kept": way, "ranks": {**told["ranks"], "kept": kept}}).startswith(begins)
    assert rank_line({**told, "ranks": None}) == "daily rank not tried"
    assert (rank_line(None), ways_lines({})) == ("", [])


def test_the_report_says_what_was_kept(council: Council):
    fold = {"fold": "fold_1", **council.told}
    lines = council_lines([fold], None)
    assert lines[0].startswith("Kept on validation rows: ") and "in fold_1" in lines[0]
    assert "strategy news is left out: the features have no news." in lines
    section = council_section([fold], None)
    assert len(section.parts[0].tables[0].rows) == len(council.chosen.choices)


def test_a_published_council_decides_as_the_judged_one(council: Council, trained: Trained, data: Dataset):
    """Every way, from the network's outputs and the stored rules alone."""
    raw, rows = trained.raw, trained.raw.rows
    left = {META: META_RANK, META_RANK: META}[council.chosen.aggregator]
    for way, entrant in council.entrants.items():
        if way == left:
            continue
        rules = parse(json.loads(json_bytes(asdict(replace(council.rules, way=way)))), CouncilRules, where="")
        said = decided(raw, data, rules)
        np.testing.assert_allclose(said.p_long_logit, entrant.raw.p_long_logit, atol=1e-9)
        np.testing.assert_allclose(said.p_short_logit, entrant.raw.p_short_logit, atol=1e-9)
        # What each voter adds makes the decision, with the context's share where an aggregator reads it.
        seated = SeatedCouncil.over(rules, data.last_bar_names).seat(
            raw.at(1), data.last_bars(rows), data.horizons[1]
        )
        added = seated.effects.sum(axis=0)
        if way == META:
            assert np.abs(added - (seated.outputs.p_long_logit, seated.outputs.p_short_logit)).max() > 0.01
            continue
        wanted = np.stack([entrant.raw.p_long_logit[:, 1], entrant.raw.p_short_logit[:, 1]])
        np.testing.assert_allclose(added, wanted - seated.ballots.prior, atol=1e-9)


def test_a_council_without_its_features_or_its_aggregator_is_refused(
    council: Council, trained: Trained, data: Dataset
):
    with pytest.raises(InvariantError, match="the council reads adx_14, which the version's features lack"):
        SeatedCouncil.over(council.rules, ("atr_14_pct", "rsi_14"))
    without = replace(council.rules, way=META, meta=None)
    with pytest.raises(InvariantError, match="an aggregator that it does not have"):
        decided(trained.raw, data, without)


def test_a_panel_adds_the_adapters_of_what_is_kept(council: Council, data: Dataset, rules: Rules):
    names = panel_of(rules).names
    assert tuple(panel_fold(council, rules).entrants) == names
    config = AdapterConfig(features=("rsi_14", "atr_14_pct"), min_days=40)
    asked = replace(rules, recipe=replace(rules.recipe, adapters=config))
    found = panel_fold(council, asked)
    assert tuple(found.entrants) == (*names, ADAPTERS)
    assert tuple(found.entrants) == panel_of(asked).names
    told = found.told["adapters"]
    assert [own["secid"] for own in told["verdicts"]] == list(data.secids)
    assert all(own["days_taught"] >= 40 and own["days_judged"] >= 40 for own in told["verdicts"])
    require_held_out(found.entrants[ADAPTERS].judged.forecasts, data, part=TEST)
    lines = council_lines([{"fold": "fold_1", **found.told}], None)
    assert lines[-1].startswith("Adapters in fold_1: ")
    section = council_section([{"fold": "fold_1", **found.told}], None)
    assert section.parts[-1].title == "Adapters of single tickers"
    # With one fold there is nothing out of fold to teach them.
    alone = replace(council, folds={council.kept: council.folds[council.kept][:1]})
    assert panel_fold(alone, asked).told["adapters"]["reason"].startswith("there are no older folds")
