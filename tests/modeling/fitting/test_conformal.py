"""Conformal quantiles of a dataset: what its validation rows teach, held out, and coverage by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from modeling.contracts import QUANTILE_LEVELS
from modeling.contracts.conformal import ConformalState
from modeling.fitting.baselines import ewma_forecast, unconditional_quantiles
from modeling.fitting.conformal import CoverageRows, conformal_fit, coverage_figures
from modeling.fitting.dataset import TRAIN, VALIDATION, Dataset
from modeling.fitting.forecasts import Forecasts, Provenance
from modeling.kernels.conformal import LENT_FRAC, SAID_FRAC
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
def before(data: Dataset) -> ConformalState:
    return conformal_fit(forecasts_of(data, data.rows_of(VALIDATION)), data, h=H)


def test_terciles_are_those_of_the_training_rows(data: Dataset, before: ConformalState):
    trained = np.flatnonzero(data.part[:, H] == TRAIN)
    expected = ewma_forecast(data, trained)[:, H]
    expected = expected[np.isfinite(expected)]
    low, high = before.tercile_edges
    assert np.mean(expected < low) == pytest.approx(1 / 3, abs=1e-3)
    assert np.mean(expected < high) == pytest.approx(2 / 3, abs=1e-3)


def test_all_outcomes_of_the_part_are_learned_and_a_narrow_range_is_widened(
    data: Dataset, before: ConformalState
):
    rows = np.flatnonzero(data.part[:, H] == VALIDATION)
    assert sum(before.learned_rows) == np.isfinite(data.ewma_volatility[rows]).sum()
    assert before.learned_until_s == data.taught_until_s(TRAIN, VALIDATION)
    for own in before.offsets:
        assert own[0] < 0.0 < own[-1]
    assert (before.said_frac, before.lent_frac) == (SAID_FRAC, LENT_FRAC)


def test_rows_that_taught_the_model_are_refused(data: Dataset):
    own = forecasts_of(data, data.rows_of(VALIDATION))
    late = replace(own.provenance, train_end_s=2**40, validation_end_s=2**40)
    with pytest.raises(InvariantError, match="hold those rows out"):
        conformal_fit(replace(own, provenance=late), data, h=H)


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
