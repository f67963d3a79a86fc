"""Rows that a set drops because they moved too little judge no classifier, but are traded: nobody knows them beforehand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from modeling.contracts.emission import EmissionRules
from modeling.fitting.dataset import TEST, VALIDATION
from modeling.kernels.class_labels import ON_THRESHOLD_FRAC
from modeling.services.system_terms import system_trader
from modeling.services.systems import artifact_files, loaded_evaluate, loaded_train
from modeling.services.walk_forward import WalkAsk, loaded_walk_forward
from modeling.systems.figures import SystemSaid, class_figures, emission_figures, part_bootstrap
from modeling.systems.judged_slice import SliceAsk, judged_slice
from modeling.systems.system import said_of
from modeling.systems.trading import Cut
from tests.modeling.systems.maker import loaded, parted, plan
from tests.modeling.systems.said_maker import said_file
from tests.modeling.systems.test_estimators import SMALL

NOW = datetime(2025, 1, 10, tzinfo=UTC)
DROPPED = {"planted": True, "rule": "threshold", "neutral": "drop", "threshold_frac": 0.01}
HELD = DROPPED | {"neutral": "class"}


def test_a_part_trades_every_row_that_could_be_judged_before_its_move_was_known():
    rows, whole = parted(**DROPPED), parted(**HELD)
    for part in (VALIDATION, TEST):
        own, traded = rows.rows_of(part), rows.traded_of(part)
        added = np.setdiff1d(traded, own)
        assert added.size > 0.2 * own.size
        assert np.isin(own, traded).all()
        assert (np.diff(traded) > 0).all()
        assert (np.abs(rows.move[added]) <= 0.01 + ON_THRESHOLD_FRAC).all()
        assert rows.decision_s[added].min() >= rows.decision_s[own].min()
        assert rows.window_end_s[added].max() <= rows.window_end_s[own].max()
        # A set that holds instead of dropping has the same rows within that time.
        since_s, until_s = rows.decision_s[own].min(), rows.window_end_s[own].max()
        within = whole.usable & (whole.decision_s >= since_s) & (whole.window_end_s <= until_s)
        np.testing.assert_array_equal(traded, np.flatnonzero(within))
        np.testing.assert_array_equal(whole.traded_of(part), whole.rows_of(part))


def test_windows_of_traded_rows_end_before_the_next_part_begins():
    rows = parted(**DROPPED)
    ends_s = rows.window_end_s[rows.traded_of(VALIDATION)].max()
    assert ends_s < rows.decision_s[rows.traded_of(TEST)].min()


def test_classes_are_judged_by_rows_that_moved_and_the_cut_and_the_trades_by_all():
    rows, own = parted(**DROPPED), plan("xgboost")
    trader = system_trader(own)
    at = rows.traded_of(TEST)
    said = said_of("own", lambda rows, at: words(rows.values[at, 0]), rows, trader)
    np.testing.assert_array_equal(said.at, at)
    draws = part_bootstrap(rows, own.figures, part=TEST, seed=1)
    assert class_figures(said, rows, draws)["rows"] == rows.rows_of(TEST).size < at.size
    few = rows.classed(at)
    judged = (trader.traded(rows, at[few], said.scores[few], -1.0, part=TEST)).simulation.trades
    every = trader.traded(rows, at, said.scores, -1.0, part=TEST).simulation.trades
    assert every.mean_net_frac < judged.mean_net_frac  # hindsight flatters
    without = replace(rows, neutral=np.zeros_like(rows.neutral))
    flattered = said_of("own", lambda rows, at: words(rows.values[at, 0]), without, trader)
    assert said.cut.tried != flattered.cut.tried  # the cut was chosen by trades of all rows, too


def test_holding_was_right_of_a_told_row_that_moved_too_little():
    rows, own = parted(**DROPPED), plan("lightgbm_signal")
    at = rows.traded_of(TEST)
    said = SystemSaid(
        name="own", at=at, scores=words(np.ones(at.size)), cut=Cut(threshold=0.0, tuned_for="none")
    )
    draws = part_bootstrap(rows, own.figures, part=TEST, seed=1)
    told = emission_figures(said, rows, system_trader(own), draws, rules=EmissionRules())
    assert told["calls"]["BUY"] == at.size
    assert told["right"]["value"] == pytest.approx((rows.label[at] == 1).mean())


def test_a_slice_of_some_shares_trades_these_alone():
    rows = parted(**DROPPED)
    sliced = judged_slice(rows, SliceAsk(tickers=(rows.secids[0],)))
    traded = sliced.traded_of(TEST)
    assert set(rows.instrument[traded].tolist()) == {0}
    assert 0 < sliced.rows_of(TEST).size < traded.size
    newest = judged_slice(rows, SliceAsk(max_rows=50))
    assert newest.rows_of(TEST).size == 50 < newest.traded_of(TEST).size < traded.size


def test_a_stored_word_has_the_judged_rows_and_the_trades_of_all():
    said = said_file("random_forest", **DROPPED)
    rows = parted(**DROPPED)
    assert said.label.size == rows.rows_of(TEST).size
    assert (said.label >= 0).all()
    assert all(own.scores.shape[0] == own.side.size == said.label.size for own in said.speakers)


@pytest.mark.django_db
def test_reports_say_on_how_many_rows_more_it_trades(lake: Path, tmp_path: Path):
    own = plan("xgboost", **SMALL["xgboost"])
    report = loaded_train(plan=own, loaded=loaded(**DROPPED), as_of=NOW, seed=1)
    assert any("rows that moved too little to have a class" in line for line in report.table)
    again = loaded_evaluate(
        facts=report.version, plan=own, files=artifact_files(report.version), loaded=loaded(**DROPPED)
    )
    assert again.table == report.table
    ask = WalkAsk(recipe="xgboost", as_of=NOW, folds=2, seed=1)
    walked = loaded_walk_forward(plan=own, loaded=loaded(**DROPPED), ask=ask, folder=tmp_path / "walk")
    assert any("rows that moved too little to have a class" in line for line in walked.table)


def words(hint: np.ndarray) -> np.ndarray:
    """Return scores (n, 2) that rise with a hint (n,)."""
    up = 1.0 / (1.0 + np.exp(-hint))
    return np.column_stack((1.0 - up, up))
