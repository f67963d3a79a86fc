"""The last move repeated: counted by a second method, and blind to what comes after a row."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from modeling.fitting.batches import scaler_fit
from modeling.fitting.dataset import TRAIN, Dataset
from modeling.fitting.forecasters import FitTask
from modeling.fitting.parts import split_by_shares
from modeling.fitting.rivals import LastMoveForecaster, rises
from modeling.kernels.calibration import sigmoid
from tests.modeling.synthetic import dataset, tiny_recipe


def data() -> Dataset:
    return split_by_shares(dataset(days=120), tiny_recipe().split)


def task(found: Dataset) -> FitTask:
    return FitTask(dataset=found, scaler=scaler_fit(found), column=0, seed=1)


def test_shares_of_hits_are_those_of_training_rows_that_rose_or_fell():
    found = data()
    rows = np.arange(found.decision_s.size)
    rose = rises(found, rows)
    said = LastMoveForecaster().fit(task(found)).raw(rows)
    for h in range(len(found.horizons)):
        for went in (False, True):
            own = (found.part[:, h] == TRAIN) & (rose[:, h] == went)
            share = found.targets.p_long[own, h].mean()
            told = sigmoid(said.p_long_logit)[rose[:, h] == went, h]
            np.testing.assert_allclose(told, share, rtol=1e-12)
            assert own.sum() > 100


def test_a_rise_is_the_close_over_the_one_a_window_ago_and_reads_nothing_later():
    found = data()
    close, row = found.market.path.close, int(found.rows_of(TRAIN)[-1])
    span_s = 86_400 * int(found.horizons[0].removesuffix("d"))
    own = np.flatnonzero(
        (found.instrument == found.instrument[row]) & (found.decision_s <= found.decision_s[row] - span_s)
    )
    assert rises(found, np.array([row]))[0, 0] == (close[row] > close[own[-1]])
    before = np.arange(row + 1)
    np.testing.assert_array_equal(rises(moved(found, row + 1, 2.0), before), rises(found, before))
    assert rises(moved(found, row, 100.0), before)[
        row
    ].all()  # the guard can fail: the row's own close counts


def moved(found: Dataset, since: int, factor: float) -> Dataset:
    close = found.market.path.close.copy()
    close[since:] *= factor
    path = found.market.path._replace(close=close)
    return replace(found, market=found.market._replace(path=path))


def test_the_first_bars_of_a_share_have_no_last_move():
    found = data()
    first = np.flatnonzero(np.diff(found.instrument, prepend=-1))
    assert not rises(found, first).any()
