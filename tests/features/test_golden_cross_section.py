"""Every feature of the family equals a second, slow implementation, on random shares and on real ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from features.families.cross_section import FEATURES
from features.spec import FeatureSpec
from tests.features.golden_cross_section import GOLDEN
from tests.features.golden_panel import assert_equals_golden
from tests.features.panel_series import REAL, random_universe, real_universe

RANDOM = random_universe(3)
BY_NAME = {spec.name: spec for spec in FEATURES}


def test_every_feature_has_a_second_implementation() -> None:
    assert set(GOLDEN) == set(BY_NAME)


@pytest.mark.parametrize("spec", FEATURES, ids=lambda spec: spec.name)
def test_the_feature_equals_its_second_implementation(spec: FeatureSpec) -> None:
    assert_equals_golden(RANDOM, spec, GOLDEN[spec.name])


@pytest.mark.realdata
@pytest.mark.parametrize("timeframe", REAL)
def test_the_features_equal_their_second_implementation_on_real_bars(real_data: Path, timeframe: str) -> None:
    universe = real_universe(real_data, timeframe)
    for spec in FEATURES:
        assert_equals_golden(universe, spec, GOLDEN[spec.name])


@pytest.mark.parametrize(
    ("name", "mistaken_for"), [("rank_ret_5", "rank_ret_20"), ("rank_turnover_1", "rank_turnover_20")]
)
def test_the_comparison_sees_another_feature(name: str, mistaken_for: str) -> None:
    with pytest.raises(AssertionError):
        assert_equals_golden(RANDOM, BY_NAME[name], GOLDEN[mistaken_for])
