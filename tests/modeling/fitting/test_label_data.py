"""What label reports charge is what training charges, before a split, too."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from market.contracts import Timeframe
from market.models import Instrument
from market.selectors.instruments import traded_list
from modeling.fitting.label_data import LabelScope, ShareRows, share_rows
from modeling.fitting.loading import Loaded, universe_load, whole_load
from modeling.fitting.recipe import recipe_load
from modeling.selectors.configuration import cost_model_get
from tests.features.conftest import build, store_candles, store_split
from tests.features.series import random_bars
from traderai.common.progress import silent

pytestmark = pytest.mark.django_db
NOW = datetime(2024, 6, 5, 12, tzinfo=UTC)
STEP_RUB, NEW_SHARES = 0.02, 10.0  # of the shares as they are now, ten for each old one
SPLIT_ON = "2024-02-20"
PRICES = ("open", "high", "low", "close")


@pytest.fixture
def split_share(tmp_path: Path, settings: Any) -> ShareRows:
    """A share whose prices as traded, and their steps, were ten times as high before the split."""
    settings.LAKE_URL = f"file://{tmp_path}"
    share = Instrument.objects.create(secid="AAA", name_ru="AAA", name_en="AAA", price_step_rub=STEP_RUB)
    bars = random_bars(600, seed=8)
    turned = np.where(bars.begin_s < split_s(), NEW_SHARES, 1.0)
    steps = {name: np.round(getattr(bars, name) / 10.0 / STEP_RUB) for name in PRICES}
    store_candles(share, replace(bars, **{name: turned * STEP_RUB * steps[name] for name in PRICES}))
    store_split(share, on=SPLIT_ON, factor=NEW_SHARES)
    scope = LabelScope(
        timeframe=Timeframe.H1,
        shares=traded_list(timeframe=Timeframe.H1),
        left_out={},
        since=None,
        as_of=NOW,
        costs=cost_model_get(),
    )
    return next(share_rows(scope))


def split_s() -> int:
    return int(datetime.fromisoformat(f"{SPLIT_ON}T00:00+03:00").timestamp())


def trained_on() -> Loaded:
    build(now=NOW)
    return whole_load(recipe_load("global_swing_v1"), as_of=NOW, progress=silent)


def test_a_step_before_a_split_is_as_coarse_as_it_is_now(split_share: ShareRows):
    bars, costs = split_share.bars, cost_model_get()
    before = bars.begin_s < split_s()
    assert 100 < before.sum() < 500
    assert set(bars.split_factor[before]) == {1.0}
    step_rub = np.where(before, NEW_SHARES * STEP_RUB, STEP_RUB)
    by_hand = [
        2 * (costs.exchange_fee_frac + costs.broker_fee_frac + costs.slippage_bp / 1e4 + costs.half_spread_bp / 1e4)
        + 2 * costs.slippage_steps * step / price
        for step, price in zip(step_rub, bars.close / bars.split_factor, strict=True)
    ]  # fmt: skip
    np.testing.assert_allclose(split_share.inputs.cost_frac, by_hand, rtol=1e-9)
    # Today's step on the old price would be a tenth of that.
    naive = costs.round_trip_frac(price_rub=bars.close / bars.split_factor, price_step_rub=STEP_RUB)
    assert (split_share.inputs.cost_frac[before] > 1.05 * naive[before]).all()


def test_reports_and_training_charge_the_same(split_share: ShareRows):
    (trained,) = trained_on().instruments
    np.testing.assert_array_equal(trained.bars.close, split_share.bars.close)
    np.testing.assert_array_equal(trained.cost_frac, split_share.inputs.cost_frac)


def test_a_new_listing_is_left_out_of_all_shares_and_told_of(split_share: ShareRows):
    fresh = Instrument.objects.create(secid="NEW", name_ru="NEW", name_en="NEW", price_step_rub=STEP_RUB)
    store_candles(fresh, random_bars(40, seed=9))
    build(now=NOW)
    recipe = recipe_load("global_swing_v1")
    whole = whole_load(recipe, as_of=NOW, progress=silent)
    assert whole.dataset.secids == ("AAA", "NEW")
    found = universe_load(recipe, as_of=NOW, progress=silent)
    assert found.dataset.secids == ("AAA",)
    assert "missing in 100% of its bars" in found.left_out["NEW"]
    # One that is named is not left out in silence: the check of the dataset refuses it.
    named = universe_load(replace(recipe, universe=("AAA", "NEW")), as_of=NOW, progress=silent)
    assert named.dataset.secids == ("AAA", "NEW")


def test_a_council_is_taught_without_the_daily_rank_where_there_are_no_days(split_share: ShareRows):
    build(now=NOW)
    told: list[str] = []
    found = whole_load(
        recipe_load("council_swing_v1"), as_of=NOW, progress=lambda _done, _total, what: told.append(what)
    )
    assert (
        found.ranks == "no share has 1d bars by 2024-06-05; run manage.py ingest or manage.py resample first"
    )
    assert told[-1] == f"no daily rank: {found.ranks}"
    assert found.dataset.ranks is None
    plain = trained_on()
    assert plain.ranks is None and plain.dataset.content_sha256 == found.dataset.content_sha256
