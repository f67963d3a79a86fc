"""Orders with levels of their own, from the artifact into the decision, its explanation and the answer."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from features.selectors.catalogue import feature_set_get
from modeling.contracts.heads import EXCURSION_HEADS
from modeling.contracts.order_levels import LevelPair, NetByEdge, OrderLevels
from modeling.contracts.thresholds import Thresholds
from modeling.errors import ArtifactBrokenError
from modeling.registry import artifact as store
from modeling.selectors.artifacts import artifact_load
from modeling.selectors.versions import champion_get
from signals.explain import explanation_text
from signals.models import Signal
from signals.services.analyze import Question, ticker_analyze
from signals.services.score import signals_score
from tests.modeling.linear_network import linear_onnx
from tests.signals import builders

NOW = builders.last_moment() + timedelta(days=400)
PAYS = NetByEdge(trades=300, knots=(0.0, 0.2), net_r=(0.2, 0.4), low_r=(0.1, 0.2), high_r=(0.3, 0.6))
OWN = OrderLevels(pair=LevelPair(take_profit=0.75, stop_loss=0.25), clip=(0.5, 2.0), long=PAYS, short=PAYS)
BEST = np.array([0.002, 0.005, 0.01, 0.02, 0.05, 0.08, 0.1])
WORST = -np.array([0.07, 0.05, 0.03, 0.013, 0.006, 0.002, 0.001])
pytestmark = pytest.mark.django_db


def said() -> dict[tuple[str, str], dict[str, Any]]:
    """Score anew; return the payloads by share and horizon."""
    builders.forget()
    signals_score(now=NOW)
    rows = Signal.objects.select_related("instrument")
    return {(row.instrument.secid, row.horizon): row.payload for row in rows}


def with_moves(champion: Any, own: OrderLevels | None) -> None:
    """Give the version a network that foretells excursions, and perhaps levels of its own."""
    k = len(feature_set_get(name=builders.FEATURE_SET).columns)
    heads = builders.network_heads(k, seed=len(champion.version))
    for head in EXCURSION_HEADS:
        heads[head] = (np.zeros((k, 7)), BEST if "mfe" in head else WORST)
    files = {store.ONNX: linear_onnx(heads, lookback=builders.LOOKBACK)}
    if own is not None:
        thresholds = Thresholds(mode="edge", order_levels=own)
        files[store.THRESHOLDS] = store.json_bytes(asdict(thresholds))
    builders.with_files(champion, files)


def test_the_order_has_its_own_levels_and_p_keeps_those_that_it_speaks_of(champion):
    before = said()
    traded = {key for key, own in before.items() if own["decision"]["action"] in ("BUY", "SELL")}
    assert len(traded) >= 2
    with_moves(champion, OWN)
    after = said()
    for key in traded:
        old, own = before[key]["decision"], after[key]["decision"]
        sign = 1.0 if own["action"] == "BUY" else -1.0
        close = after[key]["market"]["close_rub"]
        assert own["take_profit_rub"] == pytest.approx(close * (1 + sign * 0.05), abs=0.011)
        assert own["stop_loss_rub"] == pytest.approx(close * (1 - sign * 0.03), abs=0.011)
        assert (own["label_take_profit_rub"], own["label_stop_loss_rub"]) == (
            old["take_profit_rub"], old["stop_loss_rub"],
        )  # fmt: skip
        for name in ("action", "side", "p", "p_break_even", "edge", "confidence", "strength"):
            assert own[name] == old[name]
        assert own["expected_net_frac"] == pytest.approx(
            0.02 * np.interp(own["edge"], (0.0, 0.2), (0.2, 0.4))
        )
        assert own["expected_drawdown_frac"] == pytest.approx(0.013)
        english, russian = (
            explanation_text(after[key]["explanation"], language=language, decimals=2)
            for language in ("en", "ru")
        )
        assert f"target {own['take_profit_rub']:,.2f}, stop {own['stop_loss_rub']:,.2f}" in english
        words = f"of reaching {old['take_profit_rub']:,.2f} before {old['stop_loss_rub']:,.2f} RUB, the levels that"
        assert words in english and "not the target and the stop of the order" in english
        assert "а не до цели и стопа заявки" in russian
    secid, horizon = sorted(traded)[0]
    answer = ticker_analyze(question=Question(secid=secid, horizon=horizon), now=NOW)
    old = before[secid, horizon]["decision"]
    assert (answer.probability_take_profit, answer.probability_stop_loss) == (
        old["take_profit_rub"], old["stop_loss_rub"],
    )  # fmt: skip
    assert answer.expected_drawdown == pytest.approx(0.013) and answer.take_profit != old["take_profit_rub"]


def test_without_a_proof_or_an_expectation_all_is_said_as_before(champion):
    before = said()
    lost = replace(PAYS, net_r=(-0.4, -0.1))
    for own in (None, replace(OWN, long=None, short=None), replace(OWN, long=lost, short=lost)):
        with_moves(champion, own)
        after = said()
        for key, old in before.items():
            new = after[key]
            assert new["explanation"] == old["explanation"]
            drawdown = new["decision"].pop("expected_drawdown_frac")
            assert new["decision"] | {"expected_drawdown_frac": None} == old["decision"]
            assert drawdown is None or drawdown == pytest.approx(0.013)


def test_a_broken_file_is_refused(champion):
    content = {
        "mode": "edge",
        "order_levels": {"pair": {"take_profit": 0.6, "stop_loss": 0.25}, "clip": [0.5, 2]},
    }
    builders.with_files(champion, {store.THRESHOLDS: store.json_bytes(content)})
    version = champion_get()
    assert version is not None
    with pytest.raises(ArtifactBrokenError, match=r"thresholds\.json.*take_profit and stop_loss must be of"):
        artifact_load(version=version)


def test_signals_of_before_there_were_order_levels_are_still_answered(champion):
    before, rows = said(), list(Signal.objects.all())
    for row in rows:
        row.pk = None
        for name in ("label_take_profit_rub", "label_stop_loss_rub", "expected_drawdown_frac"):
            del row.payload["decision"][name]
        if row.payload["prediction"] is not None:
            del row.payload["prediction"]["excursions"]
    builders.forget()
    Signal.objects.bulk_create(rows)
    secid, horizon = next(key for key, own in before.items() if own["decision"]["action"] in ("BUY", "SELL"))
    question = Question(secid=secid, horizon=horizon, capital_rub=1e6)
    answer = ticker_analyze(question=question, now=NOW)
    assert answer.probability_take_profit is None and answer.expected_drawdown is None
    assert answer.position is None or answer.position["lots"] >= 0
