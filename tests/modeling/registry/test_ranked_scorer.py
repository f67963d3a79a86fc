"""A council that reads the daily rank decides in service as it was judged, and without a ranker as of the middle."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from modeling.contracts.council import (
    GLOBAL,
    META,
    CouncilRules,
    MetaAggregator,
    Prior,
    SideWeights,
    VoteContext,
)
from modeling.fitting.dataset import TEST, Dataset, KnownRanks
from modeling.kernels.aggregator import meta_columns
from modeling.kernels.calibration import sigmoid
from modeling.registry.scorer import Scorer
from modeling.services.judgement import artifact_raw
from tests.modeling.linear_network import linear_artifact, linear_onnx, side_heads, whole_trust
from tests.modeling.synthetic import FEATURES, dataset

RANK, WEIGHT = "daily_rank_5d@00000000", 1.5
CONTEXT = VoteContext(
    volatility_feature="volatility", liquidity_feature="noise", regime_features=(), rank_features=(RANK,)
)


@pytest.fixture(scope="module")
def data() -> Dataset:
    own = dataset(days=120)
    place = np.where(own.instrument == 2, np.nan, np.sin(np.arange(own.decision_s.size) / 7.0))
    return replace(own, ranks=KnownRanks(name=RANK, place=place, known_s=own.decision_s - 60))


def rules(data: Dataset) -> CouncilRules:
    """Return a council that believes its network's vote and the rank, of which it knows a mean of 0.2."""
    columns = meta_columns((GLOBAL,), CONTEXT, data.horizons)
    mean = [0.2 if name == RANK else 0.0 for name in columns]

    def side(vote: str, weight: float) -> SideWeights:
        weights = {f"{GLOBAL} {vote}": 1.0, RANK: weight}
        return SideWeights(coefficients=tuple(weights.get(name, 0.0) for name in columns), intercept=-1.0)

    meta = MetaAggregator(
        columns=columns, mean=tuple(mean), std=(1.0,) * len(columns), learned_until_s=0,
        sides={"p_long": side("long", WEIGHT), "p_short": side("short", -WEIGHT)},
    )  # fmt: skip
    priors = tuple(Prior(horizon=name, long=-0.75, short=-0.75) for name in data.horizons)
    return CouncilRules(way=META, setups=(), priors=priors, context=CONTEXT, meta=meta)


def scorer(data: Dataset) -> Scorer:
    k = len(FEATURES)
    onnx = linear_onnx(side_heads([0.3, 0.0, 0.0]), lookback=data.lookback_bars)
    artifact = linear_artifact(
        onnx,
        features=FEATURES,
        scale=(np.zeros(k), np.ones(k)),
        lookback=data.lookback_bars,
        trust=whole_trust(),
    )
    return Scorer(replace(artifact, council=rules(data)))


def asked(data: Dataset, rows: np.ndarray) -> dict[str, object]:
    windows = np.stack([data.values[row - data.lookback_bars + 1 : row + 1] for row in rows])
    return {"windows": windows, "secids": [data.secids[n] for n in data.instrument[rows]], "horizon": "2d"}


def one_moment(data: Dataset) -> np.ndarray:
    """Return a row of each share at one decision."""
    rows = data.rows_of(TEST)
    moment = data.decision_s[rows[5]]
    return rows[data.decision_s[rows] == moment]


def test_it_serves_as_it_was_judged(data: Dataset):
    own, rows = scorer(data), one_moment(data)
    assert rows.size == 3 and data.ranks is not None
    places = {
        data.secids[data.instrument[row]]: float(data.ranks.place[row])
        for row in rows
        if np.isfinite(data.ranks.place[row])
    }
    said = own.ranked({RANK: places}).predict(**asked(data, rows))
    judged = artifact_raw(own.artifact, data, rows=rows)
    np.testing.assert_allclose([each.p_long for each in said], sigmoid(judged.p_long_logit[:, 1]), atol=1e-6)
    np.testing.assert_allclose(
        [each.p_short for each in said], sigmoid(judged.p_short_logit[:, 1]), atol=1e-6
    )


def test_a_higher_place_raises_a_long_and_an_unknown_one_is_the_middle(data: Dataset):
    own, rows = scorer(data), one_moment(data)
    secids = [data.secids[n] for n in data.instrument[rows]]

    def longs(ranks: dict[str, dict[str, float]]) -> np.ndarray:
        found = own.ranked(ranks).predict(**asked(data, rows))
        return np.log([each.p_long / (1.0 - each.p_long) for each in found])

    high, low = (longs({RANK: dict.fromkeys(secids, place)}) for place in (1.0, -1.0))
    np.testing.assert_allclose(high - low, 2.0 * WEIGHT, atol=1e-5)
    middle = longs({RANK: dict.fromkeys(secids, 0.2)})
    for ranks in ({}, {"daily_rank_5d@ffffffff": dict.fromkeys(secids, 1.0)}, {RANK: {"OTHER": 1.0}}):
        np.testing.assert_allclose(longs(ranks), middle, atol=1e-6)
    np.testing.assert_array_equal(
        longs({}), np.log([p.p_long / (1 - p.p_long) for p in own.predict(**asked(data, rows))])
    )
    # A dataset without ranks is judged so, too.
    judged = artifact_raw(own.artifact, replace(data, ranks=None), rows=rows)
    np.testing.assert_allclose(judged.p_long_logit[:, 1], middle, atol=1e-6)
