"""The drivers of one prediction: on a network whose weights are known, each has its sign, size and family."""

from __future__ import annotations

import numpy as np
import pytest

from features.selectors.catalogue import feature_specs
from modeling.registry.scorer import Scorer
from modeling.selectors.drivers import drivers
from modeling.selectors.feature_families import feature_families
from tests.modeling.linear_network import linear_artifact, linear_onnx, side_heads, whole_trust
from traderai.common.errors import InputError, InvariantError

LOOKBACK = 8
NEWS = next(spec for spec in feature_specs(name="selfcheck_v1") if spec.reads == "news")
FEATURES = ("ret_1", "atr_14_pct", "rsi_14", NEWS.name)
MEAN, STD = (
    np.array([0.001, 0.01, 50.0, 2.0, 0.0]),
    np.array([0.01, 0.005, 10.0, 1.0, 1.0]),
)  # the last is the flag
WEIGHTS = (0.8, 0.0, -0.3, 0.5, 0.4)


def scorer(weights: tuple[float, ...] = WEIGHTS, **trust: object) -> Scorer:
    return Scorer(
        linear_artifact(
            linear_onnx(side_heads(weights), lookback=LOOKBACK), features=FEATURES, scale=(MEAN, STD),
            lookback=LOOKBACK, trust=whole_trust(**trust), sparse_blocks=("", "", "", "news"),
        )
    )  # fmt: skip


def window(*, news: float = 3.0, rsi: float = 70.0) -> np.ndarray:
    made = np.random.default_rng(0).normal(MEAN[:4], STD[:4], (LOOKBACK, 4)).astype(np.float32)
    made[-1] = [0.021, 0.012, rsi, news]
    return made


def test_each_driver_has_the_sign_and_the_size_of_its_term():
    own = scorer()
    found = drivers(scorer=own, window=window(), secid="X", horizon="1d")
    by_name = {driver.feature: driver for driver in found.features}
    assert [driver.feature for driver in found.features] == ["ret_1", "rsi_14", NEWS.name, "atr_14_pct"]
    assert by_name["ret_1"].effect.p_long > 0 > by_name["ret_1"].effect.p_short
    assert by_name["rsi_14"].effect.p_long < 0 < by_name["rsi_14"].effect.p_short
    # The medians are linear, so each is known: 0.005 x weight x deviation; news falls silent and raises its flag.
    wanted = {"ret_1": 0.8 * 2.0, "atr_14_pct": 0.0, "rsi_14": -0.3 * 2.0, NEWS.name: 0.5 * 1.0 - 0.4}
    for name, value in wanted.items():
        assert by_name[name].effect.median_return_frac == pytest.approx(0.005 * value, abs=1e-8)
    assert found.remainder.median_return_frac == pytest.approx(0.0, abs=1e-8)
    assert found.together.median_return_frac == pytest.approx(0.005 * sum(wanted.values()), abs=1e-8)
    # The probabilities are not linear: what is left over is told.
    assert abs(found.remainder.p_long) > 1e-3
    singles = sum(driver.effect.p_long for driver in found.features)
    assert found.remainder.p_long == pytest.approx(found.together.p_long - singles, abs=1e-12)
    assert found.prediction == own.predict(windows=window()[None], secids=["X"], horizon="1d")[0]
    assert by_name["rsi_14"].value == 70.0


def test_families_are_taken_away_at_once():
    found = drivers(scorer=scorer(), window=window(), secid="X", horizon="1d")
    of = feature_families(feature_set="selfcheck_v1")
    assert of["missing_news"] == of[NEWS.name] == "news"
    assert {driver.family for driver in found.families} == {of[name] for name in FEATURES}
    alone = {driver.feature: driver.effect for driver in found.features}
    for driver in found.families:
        members = [name for name in FEATURES if of[name] == driver.family]
        if len(members) == 1:
            assert driver.effect == alone[members[0]]


def test_a_silent_source_and_what_is_as_usual_drive_nothing():
    quiet = drivers(scorer=scorer(), window=window(news=np.nan, rsi=50.0), secid="X", horizon="2d")
    nothing = {driver.feature: driver for driver in quiet.features}
    bars = window(news=np.nan, rsi=50.0)
    assert np.isnan(bars[-1, 3]) and nothing[NEWS.name].value is None
    for name in (NEWS.name, "rsi_14", "atr_14_pct"):  # this network reads the last bar alone
        assert nothing[name].effect.strength == (0.0, 0.0)


def test_the_recent_volatility_drives_the_ranges_that_are_made_of_it():
    own = scorer(quantile_weights=(0.0, 1.0, 0.0))
    found = drivers(scorer=own, window=window(), secid="X", horizon="1d")
    assert found.features[0].feature == "ret_1"  # by its probability
    effect = next(driver.effect for driver in found.features if driver.feature == "atr_14_pct")
    assert effect.median_return_frac == pytest.approx(0.1 * (0.012 - 0.01), abs=1e-8)  # 0.1 units


def test_a_network_that_is_not_heard_has_no_drivers():
    mute = scorer(p_long_trust=0.0, p_short_trust=0.0, quantile_weights=(1.0, 0.0, 0.0))
    found = drivers(scorer=mute, window=window(), secid="X", horizon="1d")
    assert {driver.effect.strength for driver in found.features} == {(0.0, 0.0)}


def test_an_unknown_horizon_and_a_broken_window_are_refused():
    own = scorer()
    with pytest.raises(InputError, match="horizon must be one of 1d, 2d, was '3d'"):
        drivers(scorer=own, window=window(), secid="X", horizon="3d")
    broken = window()
    broken[0, 0] = np.nan
    with pytest.raises(InvariantError, match="missing or infinite"):
        drivers(scorer=own, window=broken, secid="X", horizon="1d")
    with pytest.raises(ValueError, match="windows must be"):
        drivers(scorer=own, window=window()[:, :3], secid="X", horizon="1d")
