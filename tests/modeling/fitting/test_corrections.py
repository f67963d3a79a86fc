"""One contract over every family: it learns what the shared logit does not say, repeats itself, and is stored exactly."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest

from modeling.fitting.corrections import CorrectionTask, correction_fit
from modeling.fitting.recipe_adapters import AdapterConfig
from modeling.kernels.calibration import sigmoid
from modeling.registry.adapters import AdapterFamily, Correction, adapter_inputs

FAMILIES = get_args(AdapterFamily)
CONFIG = AdapterConfig(features=("hint", "noise"))


def task(family: AdapterFamily, *, hint: float, n: int = 3000, seed: int = 1) -> CorrectionTask:
    """Return rows whose label follows the shared logit, and a hint as far as is said."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(-1.0, 0.5, n)
    local = rng.normal(size=(n, 2)).astype(np.float32)
    y = (rng.random(n) < sigmoid(shared + hint * np.sign(local[:, 0]))).astype(np.float64)
    local[rng.random(n) < 0.05, 1] = np.nan
    x = adapter_inputs(shared, -shared, local, h=0, horizons=2)
    return CorrectionTask(
        x=x, shared=shared, y=y, weight=np.full(n, 0.25), config=replace(CONFIG, family=family), seed=seed
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_a_hint_is_learned_upon_the_shared_logit(family: AdapterFamily):
    own = task(family, hint=1.0)
    found = correction_fit(own).logits(own.x)
    up = own.x[:, 2] > 0
    assert found[up].mean() > 0.3 and found[~up].mean() < -0.3
    # What the shared logit says already is not said twice: without it the slope is about 1.
    assert abs(np.polyfit(own.shared, found, 1)[0]) < 0.3


@pytest.mark.parametrize("family", FAMILIES)
def test_where_nothing_is_left_to_learn_next_to_nothing_is_added(family: AdapterFamily):
    own = task(family, hint=0.0)
    assert np.abs(correction_fit(own).logits(own.x)).mean() < 0.15


@pytest.mark.parametrize("family", FAMILIES)
def test_equal_tasks_give_equal_texts_and_a_text_the_same_answers(family: AdapterFamily):
    own = task(family, hint=1.0)
    first = correction_fit(own)
    assert first.text == correction_fit(own).text
    assert correction_fit(task(family, hint=1.0, seed=2)).text != first.text
    read = Correction(family=family, text=first.text)
    np.testing.assert_array_equal(read.logits(own.x), first.logits(own.x))
    # A row's answer does not depend on the rows beside it.
    alone = np.concatenate([read.logits(own.x[row : row + 1]) for row in range(40)])
    np.testing.assert_array_equal(alone, first.logits(own.x)[:40])


@pytest.mark.parametrize("family", FAMILIES)
def test_a_day_of_more_rows_counts_no_more(family: AdapterFamily):
    own = task(family, hint=1.0)
    twice = replace(
        own,
        **{name: np.repeat(getattr(own, name), 2, axis=0) for name in ("x", "shared", "y")},
        weight=np.repeat(own.weight, 2) / 2.0,
    )
    once = correction_fit(own).logits(own.x)
    assert np.abs(correction_fit(twice).logits(own.x) - once).mean() < 0.03
    # Seen to fail: rows that count for themselves are believed more.
    heavier = correction_fit(replace(own, weight=20.0 * own.weight)).logits(own.x)
    assert np.abs(heavier - once).mean() > 0.06


def test_what_never_changes_has_no_say():
    own = task("logistic", hint=1.0)
    flat = own.x.copy()
    flat[:, 3] = 7.0
    found = correction_fit(replace(own, x=flat))
    moved = flat.copy()
    moved[:, 3] = 9.0
    np.testing.assert_allclose(found.logits(moved), found.logits(flat), atol=1e-9)
