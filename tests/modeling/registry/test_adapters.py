"""Adapters as they serve: exact answers from stored bytes, silence for every other ticker, refusals that say why."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modeling.registry.adapters import (
    Adapter,
    Adapters,
    Correction,
    adapted,
    adapters_json,
    adapters_read,
    logits_of,
)
from traderai.common.errors import InvariantError

FIGURES = {"mean": [0.0] * 5, "std": [1.0] * 5, "intercept": 0.0}


def linear(**changes: object) -> Correction:
    told = {**FIGURES, "coefficients": [0.0, 0.0, 1.0, 0.0, 0.0], **changes}
    return Correction(family="logistic", text=json.dumps(told))


def adapters() -> Adapters:
    own = Adapter(
        secid="SBER",
        long=linear(),
        short=linear(coefficients=[0.0, 0.0, -1.0, 0.0, 0.5]),
        share=0.5,
        days=120,
    )
    return Adapters(
        features=("hint",),
        horizons=("1d", "2d"),
        by_secid={"SBER": own},
        learned_until_s=1000,
        judged_until_s=2000,
    )


def test_a_share_of_the_correction_is_added_to_the_logit():
    p_long, p_short = np.array([0.3, 0.3, 0.0]), np.array([0.2, 0.2, 1.0])
    local = np.array([[2.0], [2.0], [np.nan]], dtype=np.float32)
    long, short = adapted(
        adapters(), p_long, p_short, local=local, secids=["SBER", "GAZP", "SBER"], horizon="2d"
    )
    assert logits_of(long)[0] == pytest.approx(logits_of(p_long)[0] + 0.5 * 2.0)
    assert logits_of(short)[0] == pytest.approx(logits_of(p_short)[0] + 0.5 * (-2.0 + 0.5))
    assert (long[1], short[1]) == (0.3, 0.2)
    assert 0.0 < long[2] < 1e-5 and 1.0 - 1e-5 < short[2] < 1.0  # what is missing counts as the mean
    one_day = adapted(adapters(), p_long, p_short, local=local, secids=["SBER"] * 3, horizon="1d")[1]
    assert logits_of(one_day)[0] == pytest.approx(logits_of(p_short)[0] - 0.5 * 2.0)
    assert (p_long[0], p_short[0]) == (0.3, 0.2)  # what was given stays


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6), st.integers(1, 20))
def test_rows_do_not_see_each_other_and_others_keep_every_bit(seed: int, n: int):
    rng = np.random.default_rng(seed)
    p = rng.random((2, n))
    local = rng.normal(size=(n, 1)).astype(np.float32)
    secids = rng.choice(["SBER", "GAZP"], n).tolist()
    long, short = adapted(adapters(), p[0], p[1], local=local, secids=secids, horizon="1d")
    other = np.array(secids) == "GAZP"
    np.testing.assert_array_equal(long[other], p[0, other])
    np.testing.assert_array_equal(short[other], p[1, other])
    for row in range(n):
        own = slice(row, row + 1)
        alone = adapted(adapters(), p[0, own], p[1, own], local=local[own], secids=secids[own], horizon="1d")
        assert (alone[0][0], alone[1][0]) == (long[row], short[row])


def test_stored_adapters_are_the_same_and_others_have_other_bytes():
    content = adapters_json(adapters())
    assert adapters_read(content) == adapters()
    assert adapters_json(adapters_read(content)) == content
    assert adapters_json(replace(adapters(), learned_until_s=1001)) != content


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"horizon": "3d"}, "horizon must be one of 1d, 2d, was '3d'"),
        ({"local": np.zeros((1, 2), np.float32)}, r"local must be \(1, 1\)"),
        ({"secids": ["SBER", "GAZP"]}, "and 2"),
    ],
)
def test_other_rows_than_they_were_taught_are_refused(change: dict[str, object], said: str):
    given_ = {"local": np.zeros((1, 1), np.float32), "secids": ["SBER"], "horizon": "1d", **change}
    with pytest.raises(InvariantError, match=said):
        adapted(adapters(), np.array([0.5]), np.array([0.5]), **given_)  # type: ignore[arg-type]


@pytest.mark.parametrize("content", [b"", b"{}", b'{"features": []', b"[]"])
def test_what_is_no_adapters_is_refused(content: bytes):
    with pytest.raises(InvariantError, match="these are no adapters"):
        adapters_read(content)
    told = json.loads(adapters_json(adapters()))
    told["by_secid"]["SBER"]["long"]["family"] = "pickle"
    with pytest.raises(InvariantError, match="families must be of xgboost"):
        adapters_read(json.dumps(told).encode())


def test_who_serves_no_adapters_loads_no_library():
    code = "import sys, modeling.registry.adapters; print(sorted({'xgboost', 'lightgbm', 'sklearn', 'pandas', 'keras'} & set(sys.modules)))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
