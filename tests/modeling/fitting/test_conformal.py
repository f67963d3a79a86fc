"""Conformal quantiles of a dataset: held out, causal, continued from a stored state, and judged beside the old ones."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from modeling.contracts import QUANTILE_LEVELS
from modeling.contracts.conformal import ConformalState
from modeling.fitting.baselines import ewma_forecast, unconditional_quantiles
from modeling.fitting.conformal import (
    Conformed,
    CoverageRows,
    conformal_apply,
    conformal_fit,
    coverage_figures,
    coverage_rows,
)
from modeling.fitting.dataset import TEST, TRAIN, VALIDATION, Dataset
from modeling.fitting.forecasts import Forecasts, Provenance, joined_forecasts
from modeling.kernels.metrics import pinball_loss
from tests.modeling.synthetic import dataset
from traderai.common.arrays import I64
from traderai.common.errors import InvariantError

H = 1


@pytest.fixture(scope="module")
def data() -> Dataset:
    return dataset(days=800)


def forecasts_of(data: Dataset, rows: I64, *, width: float = 0.5) -> Forecasts:
    """Quantiles of the training returns, too narrow, the same in every volatility."""
    shape = (rows.size, len(data.horizons))
    return Forecasts(
        provenance=Provenance.of_fit("test", data), rows=rows, p_long=np.full(shape, 0.3),
        p_short=np.full(shape, 0.3), volatility=np.full(shape, 0.02), direction=np.full((*shape, 5), 0.2),
        return_quantiles=np.tile(width * unconditional_quantiles(data), (rows.size, 1, 1)),
    )  # fmt: skip


@pytest.fixture(scope="module")
def before(data: Dataset) -> Conformed:
    return conformal_fit(forecasts_of(data, data.rows_of(VALIDATION)), data, h=H)


def applied(data: Dataset, before: Conformed, *, rows: I64 | None = None) -> Conformed:
    own = data.rows_of(TEST) if rows is None else rows
    return conformal_apply(forecasts_of(data, own), data, h=H, state=before.state, issued=before.forecasts)


def test_coverage_comes_near_its_levels_where_it_was_far_off(data: Dataset, before: Conformed):
    said = applied(data, before)
    raw = forecasts_of(data, data.rows_of(TEST))
    found = coverage_figures(coverage_rows(said, raw, data, h=H))
    old, new = found["unadjusted"], found["adjusted"]
    assert found["rows"] == int((data.part[:, H] == TEST).sum())
    assert old["whole"]["largest_miss"] > 0.05
    assert new["whole"]["largest_miss"] <= 0.02
    assert new["whole"]["largest_central_miss"] <= 0.03
    assert max(part["largest_miss"] for part in new["terciles"]) <= 0.04
    assert new["pinball_loss"] < old["pinball_loss"]
    assert (np.diff(said.forecasts.return_quantiles, axis=2) >= 0).all()
    json.dumps(found)


def test_all_but_the_quantiles_of_the_horizon_stays_as_it_was(data: Dataset, before: Conformed):
    raw = forecasts_of(data, data.rows_of(TEST))
    said = applied(data, before).forecasts
    np.testing.assert_array_equal(said.return_quantiles[:, 0], raw.return_quantiles[:, 0])
    assert (said.return_quantiles[:, H] != raw.return_quantiles[:, H]).any()
    for name in ("rows", "p_long", "p_short", "volatility", "direction"):
        np.testing.assert_array_equal(getattr(said, name), getattr(raw, name))
    assert said.provenance == raw.provenance


def test_terciles_are_those_of_the_training_rows(data: Dataset, before: Conformed):
    trained = np.flatnonzero(data.part[:, H] == TRAIN)
    expected = ewma_forecast(data, trained)[:, H]
    expected = expected[np.isfinite(expected)]
    low, high = before.state.tercile_edges
    assert np.mean(expected < low) == pytest.approx(1 / 3, abs=1e-3)
    assert np.mean(expected < high) == pytest.approx(2 / 3, abs=1e-3)


def test_a_stored_state_goes_on_to_the_bit(data: Dataset, before: Conformed):
    whole = applied(data, before)
    rows = data.rows_of(TEST)
    middle = np.quantile(data.decision_s[rows], 0.4)
    early, late = rows[data.decision_s[rows] <= middle], rows[data.decision_s[rows] > middle]
    first = applied(data, before, rows=early)
    stored = json.dumps(first.state.plain())
    second = conformal_apply(
        forecasts_of(data, late), data, h=H, state=ConformalState.of_plain(json.loads(stored)),
        issued=joined_forecasts([before.forecasts, first.forecasts]),
    )  # fmt: skip
    both = joined_forecasts([first.forecasts, second.forecasts])
    order = np.argsort(both.rows)
    np.testing.assert_array_equal(both.return_quantiles[order], whole.forecasts.return_quantiles)
    assert second.state == whole.state


def test_no_quantile_knows_an_outcome_that_comes_later(data: Dataset, before: Conformed):
    rows = data.rows_of(TEST)
    now = int(np.quantile(data.decision_s[rows], 0.5))
    unknown = data.targets.window_end_s > now
    changed = np.where(unknown, -data.targets.forward_return, data.targets.forward_return)
    past = data.decision_s[rows] <= now
    wanted = applied(data, before).forecasts.return_quantiles

    def quantiles(window_end_s: I64) -> np.ndarray:
        targets = replace(data.targets, forward_return=changed, window_end_s=window_end_s)
        other = replace(data, targets=targets)
        issued = replace(before.forecasts, provenance=Provenance.of_fit("test", other))
        return applied(other, replace(before, forecasts=issued)).forecasts.return_quantiles

    np.testing.assert_array_equal(quantiles(data.targets.window_end_s)[past], wanted[past])
    early = np.repeat(data.decision_s[:, None] + 1, len(data.horizons), axis=1)
    assert (quantiles(early)[past] != wanted[past]).any()  # the check can fail


def test_rows_that_taught_the_model_are_refused(data: Dataset, before: Conformed):
    late = replace(before.forecasts.provenance, train_end_s=2**40, validation_end_s=2**40)
    taught = replace(forecasts_of(data, data.rows_of(VALIDATION)), provenance=late)
    with pytest.raises(InvariantError, match="hold those rows out"):
        conformal_fit(taught, data, h=H)
    tested = replace(forecasts_of(data, data.rows_of(TEST)), provenance=late)
    with pytest.raises(InvariantError, match="hold those rows out"):
        conformal_apply(tested, data, h=H, state=before.state, issued=before.forecasts)


def test_figures_by_hand():
    outcome = np.array([-1.0, 0.0, 1.0, 2.0])
    quantiles = np.tile([-3.0, -2.0, -0.5, 0.5, 1.5, 2.0, 3.0], (4, 1))
    rows = CoverageRows(
        outcome=outcome,
        unadjusted=quantiles,
        adjusted=2 * quantiles,
        tercile=np.array([0, 0, 2, 2]),
        day=np.arange(4),
    )
    found = coverage_figures(CoverageRows.joined([rows, rows]))
    assert found["rows"] == 8
    old = found["unadjusted"]
    assert list(old["whole"]["coverage"].values()) == [0.0, 0.0, 0.25, 0.5, 0.75, 1.0, 1.0]
    assert old["whole"]["central"]["0.50"] == {"coverage": 0.5, "mean_width_frac": 2.0}
    assert old["whole"]["central"]["0.90"] == {"coverage": 1.0, "mean_width_frac": 6.0}
    assert old["whole"]["largest_miss"] == pytest.approx(0.1)
    assert old["whole"]["largest_central_miss"] == pytest.approx(0.2)
    assert [(part["tercile"], part["rows"]) for part in old["terciles"]] == [(0, 4), (2, 4)]
    assert list(old["terciles"][0]["coverage"].values()) == [0.0, 0.0, 0.5, 1.0, 1.0, 1.0, 1.0]
    assert found["adjusted"]["whole"]["central"]["0.50"]["mean_width_frac"] == 4.0
    levels = np.asarray(QUANTILE_LEVELS)
    assert old["pinball_loss"] == pytest.approx(pinball_loss(outcome, quantiles, levels=levels).mean())
