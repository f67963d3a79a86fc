"""Cells that a version leaves out, from the artifact into the decision and its explanation."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any

import pytest

from market.kernels.sessions import MAIN
from market.models import CorporateAction, Instrument
from market.selectors.calendar import trading_day_after
from modeling.contracts.filters import FilterKind, Filters, LeftOut
from modeling.contracts.thresholds import RegimeTrades, Thresholds
from modeling.errors import ArtifactBrokenError
from modeling.registry import artifact as store
from modeling.selectors.artifacts import artifact_load
from modeling.selectors.versions import champion_get
from signals.explain import explanation_text
from signals.models import Signal
from signals.services.score import signals_score
from tests.signals import builders
from traderai.common.clock import MOSCOW

NOW = builders.last_moment() + timedelta(days=400)
HOUR = builders.last_moment().astimezone(MOSCOW).hour
pytestmark = pytest.mark.django_db


def said() -> dict[tuple[str, str], dict[str, Any]]:
    """Score anew; return the payloads by share and horizon."""
    builders.forget()
    signals_score(now=NOW)
    rows = Signal.objects.select_related("instrument")
    return {(row.instrument.secid, row.horizon): row.payload for row in rows}


def with_filters(champion: Any, kind: FilterKind, cell: str) -> None:
    lost = LeftOut(kind=kind, cell=cell, net_bp=-12.34, low_bp=-21.0, high_bp=-3.21, trades=432)
    filters = Filters(left_out=(lost,), liquidity_edges_rub=(1e3, 1e6))
    own = Thresholds(mode="edge", filters=filters)
    builders.with_files(champion, {store.THRESHOLDS: store.json_bytes(asdict(own))})


@pytest.mark.parametrize(
    ("kind", "cell"),
    [("hour", f"{HOUR:02d}:00"), ("session", "main"), ("regime", "flat"), ("liquidity", "high")],
)
def test_nothing_is_traded_in_a_cell_that_lost_and_the_figures_are_told(
    champion, kind: FilterKind, cell: str
):
    before = said()
    traded = {key for key, own in before.items() if own["decision"]["action"] in ("BUY", "SELL")}
    assert len(traded) >= 2
    with_filters(champion, kind, cell)
    after = said()
    for key in traded:
        own = after[key]
        assert (own["market"]["hour"], own["market"]["session"]) == (HOUR, MAIN)
        assert (own["decision"]["action"], own["decision"]["reasons"]) == ("NO_TRADE", [f"{kind}_lost"])
        assert own["prediction"] == before[key]["prediction"]
        assert own["decision"]["edge"] == before[key]["decision"]["edge"]
        assert own["left_out"][0]["cell"] == cell and own["warnings"] == [f"{kind}_lost"]
        russian, english = (
            explanation_text(own["explanation"], language=language, decimals=2) for language in ("ru", "en")
        )
        assert "сделки модели убыточны: −12,3 б. п. на сделку" in russian and "432" in russian
        assert "have lost: −12.3 bp a trade after costs [−21.0, −3.2]" in english
        assert "432 trades" in english
    # What was no trade before stays what it was, if for one reason more.
    for key in set(after) - traded:
        own, old = after[key]["decision"], before[key]["decision"]
        assert own | {"reasons": old["reasons"]} == old
        assert own["reasons"] in (old["reasons"], [*old["reasons"], f"{kind}_lost"])


def test_in_another_cell_all_is_said_as_before(champion):
    before = said()
    with_filters(champion, "hour", f"{(HOUR + 1) % 24:02d}:00")
    assert said() == before


def test_a_trade_tells_what_those_of_its_regime_have_made(champion):
    before = said()
    made = RegimeTrades(regime="flat", net_bp=-4.21, low_bp=-15.0, high_bp=6.3, trades=321)
    for regime in ("panic", "flat"):
        thresholds = Thresholds(mode="edge", regimes=(replace(made, regime=regime),))
        builders.with_files(champion, {store.THRESHOLDS: store.json_bytes(asdict(thresholds))})
        after = said()
        if regime == "panic":
            assert after == before
    told = 0
    for key, own in after.items():
        assert own["decision"] == before[key]["decision"]
        russian, english = (
            explanation_text(own["explanation"], language=language, decimals=2) for language in ("ru", "en")
        )
        traded = own["decision"]["action"] in ("BUY", "SELL")
        told += traded
        words = "made −4.2 bp each after costs [−15.0, 6.3] on the rows that its policy was chosen by, 321 trades: no edge"
        assert (words in english.replace("+6.3", "6.3")) == traded
        assert ("приносили −4,2 б. п. на сделку после издержек" in russian and "321" in russian) == traded
    assert 2 <= told < len(after)


def test_a_broken_cell_is_refused(champion):
    own = {"liquidity_edges_rub": [1.0, 2.0], "left_out": [
        {"kind": "hour", "cell": "25:00", "net_bp": -1.0, "low_bp": -2.0, "high_bp": -0.5, "trades": 100}
    ]}  # fmt: skip
    content = store.json_bytes({"mode": "edge", "filters": own})
    builders.with_files(champion, {store.THRESHOLDS: content})
    version = champion_get()
    assert version is not None
    with pytest.raises(ArtifactBrokenError, match=r"thresholds\.json.*a hour must be one of"):
        artifact_load(version=version)


def test_a_dividend_ahead_reaches_the_served_decision_and_its_words(champion):
    """On the eve of a cut-off nothing is traded; the figures stand, and the reason is told in both languages."""
    before = said()
    secid, horizon = next(key for key, own in before.items() if own["decision"]["action"] in ("BUY", "SELL"))
    assert before[secid, horizon]["market"]["days_to_ex_dividend"] is None
    assert before[secid, horizon]["market"]["spread_frac"] > 0
    CorporateAction.objects.create(
        instrument=Instrument.objects.get(secid=secid),
        kind="dividend",
        ex_date=trading_day_after(day=builders.last_moment().astimezone(MOSCOW).date(), n=1),
        amount_rub=1.0,
        known_at=builders.last_moment() - timedelta(days=3),
        source="test",
    )
    after = said()[secid, horizon]
    assert after["market"]["days_to_ex_dividend"] == 1
    assert (after["decision"]["action"], after["decision"]["reasons"]) == ("NO_TRADE", ["event_risk"])
    assert after["decision"]["edge"] == before[secid, horizon]["decision"]["edge"]
    texts = [
        explanation_text(after["explanation"], language=language, decimals=2) for language in ("ru", "en")
    ]
    assert "A corporate event, such as a dividend's cut-off, is too near to open a trade." in texts[1]
    assert texts[0] and texts[0] != texts[1]
