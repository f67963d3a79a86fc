"""`price_lstm`: scales of each share's own training rows, the last close as what it must beat, the stored network as the judged one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from modeling.fitting.dataset import TEST, TRAIN, VALIDATION
from modeling.systems.figures import part_bootstrap
from modeling.systems.price_figures import BETTER, NO_BETTER, forecast_figures, price_figures
from modeling.systems.price_settings import PriceSettings
from modeling.systems.rows import SystemRows
from modeling.systems.share_scales import ShareScales, share_scales
from modeling.systems.system import ESTIMATORS
from tests.modeling.systems.maker import parted, plan
from tests.modeling.systems.test_estimators import fitted
from traderai.common.errors import InputError


def bootstrap(rows: SystemRows):
    return part_bootstrap(rows, plan("price_lstm").figures, part=TEST, seed=0)


def test_each_share_is_scaled_by_its_own_training_rows_alone():
    rows = parted()
    scales = share_scales(rows)
    train = rows.rows_of(TRAIN)
    for number in range(len(rows.secids)):
        own = train[rows.instrument[train] == number]
        np.testing.assert_allclose(scales.scaled(rows)[own].mean(axis=0), 0.0, atol=1e-3)
        assert scales.close_mean[number] == pytest.approx(rows.close[own].mean())
    later = rows.values.copy()
    later[np.concatenate([rows.rows_of(VALIDATION), rows.rows_of(TEST)])] = 99.0
    np.testing.assert_array_equal(share_scales(replace(rows, values=later)).mean, scales.mean)
    earlier = rows.values.copy()
    earlier[train] += 1.0  # the guard can fail: what teaches does move them
    assert not np.allclose(share_scales(replace(rows, values=earlier)).mean, scales.mean)


def test_scales_come_back_from_json_and_turn_closes_there_and_back():
    rows = parted()
    scales = ShareScales.of(share_scales(rows).plain())
    at = rows.rows_of(TEST)
    target = scales.target(rows, at)[at].astype(np.float64)
    back = scales.close_of(target, scales.places(rows)[at])
    np.testing.assert_allclose(back, rows.close[at + rows.horizon_bars], rtol=1e-5)
    part = rows.part.copy()
    part[rows.instrument == 1] = TEST
    assert share_scales(replace(rows, part=part)).secids == (rows.secids[0], rows.secids[2])


def test_the_last_close_is_no_better_than_itself_and_the_truth_is():
    rows = parted()
    at, draws = rows.rows_of(TEST), bootstrap(rows)
    last, came = rows.close[at], rows.close[at + rows.horizon_bars]
    same = price_figures(last, rows, at, draws)
    assert same["error_share"] == pytest.approx({"value": 1.0, "low": 1.0, "high": 1.0})
    assert same["verdict"] == NO_BETTER
    told = price_figures(0.5 * (last + came), rows, at, draws)
    assert told["error_share"]["value"] == pytest.approx(0.25)
    assert told["verdict"] == BETTER
    # By a second method: the error of one share in roubles.
    own = rows.instrument[at] == 1
    wanted = np.sqrt(np.mean((0.5 * (last - came)[own]) ** 2))
    assert told["tickers"][rows.secids[1]]["rmse_rub"]["value"] == pytest.approx(wanted)
    # A forecast that follows the price with small errors is still none: the trap.
    rng = np.random.default_rng(0)
    near = price_figures(last * (1.0 + 0.002 * rng.standard_normal(at.size)), rows, at, draws)
    assert near["scaled_mse"]["value"] < 0.2
    assert near["verdict"] == NO_BETTER


def test_errors_in_roubles_are_those_of_the_price_as_traded():
    rows = parted()
    at, draws = rows.rows_of(TEST), bootstrap(rows)
    bar = rows.market.bar.copy()
    bar["split_factor"] = 10.0
    split = replace(rows, market=rows.market._replace(bar=bar))
    one, other = (price_figures(rows.close[at], own, at, draws)["tickers"] for own in (rows, split))
    for secid in rows.secids:
        wanted = one[secid]["naive_rmse_rub"]["value"] / 10.0
        assert other[secid]["naive_rmse_rub"]["value"] == pytest.approx(wanted)


def test_a_forecast_above_the_close_is_the_upper_class_and_nothing_else_is():
    rows = parted(planted=True)
    own = fitted("price_lstm", rows)
    at = rows.rows_of(TEST)  # its first rows' windows reach into the parts before: their context is kept
    forecast, scores = own.forecast(rows, at), own.scores(rows, at)
    assert np.all(np.isfinite(forecast))
    np.testing.assert_array_equal(scores.argmax(axis=1) == 1, forecast > rows.close[at])
    assert set(forecast_figures(own, rows, at, bootstrap(rows))["prices"]["tickers"]) == set(rows.secids)
    assert own.told["epochs"] == len(own.told["learning_curve"]["val_loss"])
    unknown = replace(rows, secids=("A", "B", rows.secids[2]))
    np.testing.assert_array_equal(
        own.forecast(unknown, at)[rows.instrument[at] < 2], rows.close[at][rows.instrument[at] < 2]
    )


def test_systems_without_forecasts_have_no_figures_of_prices():
    rows = parted()
    assert forecast_figures(fitted("logistic", rows), rows, rows.rows_of(TEST), bootstrap(rows)) == {}


def test_three_classes_and_settings_that_cannot_be_are_refused():
    rows = parted(rule="threshold", neutral="class", threshold_frac=0.01)
    with pytest.raises(InputError, match="must have 2 classes"):
        fitted("price_lstm", rows)
    with pytest.raises(ValueError, match="at least 1"):
        PriceSettings(epochs=0)
    with pytest.raises(ValueError, match="above 0"):
        ESTIMATORS["price_lstm"](learning_rate=0.0)
